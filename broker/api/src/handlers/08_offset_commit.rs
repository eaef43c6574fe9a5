//! OffsetCommit (key 8), versions 2 to 9.
//!
//! - v2 to v4: a retention time of the request's own. v6: leader epochs. v7: static members (KIP-345).
//! - v9: GROUP_ID_NOT_FOUND and STALE_MEMBER_EPOCH for newer groups (KIP-848), of which there are none yet.
//!
//! Answered when the commit is durable. A partition that does not exist is UNKNOWN_TOPIC_OR_PARTITION, and the others are
//! committed.

use std::sync::Arc;

use corvid_coordinator::{CommitRequest, OffsetToCommit, Topic};
use corvid_metadata::PartitionIndex;
use corvid_wire::kafka::messages::OffsetCommitRequest;
use corvid_wire::kafka::messages::offset_commit_request::OffsetCommitRequestTopic;
use corvid_wire::kafka::messages::offset_commit_response::{
    OffsetCommitResponse, OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use corvid_wire::{Frame, decode};

use super::existing::{self, Codes};
use crate::broker::Broker;
use crate::convert;
use crate::errors;
use crate::reply::{HandlerResult, Head, Reply};

/// Answers an OffsetCommit.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: OffsetCommitRequest = decode(&frame)?;
    drop(frame);
    let (topics, unknown) = existing::divide(&broker.image(), request.topics.into_iter().map(wanted));
    if topics.is_empty() {
        // As Kafka: the group is not asked about nothing.
        return head.now(&response(existing::join(unknown, [])));
    }
    let asked: Vec<Topic<()>> = topics.iter().map(named).collect();
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
        let answered: Codes = match coordinator.commit_offsets(commit).await {
            Ok(topics) => topics.into_iter().map(|topic| topic.map(errors::group_code)).collect(),
            Err(error) => {
                let code = errors::of_group(error).code();
                asked.into_iter().map(|topic| topic.map(|()| code)).collect()
            }
        };
        head.encode(&response(existing::join(unknown, answered)))
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

fn named(topic: &Topic<OffsetToCommit>) -> Topic<()> {
    Topic {
        name: topic.name.clone(),
        id: topic.id,
        partitions: topic.partitions.iter().map(|(index, _)| (*index, ())).collect(),
    }
}

fn response(topics: Codes) -> OffsetCommitResponse {
    let topic = |topic: Topic<i16>| {
        let partitions = topic.partitions.iter().map(|(index, code)| {
            OffsetCommitResponsePartition::default()
                .with_partition_index(index.0)
                .with_error_code(*code)
        });
        OffsetCommitResponseTopic::default()
            .with_name(convert::topic_name(&topic.name))
            .with_partitions(partitions.collect())
    };
    OffsetCommitResponse::default().with_topics(topics.into_iter().map(topic).collect())
}
