//! How much a fetch is answered with, and when it is enough.

use std::time::Duration;

use bed::pipe::Pipe;
use bytes::Bytes;
use corvid_env::clock;
use corvid_wire::client::topic_name;
use corvid_wire::kafka::messages::fetch_request::FetchTopic;
use corvid_wire::kafka::messages::{FetchRequest, FetchResponse};
use path_tests::batch::{plain, record};
use path_tests::reader::fetch_partition;
use path_tests::scene::{NEWEST_WITH_NAMES, Scene, produce};

const TOPIC: &str = "orders";
/// Longer than any test: who is answered did not wait for it.
const FOR_EVER: i32 = 3_600_000;
/// A test that would wait for ever fails after this.
const PATIENCE: Duration = Duration::from_mins(1);

struct Limits {
    min_bytes: i32,
    max_bytes: i32,
}

/// Some bytes more than a record of 10,000 bytes.
fn large() -> Bytes {
    plain(&[record("k", Box::leak("x".repeat(10_000).into_boxed_str()))])
}

/// Asks for partitions from their offsets; waits for ever if it is not enough.
async fn fetch(pipe: &mut Pipe, asked: &[(i32, i64)], limits: &Limits) -> FetchResponse {
    let topic = FetchTopic::default()
        .with_topic(topic_name(TOPIC))
        .with_partitions(asked.iter().map(fetch_partition).collect());
    let request = FetchRequest::default()
        .with_replica_id((-1).into())
        .with_max_wait_ms(FOR_EVER)
        .with_min_bytes(limits.min_bytes)
        .with_max_bytes(limits.max_bytes)
        .with_session_epoch(-1)
        .with_topics(vec![topic]);
    clock::timeout(PATIENCE, pipe.call(NEWEST_WITH_NAMES, &request))
        .await
        .expect("there is enough")
        .unwrap()
}

/// How many bytes came of each partition, without an error.
fn lengths(response: &FetchResponse) -> Vec<usize> {
    let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
    partitions
        .map(|data| {
            assert_eq!(data.error_code, 0);
            data.records.as_ref().map_or(0, Bytes::len)
        })
        .collect()
}

/// The bug: the second partition's first batch is cut where the answer is full, and Java's consumer, which looks for a whole one, fails
/// on every poll: "no complete records were found". And what is left out is waited for, though it is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_does_not_fit_is_left_out() {
    let scene = Scene::new().await;
    scene.topic(TOPIC, 2, &[]).await;
    let batch = large();
    for partition in 0..2 {
        scene.produce(TOPIC, partition, batch.clone()).await;
    }
    let mut pipe = scene.pipe().await;
    let limits = Limits {
        min_bytes: 15_000,
        max_bytes: 15_000,
    };
    let response = fetch(&mut pipe, &[(0, 0), (1, 0)], &limits).await;
    assert_eq!(lengths(&response), [batch.len(), 0]);
}

/// The bug: a fetch waits for more than it may be answered with.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_as_much_as_there_may_be_is_enough() {
    let scene = Scene::with(&[("fetch.max.bytes", "15000")]).await;
    scene.topic(TOPIC, 1, &[]).await;
    let batch = large();
    for _ in 0..3 {
        scene.produce(TOPIC, 0, batch.clone()).await;
    }
    let mut pipe = scene.pipe().await;
    let limits = Limits {
        min_bytes: 1 << 20,
        max_bytes: 12_000,
    };
    assert_eq!(lengths(&fetch(&mut pipe, &[(0, 0)], &limits).await), [12_000]);
    // The bug: `fetch.max.bytes` is told, and nothing goes by it.
    let limits = Limits {
        min_bytes: 1 << 20,
        max_bytes: 1 << 20,
    };
    assert_eq!(lengths(&fetch(&mut pipe, &[(0, 0)], &limits).await), [15_000]);
}

/// The bug: what acks=1 has told a producer is out of range until it is on disk, so a consumer that is sent there is reset, to the
/// beginning or past the record.
#[tokio::test(flavor = "multi_thread")]
async fn an_offset_that_was_told_is_not_out_of_range() {
    let scene = Scene::new().await;
    scene.topic(TOPIC, 1, &[]).await;
    let (mut client, mut pipe) = (scene.client().await, scene.pipe().await);
    let limits = Limits {
        min_bytes: 0,
        max_bytes: 1 << 20,
    };
    for _ in 0..200 {
        let batch = plain(&[record("k", "v")]);
        let told = produce(&mut client, TOPIC, 0, 1, batch).await.unwrap().base_offset;
        let response = fetch(&mut pipe, &[(0, told + 1)], &limits).await;
        assert_eq!(lengths(&response), [0]);
    }
}
