//! Requests of one connection are taken one after the other without waiting, and answered in their order.

use corvid_wire::client::topic_name;
use corvid_wire::kafka::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use corvid_wire::kafka::messages::offset_fetch_request::OffsetFetchRequestTopic;
use corvid_wire::kafka::messages::{FindCoordinatorRequest, GroupId, OffsetCommitRequest, OffsetFetchRequest};
use path_tests::batch::{record, sequenced};
use path_tests::scene::{NEWEST_WITH_NAMES, Scene, produce_request};

use crate::by_number;

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_wait_for_their_links_do_not_hold_up_the_next() {
    const BATCHES: i32 = 100;
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    let producer = scene.producer().await;
    let mut pipe = scene.pipe().await;
    let mut sent = Vec::new();
    for number in 0..BATCHES {
        let batch = sequenced(producer, 2 * number, &[record("0", "stays"), record("1", "moves")]);
        sent.push(
            pipe.send(NEWEST_WITH_NAMES, &produce_request("orders", 0, -1, batch))
                .await
                .unwrap(),
        );
    }
    let mut offsets = Vec::new();
    for id in sent {
        let (answered, response) = pipe
            .receive::<corvid_wire::kafka::messages::ProduceRequest>(NEWEST_WITH_NAMES)
            .await
            .unwrap();
        let answer = &response.responses[0].partition_responses[0];
        assert_eq!((answered, answer.error_code), (id, 0), "{:?}", answer.error_message);
        offsets.push(("0".to_owned(), answer.base_offset));
    }
    assert_eq!(scene.keys("orders", 0).await, offsets);
    assert_eq!(scene.read("orders", 1).await.len(), BATCHES as usize);
}

/// The bug: an OffsetFetch is answered with what was committed before the OffsetCommit in front of it on its connection: a consumer that
/// commits and asks begins again at the old place.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_is_seen_by_who_asks_behind_it() {
    const VERSION: i16 = 7;
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[]).await;
    let mut pipe = scene.pipe().await;
    let find = FindCoordinatorRequest::default().with_key("readers".into());
    pipe.call(2, &find).await.unwrap();
    for offset in 0..100 {
        let partition = OffsetCommitRequestPartition::default().with_committed_offset(offset);
        let topic = OffsetCommitRequestTopic::default()
            .with_name(topic_name("orders"))
            .with_partitions(vec![partition]);
        let commit = OffsetCommitRequest::default()
            .with_group_id(GroupId("readers".into()))
            .with_generation_id_or_member_epoch(-1)
            .with_topics(vec![topic]);
        let asked = OffsetFetchRequestTopic::default()
            .with_name(topic_name("orders"))
            .with_partition_indexes(vec![0]);
        let fetch = OffsetFetchRequest::default()
            .with_group_id(GroupId("readers".into()))
            .with_topics(Some(vec![asked]));
        pipe.send(VERSION, &commit).await.unwrap();
        pipe.send(VERSION, &fetch).await.unwrap();
        let (_, committed) = pipe.receive::<OffsetCommitRequest>(VERSION).await.unwrap();
        assert_eq!(committed.topics[0].partitions[0].error_code, 0);
        let (_, fetched) = pipe.receive::<OffsetFetchRequest>(VERSION).await.unwrap();
        assert_eq!(fetched.topics[0].partitions[0].committed_offset, offset);
    }
}
