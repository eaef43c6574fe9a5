//! OffsetForLeaderEpoch (key 23), versions 2 to 4: where a leader epoch ends (KIP-320).
//!
//! It speaks of true ends, hidden batches included: it is about lineage, not about what can be read.

use std::sync::Arc;

use corvid_record::LeaderEpoch;
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::OffsetForLeaderEpochRequest;
use corvid_wire::kafka::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use corvid_wire::kafka::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};
use corvid_wire::{Frame, decode, encode};

use crate::broker::{Broker, Named};
use crate::reply::{HandlerResult, Reply};

/// Answers an OffsetForLeaderEpoch.
pub fn handle(broker: &Arc<Broker>, frame: &Frame) -> HandlerResult {
    let request: OffsetForLeaderEpochRequest = decode(frame)?;
    let image = broker.image();
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let named = Named::find(&image, &topic.topic, corvid_metadata::TopicId::ZERO);
        let partitions = topic
            .partitions
            .iter()
            .map(|asked| answer(broker, &named, asked))
            .collect();
        topics.push(
            OffsetForLeaderTopicResult::default()
                .with_topic(topic.topic)
                .with_partitions(partitions),
        );
    }
    let response = OffsetForLeaderEpochResponse::default().with_topics(topics);
    Ok(Reply::Now(encode(
        &response,
        frame.api_version,
        frame.api_key,
        frame.correlation_id,
    )?))
}

fn answer(broker: &Arc<Broker>, named: &Named, asked: &OffsetForLeaderPartition) -> EpochEndOffset {
    let answer = EpochEndOffset::default().with_partition(asked.partition);
    match end_of(broker, named, asked) {
        Ok((epoch, end)) => answer.with_leader_epoch(epoch).with_end_offset(end),
        Err(error) => answer
            .with_error_code(error.code())
            .with_leader_epoch(-1)
            .with_end_offset(-1),
    }
}

fn end_of(broker: &Arc<Broker>, named: &Named, asked: &OffsetForLeaderPartition) -> Result<(i32, i64), ResponseError> {
    let Named::Known(topic) = named else {
        return Err(ResponseError::UnknownTopicOrPartition);
    };
    let Some(partition) = broker.partition(topic.id, asked.partition) else {
        return Err(super::not_served(broker, topic, asked.partition));
    };
    super::check_epoch(&partition, asked.current_leader_epoch)?;
    let limit = partition.high_watermark();
    let (epoch, end) = partition.log().epoch_end(LeaderEpoch(asked.leader_epoch), limit);
    Ok((epoch.0, end.0))
}
