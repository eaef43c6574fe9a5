//! DeleteRecords (key 21), versions 0 to 2: what clients see of a partition begins later from now on.
//!
//! Only the visible start moves at once; what lies below is removed by retention, as far as undelivered
//! outbox entries allow. A topic that is only compacted is refused, as in Kafka.

use std::sync::Arc;

use corvid_metadata::config::CleanupPolicy;
use corvid_record::Offset;
use corvid_storage::{ChangeError, Reason};
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::DeleteRecordsRequest;
use corvid_wire::kafka::messages::delete_records_request::DeleteRecordsPartition;
use corvid_wire::kafka::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use corvid_wire::{Frame, decode};

use crate::broker::{Broker, Named};
use crate::reply::{HandlerResult, Head};

/// "Up to the high watermark."
const TO_THE_END: i64 = -1;

/// Answers a DeleteRecords.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let request: DeleteRecordsRequest = decode(&frame)?;
    let image = broker.image();
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let named = Named::find(&image, &topic.name, corvid_metadata::TopicId::ZERO);
        let partitions = topic
            .partitions
            .iter()
            .map(|asked| answer(broker, &named, asked))
            .collect();
        topics.push(
            DeleteRecordsTopicResult::default()
                .with_name(topic.name)
                .with_partitions(partitions),
        );
    }
    Head::of(&frame).now(&DeleteRecordsResponse::default().with_topics(topics))
}

fn answer(broker: &Arc<Broker>, named: &Named, asked: &DeleteRecordsPartition) -> DeleteRecordsPartitionResult {
    let answer = DeleteRecordsPartitionResult::default().with_partition_index(asked.partition_index);
    match delete(broker, named, asked) {
        Ok(start) => answer.with_low_watermark(start.0),
        Err(error) => answer.with_low_watermark(-1).with_error_code(error.code()),
    }
}

fn delete(broker: &Arc<Broker>, named: &Named, asked: &DeleteRecordsPartition) -> Result<Offset, ResponseError> {
    let Named::Known(topic) = named else {
        return Err(ResponseError::UnknownTopicOrPartition);
    };
    if topic.is_internal() {
        return Err(ResponseError::InvalidTopicException);
    }
    let Some(partition) = broker.partition(topic.id, asked.partition_index) else {
        return Err(super::not_served(broker, topic, asked.partition_index));
    };
    // As in Kafka: who wants a record gone from there writes a tombstone.
    let image = broker.image();
    let settings = image
        .topic_by_id(topic.id)
        .map(|topic| broker.replicas.configs().topic(&image, topic));
    if settings.is_some_and(|settings| settings.cleanup_policy == CleanupPolicy::Compact) {
        return Err(ResponseError::PolicyViolation);
    }
    let end = partition.visible_end();
    let to = if asked.offset == TO_THE_END {
        end
    } else {
        Offset(asked.offset)
    };
    if to.0 < 0 || to > end {
        return Err(ResponseError::OffsetOutOfRange);
    }
    partition
        .log()
        .advance_start(to, Reason::DeleteRecords)
        .map_err(|error| code(&error))
}

fn code(error: &ChangeError) -> ResponseError {
    match error {
        ChangeError::OutOfRange { .. } => ResponseError::OffsetOutOfRange,
        ChangeError::Closed => ResponseError::NotLeaderOrFollower,
        ChangeError::Poisoned(_) | ChangeError::Failed(_) | ChangeError::Read(_) | ChangeError::Io(_) => {
            ResponseError::KafkaStorageError
        }
    }
}
