//! Committed offsets of partitions that are not there.

use bed::pipe::Pipe;
use corvid_wire::client::topic_name;
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use corvid_wire::kafka::messages::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use corvid_wire::kafka::messages::offset_fetch_request::OffsetFetchRequestTopic;
use corvid_wire::kafka::messages::{
    FindCoordinatorRequest, GroupId, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
};
use corvid_wire::kafka::protocol::StrBytes;
use path_tests::scene::Scene;

/// UNKNOWN_TOPIC_OR_PARTITION.
const UNKNOWN: i16 = 3;

/// A topic's name, and for each of some partitions a number.
type Answered<T> = Vec<(String, Vec<(i32, T)>)>;

fn group() -> GroupId {
    GroupId(StrBytes::from_static_str("readers"))
}

/// Finding its coordinator makes the log of groups.
async fn find_group(pipe: &mut Pipe) {
    let find = FindCoordinatorRequest::default().with_coordinator_keys(vec![group().0]);
    let found = pipe.call(4, &find).await.unwrap();
    assert_eq!(found.coordinators[0].error_code, 0);
}

async fn commit(pipe: &mut Pipe, version: i16, named: &[(&str, &[i32])]) -> Answered<i16> {
    let partition = |index: &i32| {
        OffsetCommitRequestPartition::default()
            .with_partition_index(*index)
            .with_committed_offset(7)
            .with_committed_metadata(Some(StrBytes::from_static_str("so far")))
    };
    let topic = |(name, partitions): &(&str, &[i32])| {
        OffsetCommitRequestTopic::default()
            .with_name(topic_name(name))
            .with_partitions(partitions.iter().map(partition).collect())
    };
    let request = OffsetCommitRequest::default()
        .with_group_id(group())
        .with_generation_id_or_member_epoch(-1)
        .with_topics(named.iter().map(topic).collect());
    let answer = pipe.call(version, &request).await.unwrap();
    let partitions = |topic: &corvid_wire::kafka::messages::offset_commit_response::OffsetCommitResponseTopic| {
        let all = topic.partitions.iter();
        all.map(|partition| (partition.partition_index, partition.error_code))
            .collect()
    };
    let topics = answer.topics.iter();
    topics
        .map(|topic| (topic.name.to_string(), partitions(topic)))
        .collect()
}

async fn committed(pipe: &mut Pipe, named: &[(&str, &[i32])]) -> Answered<i64> {
    let topic = |(name, partitions): &(&str, &[i32])| {
        OffsetFetchRequestTopic::default()
            .with_name(topic_name(name))
            .with_partition_indexes(partitions.to_vec())
    };
    let request = OffsetFetchRequest::default()
        .with_group_id(group())
        .with_topics(Some(named.iter().map(topic).collect()));
    let answer = pipe.call(7, &request).await.unwrap();
    assert_eq!(answer.error_code, 0);
    let partitions = |topic: &corvid_wire::kafka::messages::offset_fetch_response::OffsetFetchResponseTopic| {
        let all = topic.partitions.iter();
        all.map(|partition| (partition.partition_index, partition.committed_offset))
            .collect()
    };
    let topics = answer.topics.iter();
    topics
        .map(|topic| (topic.name.to_string(), partitions(topic)))
        .collect()
}

async fn delete(pipe: &mut Pipe, group: GroupId, named: &[(&str, &[i32])]) -> (i16, Answered<i16>) {
    let partition = |index: &i32| OffsetDeleteRequestPartition::default().with_partition_index(*index);
    let topic = |(name, partitions): &(&str, &[i32])| {
        OffsetDeleteRequestTopic::default()
            .with_name(topic_name(name))
            .with_partitions(partitions.iter().map(partition).collect())
    };
    let request = OffsetDeleteRequest::default()
        .with_group_id(group)
        .with_topics(named.iter().map(topic).collect());
    let answer = pipe.call(0, &request).await.unwrap();
    let partitions = |topic: &corvid_wire::kafka::messages::offset_delete_response::OffsetDeleteResponseTopic| {
        let all = topic.partitions.iter();
        all.map(|partition| (partition.partition_index, partition.error_code))
            .collect()
    };
    let topics = answer.topics.iter();
    let topics = topics.map(|topic| (topic.name.to_string(), partitions(topic)));
    (answer.error_code, topics.collect())
}

fn answered<T: Copy>(all: &[(&str, &[(i32, T)])]) -> Answered<T> {
    all.iter()
        .map(|(name, partitions)| ((*name).to_owned(), partitions.to_vec()))
        .collect()
}

/// The bug: an offset of a partition beyond the topic's was taken, kept for ever, and shown by tools as lag of nothing.
#[tokio::test(flavor = "multi_thread")]
async fn are_refused_beside_those_that_are_committed() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[]).await;
    let mut pipe = scene.pipe().await;
    find_group(&mut pipe).await;
    for version in [2, 9] {
        let all = commit(&mut pipe, version, &[("orders", &[0, 2, -1]), ("nowhere", &[0])]).await;
        let wanted = answered(&[
            ("orders", &[(2, UNKNOWN), (-1, UNKNOWN), (0, 0)]),
            ("nowhere", &[(0, UNKNOWN)]),
        ]);
        assert_eq!(all, wanted, "version {version}");
    }
    let kept = committed(&mut pipe, &[("orders", &[0, 2]), ("nowhere", &[0])]).await;
    assert_eq!(
        kept,
        answered(&[("orders", &[(0, 7), (2, -1)]), ("nowhere", &[(0, -1)])])
    );
    // Of a group that is asked for nothing, nothing is told.
    let none = commit(&mut pipe, 9, &[("nowhere", &[0, 1])]).await;
    assert_eq!(none, answered(&[("nowhere", &[(0, UNKNOWN), (1, UNKNOWN)])]));
}

#[tokio::test(flavor = "multi_thread")]
async fn cannot_be_deleted_beside_those_that_are() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[]).await;
    let mut pipe = scene.pipe().await;
    find_group(&mut pipe).await;
    commit(&mut pipe, 9, &[("orders", &[0, 1])]).await;
    let named: &[(&str, &[i32])] = &[("orders", &[0, 5]), ("nowhere", &[0])];
    let deleted = delete(&mut pipe, group(), named).await;
    let wanted = answered(&[("orders", &[(5, UNKNOWN), (0, 0)]), ("nowhere", &[(0, UNKNOWN)])]);
    assert_eq!(deleted, (0, wanted));
    let left = committed(&mut pipe, &[("orders", &[0, 1])]).await;
    assert_eq!(left, answered(&[("orders", &[(0, -1), (1, 7)])]));
    // An error of the whole stands alone.
    let other = GroupId(StrBytes::from_static_str("strangers"));
    let refused = delete(&mut pipe, other, named).await;
    assert_eq!(refused, (ResponseError::GroupIdNotFound.code(), vec![]));
}
