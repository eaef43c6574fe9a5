//! Peers that send too slowly, too much, or not to the end.

use std::time::Duration;

use bytes::Bytes;
use corvid_wire::client::topic_name;
use corvid_wire::kafka::messages::fetch_request::{FetchPartition, FetchTopic};
use corvid_wire::kafka::messages::{ApiVersionsRequest, FetchRequest};
use corvid_wire::limits;
use tokio::time::timeout;

use crate::memory::{Growth, MIB};
use crate::scene::{Scene, until};

/// The bug this is for: a connection that waits for the rest of a frame keeps others from being served, or its memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_sent_frames_and_closed_halves() {
    let scene = Scene::start().await;
    let bystander = scene.bystander().await;
    let whole = bed::pipe::frame(3, 7, &ApiVersionsRequest::default()).expect("it encodes");
    for cut in 0..whole.len() {
        let mut pipe = scene.pipe().await;
        pipe.send_bytes(&whole[..cut]).await.expect("it is taken");
        pipe.finish().await.expect("it is closed");
        let answer = pipe.receive_frame().await;
        assert!(answer.is_err(), "half a frame is answered");
    }
    let mut open = Vec::new();
    for cut in 1..whole.len() {
        let mut pipe = scene.pipe().await;
        pipe.send_bytes(&whole[..cut]).await.expect("it is taken");
        open.push((cut, pipe));
    }
    // Those that were left hanging are answered when the rest comes after all.
    for (cut, pipe) in &mut open {
        pipe.send_bytes(&whole[*cut..]).await.expect("it is taken");
        pipe.receive_frame().await.expect("an answer");
    }
    drop(open);
    bystander.is_well().await;
    scene.end().await;
}

/// The bug this is for: four bytes that are taken for a size.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sizes_and_headers_that_cannot_be_close_the_connection() {
    let scene = Scene::start().await;
    let bystander = scene.bystander().await;
    let mut attacks: Vec<Bytes> = Vec::new();
    for size in [-1_i32, i32::MIN, i32::MAX, limits::FRAME_BYTES_MAX as i32 + 1] {
        attacks.push(Bytes::copy_from_slice(&size.to_be_bytes()));
    }
    // A frame without a header, with half of one, of an API or a version that there is not, with a client id beyond its end.
    attacks.push(Bytes::from_static(&[0; 4]));
    attacks.push(Bytes::from_static(&[0, 0, 0, 3, 0, 18, 0]));
    for (key, version) in [(-1, 0), (i16::MAX, 0), (0, 99), (1, -1), (3, i16::MIN), (7, 0)] {
        attacks.push(bed::pipe::frame_of(key, version, 1, &[0; 8]));
    }
    attacks.push(Bytes::from_static(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0x7f, 0xff]));
    attacks.push(Bytes::from_static(b"GET / HTTP/1.1\r\nHost: corvid\r\n\r\n"));
    attacks.push(Bytes::from_static(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]));
    for attack in attacks {
        let mut pipe = scene.pipe().await;
        pipe.send_bytes(&attack).await.expect("it is taken");
        let answer = timeout(Duration::from_secs(10), pipe.receive_frame()).await;
        assert!(
            answer.expect("the connection is closed at once").is_err(),
            "answered: {attack:?}"
        );
    }
    bystander.is_well().await;
    scene.end().await;
}

/// The bug this is for: a connection costs as much as a busy one, or a limit that is too low, or a poll over all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_idle_connections() {
    let scene = Scene::start().await;
    let bystander = scene.bystander().await;
    let growth = Growth::begin();
    let mut idle = Vec::new();
    for number in 0..1_000 {
        let mut pipe = scene.pipe().await;
        // Half of them have spoken, the others never do.
        if number % 2 == 0 {
            pipe.call(3, &ApiVersionsRequest::default()).await.expect("an answer");
        }
        idle.push(pipe);
    }
    until("all are open", || scene.connections() >= 1_000).await;
    assert_eq!(scene.request_memory() / MIB, 0);
    growth.stays_below(64 * MIB);
    for pipe in idle.iter_mut().rev().take(50) {
        pipe.call(3, &ApiVersionsRequest::default())
            .await
            .expect("an answer, however long it was idle");
    }
    bystander.is_well().await;
    drop(idle);
    until("all are closed", || scene.connections() < 10).await;
    scene.end().await;
}

/// The bug this is for: the memory of a frame is taken when it is announced, so that a few bytes from each of some
/// peers take all there is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_writers_that_announce_a_hundred_mebibytes() {
    let scene = Scene::start().await;
    let bystander = scene.bystander().await;
    let growth = Growth::begin();
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut pipe = scene.pipe().await;
        let size = limits::FRAME_BYTES_MAX as u32;
        // A Produce, a few bytes of it, and then some more now and then.
        let begin = [&size.to_be_bytes()[..], &[0, 0, 0, 9, 0, 0, 0, 1, 0, 0]].concat();
        pipe.send_bytes(&begin).await.expect("it is taken");
        slow.push(pipe);
    }
    for _ in 0..10 {
        for pipe in &mut slow {
            pipe.send_bytes(&[0; 1_000]).await.expect("it is taken");
        }
        assert!(scene.request_memory() <= limits::FRAME_BUDGET_BYTES);
    }
    growth.stays_below(32 * MIB);
    bystander.is_well().await;
    drop(slow);
    scene.end().await;
}

/// The bug this is for: the answer of who doesn't read is kept in memory, or who waits behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_of_large_answers() {
    let scene = Scene::start().await;
    let mut bystander = scene.bystander().await;
    scene.topic("large", &[]).await;
    fill(&scene, 48).await;
    let growth = Growth::begin();
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut pipe = scene.pipe().await;
        // Many requests, no answer is read.
        for _ in 0..100 {
            pipe.send(12, &fetch_all("large")).await.expect("it is taken");
        }
        slow.push(pipe);
    }
    bystander.sees(20).await;
    growth.stays_below(48 * MIB);
    assert!(scene.request_memory() <= limits::FRAME_BUDGET_BYTES);
    // Who reads after all gets it all.
    let (_, response) = slow[0].receive::<FetchRequest>(12).await.expect("an answer");
    let partition = &response.responses[0].partitions[0];
    assert!(
        partition
            .records
            .as_ref()
            .is_some_and(|records| records.len() > 40 * MIB)
    );
    drop(response);
    bystander.is_well().await;
    drop(slow);
    until("all are closed", || scene.connections() < 10).await;
    scene.end().await;
}

fn fetch_all(topic: &str) -> FetchRequest {
    let partition = FetchPartition::default()
        .with_partition(0)
        .with_current_leader_epoch(-1)
        .with_last_fetched_epoch(-1)
        .with_partition_max_bytes(i32::MAX);
    let topic = FetchTopic::default()
        .with_topic(topic_name(topic))
        .with_partitions(vec![partition]);
    FetchRequest::default()
        .with_replica_id((-1).into())
        .with_min_bytes(1)
        .with_max_bytes(i32::MAX)
        .with_session_epoch(-1)
        .with_topics(vec![topic])
}

/// Produces so many records of nearly a mebibyte to the topic `large`.
async fn fill(scene: &Scene, records: usize) {
    use corvid_wire::client::{NewRecord, Producer, ProducerOptions};
    let mut producer = Producer::new(scene.client().await, ProducerOptions::default());
    for _ in 0..records {
        let record = NewRecord {
            value: Some(vec![7; 1_000_000].into()),
            ..NewRecord::default()
        };
        producer.send("large", Some(0), record).await.expect("it is gathered");
        let deliveries = producer.flush().await.expect("it is sent");
        assert!(deliveries.iter().all(|delivery| delivery.result.is_ok()));
    }
}
