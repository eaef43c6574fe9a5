//! OffsetDelete (key 47), version 0: committed offsets of topics that the group does not consume (KIP-496).
//!
//! A partition that does not exist is UNKNOWN_TOPIC_OR_PARTITION, and the others are deleted; an error of the whole group
//! stands alone.

use std::sync::Arc;

use corvid_coordinator::{DeleteOffsetsRequest, Topic};
use corvid_metadata::PartitionIndex;
use corvid_wire::kafka::messages::OffsetDeleteRequest;
use corvid_wire::kafka::messages::offset_delete_request::OffsetDeleteRequestTopic;
use corvid_wire::kafka::messages::offset_delete_response::{
    OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use corvid_wire::{Frame, decode};

use super::existing;
use crate::broker::Broker;
use crate::convert;
use crate::errors;
use crate::reply::{HandlerResult, Head, Reply};

/// Answers an OffsetDelete, when the deletions are durable.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: OffsetDeleteRequest = decode(&frame)?;
    drop(frame);
    let (topics, unknown) = existing::divide(&broker.image(), request.topics.into_iter().map(wanted));
    let delete = DeleteOffsetsRequest {
        group_id: request.group_id.to_string(),
        topics,
    };
    let coordinator = broker.coordinator.clone();
    Ok(Reply::later(async move {
        let response = match coordinator.delete_offsets(delete).await {
            Ok(topics) => {
                let answered = topics.into_iter().map(|topic| topic.map(errors::group_code));
                let topics = existing::join(unknown, answered);
                OffsetDeleteResponse::default().with_topics(topics.into_iter().map(deleted).collect())
            }
            Err(error) => OffsetDeleteResponse::default().with_error_code(errors::of_group(error).code()),
        };
        head.encode(&response)
    }))
}

fn wanted(topic: OffsetDeleteRequestTopic) -> Topic<()> {
    let partitions = topic.partitions.iter();
    Topic {
        name: topic.name.to_string(),
        id: None,
        partitions: partitions
            .map(|partition| (PartitionIndex(partition.partition_index), ()))
            .collect(),
    }
}

fn deleted(topic: Topic<i16>) -> OffsetDeleteResponseTopic {
    let partitions = topic.partitions.into_iter().map(|(index, code)| {
        OffsetDeleteResponsePartition::default()
            .with_partition_index(index.0)
            .with_error_code(code)
    });
    OffsetDeleteResponseTopic::default()
        .with_name(convert::topic_name(&topic.name))
        .with_partitions(partitions.collect())
}
