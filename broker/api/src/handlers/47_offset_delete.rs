//! OffsetDelete (key 47), version 0: committed offsets of topics that the group does not consume (KIP-496).

use std::sync::Arc;

use corvid_coordinator::{DeleteOffsetsRequest, GroupError, Topic};
use corvid_metadata::PartitionIndex;
use corvid_wire::kafka::messages::OffsetDeleteRequest;
use corvid_wire::kafka::messages::offset_delete_response::{
    OffsetDeleteResponse, OffsetDeleteResponsePartition, OffsetDeleteResponseTopic,
};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::convert;
use crate::errors;
use crate::reply::{HandlerResult, Head, Reply};

/// Answers an OffsetDelete, when the deletions are durable.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: OffsetDeleteRequest = decode(&frame)?;
    let topics = request.topics.iter().map(|topic| Topic {
        name: topic.name.to_string(),
        id: None,
        partitions: topic
            .partitions
            .iter()
            .map(|partition| (PartitionIndex(partition.partition_index), ()))
            .collect(),
    });
    let delete = DeleteOffsetsRequest {
        group_id: request.group_id.to_string(),
        topics: topics.collect(),
    };
    let coordinator = broker.coordinator.clone();
    Ok(Reply::later(async move {
        let response = match coordinator.delete_offsets(delete).await {
            Ok(topics) => OffsetDeleteResponse::default().with_topics(topics.into_iter().map(deleted).collect()),
            Err(error) => OffsetDeleteResponse::default().with_error_code(errors::of_group(error).code()),
        };
        head.encode(&response)
    }))
}

fn deleted(topic: Topic<Result<(), GroupError>>) -> OffsetDeleteResponseTopic {
    let partitions = topic.partitions.into_iter().map(|(index, result)| {
        OffsetDeleteResponsePartition::default()
            .with_partition_index(index.0)
            .with_error_code(errors::group_code(result))
    });
    OffsetDeleteResponseTopic::default()
        .with_name(convert::topic_name(&topic.name))
        .with_partitions(partitions.collect())
}
