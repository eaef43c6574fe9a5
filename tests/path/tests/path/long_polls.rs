//! A fetch that finds nothing waits for an append, and for nothing else.

use std::time::Duration;

use corvid_env::clock;
use corvid_wire::client::{Consumer, ConsumerOptions};
use path_tests::batch::{plain, record};
use path_tests::scene::Scene;

use crate::by_number;

/// Longer than any test: who is answered was woken.
const FOR_EVER: Duration = Duration::from_hours(1);

async fn consumer(scene: &Scene, max_wait: Duration, partitions: std::ops::Range<i32>) -> Consumer {
    let options = ConsumerOptions {
        max_wait,
        ..ConsumerOptions::default()
    };
    let mut consumer = Consumer::new(scene.client().await, options);
    for partition in partitions {
        consumer.assign("orders", partition, 0);
    }
    consumer
}

/// The bug it is for: a wake-up that is lost between looking and waiting.
#[tokio::test(flavor = "multi_thread")]
async fn an_append_to_any_of_its_partitions_wakes_it() {
    let scene = Scene::new().await;
    scene.topic("orders", 3, &[]).await;
    let mut consumer = consumer(&scene, FOR_EVER, 0..3).await;
    for round in 0..30 {
        let waiting = tokio::spawn(async move { (consumer.poll().await.unwrap(), consumer) });
        scene.produce("orders", round % 3, plain(&[record("k", "v")])).await;
        let (records, back) = waiting.await.unwrap();
        consumer = back;
        assert_eq!(
            records.iter().map(|record| record.partition).collect::<Vec<_>>(),
            [round % 3]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_was_moved_there_wakes_it() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    let mut consumer = consumer(&scene, FOR_EVER, 1..2).await;
    for _ in 0..10 {
        let waiting = tokio::spawn(async move { (consumer.poll().await.unwrap(), consumer) });
        scene.produce("orders", 0, plain(&[record("1", "moves")])).await;
        let (records, back) = waiting.await.unwrap();
        consumer = back;
        assert_eq!(records.len(), 1);
    }
}

/// The bug it is for: each batch that has moved away answers the fetch with nothing, and the client asks again at once.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_moved_away_answers_no_fetch() {
    let scene = Scene::new().await;
    scene.topic("orders", 2, &[("corvid.partitioner", &by_number())]).await;
    let mut consumer = consumer(&scene, FOR_EVER, 0..1).await;
    let waiting = tokio::spawn(async move { consumer.poll().await.unwrap() });
    for _ in 0..20 {
        scene.produce("orders", 0, plain(&[record("1", "moves")])).await;
    }
    assert!(!waiting.is_finished());
    scene.produce("orders", 0, plain(&[record("0", "stays")])).await;
    let records = clock::timeout(Duration::from_mins(1), waiting)
        .await
        .expect("it is woken")
        .unwrap();
    assert_eq!(
        records
            .iter()
            .map(|record| record.key.clone().unwrap())
            .collect::<Vec<_>>(),
        ["0"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_append_it_is_answered_with_nothing_when_its_time_is_over() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[]).await;
    let mut consumer = consumer(&scene, Duration::from_millis(100), 0..1).await;
    assert_eq!(consumer.poll().await.unwrap(), []);
}

/// The bug it is for: who waits for a topic that is deleted waits to the end of its time.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_topic_answers_its_fetches() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[]).await;
    let mut consumer = consumer(&scene, FOR_EVER, 0..1).await;
    let waiting = tokio::spawn(async move { consumer.poll().await });
    scene.is_asked("Fetch").await;
    scene.delete_topic("orders").await;
    // UNKNOWN_TOPIC_OR_PARTITION is retriable, so the client takes it for nothing.
    let answered = clock::timeout(Duration::from_mins(1), waiting)
        .await
        .expect("it is answered")
        .unwrap();
    assert_eq!(answered.unwrap(), []);
}
