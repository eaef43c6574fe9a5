//! Committed offsets: OffsetCommit, OffsetFetch, OffsetDelete.

use bed::pipe::Pipe;
use corvid_wire::kafka::ResponseError as E;
use corvid_wire::kafka::messages::offset_commit_request::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use corvid_wire::kafka::messages::offset_commit_response::OffsetCommitResponse;
use corvid_wire::kafka::messages::offset_delete_request::{
    OffsetDeleteRequest, OffsetDeleteRequestPartition, OffsetDeleteRequestTopic,
};
use corvid_wire::kafka::messages::offset_fetch_request::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use corvid_wire::kafka::messages::{GroupId, OffsetCommitRequest as Commit};

use super::world::{BEYOND, NOBODY, NOWHERE, ORDERS, READERS, call, code, name, text};

fn group(id: &str) -> GroupId {
    GroupId(text(id))
}

fn commit_request(id: &str, version: i16) -> Commit {
    let partition = |index: &i32| {
        let partition = OffsetCommitRequestPartition::default()
            .with_partition_index(*index)
            .with_committed_offset(2)
            .with_committed_metadata(Some(text("so far")));
        match version {
            6.. => partition.with_committed_leader_epoch(0),
            _older => partition,
        }
    };
    let topic = |topic: &str, partitions: &[i32]| {
        OffsetCommitRequestTopic::default()
            .with_name(name(topic))
            .with_partitions(partitions.iter().map(partition).collect())
    };
    OffsetCommitRequest::default()
        .with_group_id(group(id))
        .with_generation_id_or_member_epoch(-1)
        .with_topics(vec![topic(ORDERS, &[0, BEYOND]), topic(NOWHERE, &[0])])
}

fn codes(answer: &OffsetCommitResponse) -> Vec<i16> {
    let all = answer.topics.iter().flat_map(|topic| &topic.partitions);
    all.map(|partition| partition.error_code).collect()
}

/// As one who stores offsets without being a member.
pub async fn commit_as(pipe: &mut Pipe, id: &str, version: i16) -> Vec<i16> {
    codes(&call(pipe, version, &commit_request(id, version)).await)
}

pub async fn commit(pipe: &mut Pipe, version: i16) {
    let unknown = code(E::UnknownTopicOrPartition);
    let alone = format!("alone-{version}");
    assert_eq!(commit_as(pipe, &alone, version).await, [unknown, 0, unknown]);
    let stranger = commit_request(READERS, version)
        .with_generation_id_or_member_epoch(7)
        .with_member_id(text("stranger"));
    let stranger = if version >= 7 {
        stranger.with_group_instance_id(Some(text("fixed")))
    } else {
        stranger
    };
    let refused = call(pipe, version, &stranger).await;
    let error = code(if version >= 7 {
        E::FencedInstanceId
    } else {
        E::UnknownMemberId
    });
    assert_eq!(codes(&refused), [unknown, error, unknown]);
}

pub async fn fetch(pipe: &mut Pipe, version: i16) {
    if version >= 8 {
        return fetch_of_many(pipe, version).await;
    }
    let topic = |topic: &str, partitions: &[i32]| {
        OffsetFetchRequestTopic::default()
            .with_name(name(topic))
            .with_partition_indexes(partitions.to_vec())
    };
    let some = vec![topic(ORDERS, &[0, BEYOND]), topic(NOWHERE, &[0])];
    let request = OffsetFetchRequest::default().with_group_id(group(READERS));
    let request = if version >= 7 {
        request.with_require_stable(true)
    } else {
        request
    };
    let answer = call(pipe, version, &request.clone().with_topics(Some(some.clone()))).await;
    let all = answer.topics.iter().flat_map(|topic| &topic.partitions);
    let offsets: Vec<_> = all.map(|partition| partition.committed_offset).collect();
    assert_eq!(offsets, [2, -1, -1]);
    assert_eq!(answer.topics[0].partitions[0].metadata.as_deref(), Some("so far"));
    if version >= 2 {
        let answer = call(pipe, version, &request.with_topics(None)).await;
        assert_eq!(answer.topics.len(), 1);
    }
    let nobody = OffsetFetchRequest::default()
        .with_group_id(group(NOBODY))
        .with_topics(Some(some));
    let answer = call(pipe, version, &nobody).await;
    assert_eq!((answer.error_code, answer.topics.len()), (0, 2));
}

async fn fetch_of_many(pipe: &mut Pipe, version: i16) {
    let topic = |topic: &str, partitions: &[i32]| {
        OffsetFetchRequestTopics::default()
            .with_name(name(topic))
            .with_partition_indexes(partitions.to_vec())
    };
    let asked = |id: &str, topics| {
        OffsetFetchRequestGroup::default()
            .with_group_id(group(id))
            .with_topics(topics)
    };
    let some = vec![topic(ORDERS, &[0, BEYOND]), topic(NOWHERE, &[0])];
    let groups = vec![
        asked(READERS, Some(some.clone())),
        asked(READERS, None),
        asked(NOBODY, Some(some)),
    ];
    let request = OffsetFetchRequest::default()
        .with_groups(groups)
        .with_require_stable(true);
    let answer = call(pipe, version, &request).await;
    let counts: Vec<_> = answer.groups.iter().map(|group| group.topics.len()).collect();
    assert_eq!(counts, [2, 1, 2]);
    assert_eq!(
        answer.groups[0].topics[0].partitions[0].metadata.as_deref(),
        Some("so far")
    );
}

pub async fn delete(pipe: &mut Pipe, version: i16) {
    commit_as(pipe, "forgetful", 9).await;
    let partition = |index: &i32| OffsetDeleteRequestPartition::default().with_partition_index(*index);
    let topic = |topic: &str, partitions: &[i32]| {
        OffsetDeleteRequestTopic::default()
            .with_name(name(topic))
            .with_partitions(partitions.iter().map(partition).collect())
    };
    let request = |id: &str| {
        OffsetDeleteRequest::default()
            .with_group_id(group(id))
            .with_topics(vec![topic(ORDERS, &[0, BEYOND]), topic(NOWHERE, &[0])])
    };
    let answer = call(pipe, version, &request("forgetful")).await;
    let all = answer.topics.iter().flat_map(|topic| &topic.partitions);
    let codes: Vec<_> = all.map(|partition| partition.error_code).collect();
    let unknown = code(E::UnknownTopicOrPartition);
    assert_eq!(codes, [unknown, 0, unknown]);
    let answer = call(pipe, version, &request(NOBODY)).await;
    assert_eq!(answer.error_code, code(E::GroupIdNotFound));
}
