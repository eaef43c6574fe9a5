//! A node that is told to stop does so, whoever waits for what.

use std::time::Duration;

use corvid_env::clock;
use corvid_wire::client::{Consumer, ConsumerOptions, NewRecord, Producer, ProducerOptions, topic_name};
use corvid_wire::kafka::messages::FetchRequest;
use corvid_wire::kafka::messages::fetch_request::{FetchPartition, FetchTopic};
use path_tests::scene::{NEWEST_WITH_NAMES, Scene};

/// The bug it is for: a consumer's long poll, an hour if it likes, holds up the shutdown until the node is killed.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_does_not_hold_it_up() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[]).await;
    let options = ConsumerOptions {
        max_wait: Duration::from_hours(1),
        ..ConsumerOptions::default()
    };
    let mut consumer = Consumer::new(scene.client().await, options);
    consumer.assign("orders", 0, 0);
    let waiting = tokio::spawn(async move { consumer.poll().await });
    scene.is_asked("Fetch").await;
    let restarted = clock::timeout(Duration::from_mins(1), scene.restarted(|_| ())).await;
    assert!(restarted.is_ok(), "the node has not stopped");
    // With nothing, or without an answer: either way its client asks again.
    let _ = waiting.await.unwrap();
}

/// The bug it is for: a client that sends requests and reads no answers does the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_does_not_hold_it_up() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[]).await;
    let large = "x".repeat(512 << 10);
    for _ in 0..16 {
        let record = NewRecord {
            value: Some(large.clone().into()),
            ..NewRecord::default()
        };
        let mut producer = Producer::new(scene.client().await, ProducerOptions::default());
        producer.send("orders", Some(0), record).await.unwrap();
        producer.flush().await.unwrap();
    }
    let mut pipe = scene.pipe().await;
    for _ in 0..8 {
        pipe.send(NEWEST_WITH_NAMES, &everything("orders")).await.unwrap();
    }
    let restarted = clock::timeout(Duration::from_mins(1), scene.restarted(|_| ())).await;
    assert!(restarted.is_ok(), "the node has not stopped");
    drop(pipe);
}

fn everything(topic: &str) -> FetchRequest {
    let partition = FetchPartition::default()
        .with_current_leader_epoch(-1)
        .with_last_fetched_epoch(-1)
        .with_partition_max_bytes(i32::MAX);
    let topic = FetchTopic::default()
        .with_topic(topic_name(topic))
        .with_partitions(vec![partition]);
    FetchRequest::default()
        .with_replica_id((-1).into())
        .with_max_bytes(i32::MAX)
        .with_session_epoch(-1)
        .with_topics(vec![topic])
}
