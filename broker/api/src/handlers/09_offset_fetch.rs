//! OffsetFetch (key 9), versions 1 to 9.
//!
//! - v2: all topics (null), and an error of the whole. v5: leader epochs. v7: require stable; there are no
//!   transactions whose offsets could be pending. v8: many groups in one request.

use std::sync::Arc;

use corvid_coordinator::{CommittedOffset, FetchOffsetsRequest, GroupError, Topic};
use corvid_metadata::PartitionIndex;
use corvid_wire::kafka::messages::OffsetFetchRequest;
use corvid_wire::kafka::messages::offset_fetch_request::OffsetFetchRequestGroup;
use corvid_wire::kafka::messages::offset_fetch_response::{
    OffsetFetchResponse, OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponsePartitions,
    OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::convert::{self, text};
use crate::errors;
use crate::reply::{HandlerResult, Head, Reply};

/// The first version that asks for many groups.
const FIRST_WITH_GROUPS: i16 = 8;

/// Answers an OffsetFetch, when all before it on its connection is answered: it sees what they have committed.
pub fn handle(broker: &Arc<Broker>, frame: &Frame) -> HandlerResult {
    let head = Head::of(frame);
    let request: OffsetFetchRequest = decode(frame)?;
    let broker = broker.clone();
    Ok(Reply::later(async move {
        let response = if head.version < FIRST_WITH_GROUPS {
            one_group(&broker, request).await
        } else {
            let mut groups = Vec::with_capacity(request.groups.len());
            for group in request.groups {
                groups.push(group_answer(&broker, group, request.require_stable).await);
            }
            OffsetFetchResponse::default().with_groups(groups)
        };
        head.encode(&response)
    }))
}

async fn one_group(broker: &Arc<Broker>, request: OffsetFetchRequest) -> OffsetFetchResponse {
    let topics = request.topics.map(|topics| {
        topics
            .iter()
            .map(|topic| named(&topic.name, &topic.partition_indexes))
            .collect::<Vec<_>>()
    });
    let asked = topics.clone().unwrap_or_default();
    let fetched = fetch(broker, request.group_id.to_string(), topics, request.require_stable).await;
    match fetched {
        Ok(topics) => {
            OffsetFetchResponse::default().with_topics(topics.iter().map(|topic| old_topic(topic, 0)).collect())
        }
        Err(error) => {
            // Version 1 has no error of the whole: every partition carries it.
            let code = errors::of_group(error).code();
            let none = |topic: &Topic<()>| old_topic(&nothing(topic), code);
            OffsetFetchResponse::default()
                .with_error_code(code)
                .with_topics(asked.iter().map(none).collect())
        }
    }
}

async fn group_answer(broker: &Arc<Broker>, group: OffsetFetchRequestGroup, stable: bool) -> OffsetFetchResponseGroup {
    let topics = group.topics.map(|topics| {
        topics
            .iter()
            .map(|topic| named(&topic.name, &topic.partition_indexes))
            .collect()
    });
    let answer = OffsetFetchResponseGroup::default().with_group_id(group.group_id.clone());
    match fetch(broker, group.group_id.to_string(), topics, stable).await {
        Ok(topics) => answer.with_topics(topics.iter().map(new_topic).collect()),
        Err(error) => answer.with_error_code(errors::of_group(error).code()),
    }
}

async fn fetch(
    broker: &Arc<Broker>,
    group_id: String,
    topics: Option<Vec<Topic<()>>>,
    require_stable: bool,
) -> Result<Vec<Topic<CommittedOffset>>, GroupError> {
    let request = FetchOffsetsRequest {
        group_id,
        member_id: None,
        member_epoch: -1,
        topics,
        require_stable,
    };
    broker.coordinator.fetch_offsets(request).await
}

fn named(name: &str, partitions: &[i32]) -> Topic<()> {
    Topic {
        name: name.to_owned(),
        id: None,
        partitions: partitions.iter().map(|index| (PartitionIndex(*index), ())).collect(),
    }
}

fn nothing(topic: &Topic<()>) -> Topic<CommittedOffset> {
    Topic {
        name: topic.name.clone(),
        id: None,
        partitions: topic
            .partitions
            .iter()
            .map(|(index, ())| (*index, CommittedOffset::NONE))
            .collect(),
    }
}

fn old_topic(topic: &Topic<CommittedOffset>, code: i16) -> OffsetFetchResponseTopic {
    let partition = |(index, committed): &(PartitionIndex, CommittedOffset)| {
        OffsetFetchResponsePartition::default()
            .with_partition_index(index.0)
            .with_committed_offset(committed.offset)
            .with_committed_leader_epoch(committed.leader_epoch)
            .with_metadata(Some(text(&committed.metadata)))
            .with_error_code(code)
    };
    OffsetFetchResponseTopic::default()
        .with_name(convert::topic_name(&topic.name))
        .with_partitions(topic.partitions.iter().map(partition).collect())
}

fn new_topic(topic: &Topic<CommittedOffset>) -> OffsetFetchResponseTopics {
    let partition = |(index, committed): &(PartitionIndex, CommittedOffset)| {
        OffsetFetchResponsePartitions::default()
            .with_partition_index(index.0)
            .with_committed_offset(committed.offset)
            .with_committed_leader_epoch(committed.leader_epoch)
            .with_metadata(Some(text(&committed.metadata)))
    };
    OffsetFetchResponseTopics::default()
        .with_name(convert::topic_name(&topic.name))
        .with_partitions(topic.partitions.iter().map(partition).collect())
}
