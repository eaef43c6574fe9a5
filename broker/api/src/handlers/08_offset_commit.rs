//! OffsetCommit (key 8), versions 2 to 9.
//!
//! - v2 to v4: a retention time of the request's own. v6: leader epochs. v7: static members (KIP-345).
//! - v9: GROUP_ID_NOT_FOUND and STALE_MEMBER_EPOCH for newer groups (KIP-848), of which there are none yet.
//!
//! Answered when the commit is durable.

use std::sync::Arc;

use corvid_coordinator::{CommitRequest, OffsetToCommit, Topic};
use corvid_metadata::PartitionIndex;
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::OffsetCommitRequest;
use corvid_wire::kafka::messages::offset_commit_request::OffsetCommitRequestTopic;
use corvid_wire::kafka::messages::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::convert;
use crate::errors;
use crate::reply::{HandlerResult, Head, Reply};

/// Answers an OffsetCommit.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: OffsetCommitRequest = decode(&frame)?;
    drop(frame);
    let image = broker.image();
    let (known, unknown): (Vec<_>, Vec<_>) = request
        .topics
        .into_iter()
        .partition(|topic| image.topic(&topic.name).is_some());
    let topics: Vec<_> = known.into_iter().map(wanted).collect();
    let asked: Vec<(String, Vec<PartitionIndex>)> = topics
        .iter()
        .map(|topic| {
            (
                topic.name.clone(),
                topic.partitions.iter().map(|(index, _)| *index).collect(),
            )
        })
        .collect();
    let commit = CommitRequest {
        group_id: request.group_id.to_string(),
        generation: request.generation_id_or_member_epoch,
        member_id: request.member_id.to_string(),
        group_instance_id: request.group_instance_id.map(|id| id.to_string()),
        knows_missing_groups: head.version >= 9,
        retention_ms: (request.retention_time_ms >= 0).then_some(request.retention_time_ms),
        topics,
    };
    let coordinator = broker.coordinator.clone();
    Ok(Reply::later(async move {
        let mut answers: Vec<_> = match coordinator.commit_offsets(commit).await {
            Ok(topics) => topics.into_iter().map(committed).collect(),
            Err(error) => asked
                .into_iter()
                .map(|(name, all)| failed(&name, &all, errors::of_group(error)))
                .collect(),
        };
        answers.extend(unknown.iter().map(unknown_topic));
        head.encode(&OffsetCommitResponse::default().with_topics(answers))
    }))
}

fn wanted(topic: OffsetCommitRequestTopic) -> Topic<OffsetToCommit> {
    let partitions = topic.partitions.into_iter().map(|partition| {
        let commit = OffsetToCommit {
            offset: partition.committed_offset,
            leader_epoch: partition.committed_leader_epoch,
            metadata: partition.committed_metadata.map(|metadata| metadata.to_string()),
        };
        (PartitionIndex(partition.partition_index), commit)
    });
    Topic {
        name: topic.name.to_string(),
        id: None,
        partitions: partitions.collect(),
    }
}

fn committed(topic: Topic<Result<(), corvid_coordinator::GroupError>>) -> OffsetCommitResponseTopic {
    let partitions = topic
        .partitions
        .into_iter()
        .map(|(index, result)| answer(index.0, errors::group_code(result)));
    OffsetCommitResponseTopic::default()
        .with_name(convert::topic_name(&topic.name))
        .with_partitions(partitions.collect())
}

fn failed(name: &str, partitions: &[PartitionIndex], error: ResponseError) -> OffsetCommitResponseTopic {
    OffsetCommitResponseTopic::default()
        .with_name(convert::topic_name(name))
        .with_partitions(partitions.iter().map(|index| answer(index.0, error.code())).collect())
}

fn unknown_topic(topic: &OffsetCommitRequestTopic) -> OffsetCommitResponseTopic {
    let partitions: Vec<_> = topic
        .partitions
        .iter()
        .map(|partition| PartitionIndex(partition.partition_index))
        .collect();
    failed(&topic.name, &partitions, ResponseError::UnknownTopicOrPartition)
}

fn answer(index: i32, code: i16) -> OffsetCommitResponsePartition {
    OffsetCommitResponsePartition::default()
        .with_partition_index(index)
        .with_error_code(code)
}
