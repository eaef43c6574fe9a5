//! `message.timestamp.type = LogAppendTime` beside a partitioner: the broker changes the batch that its entry is about.

use path_tests::batch::{base_time, plain, record};
use path_tests::scene::{Scene, produce};

use crate::by_number;

/// The bug it is for: the batch gets a new checksum with its time, and the entry before it no longer knows it.
#[tokio::test(flavor = "multi_thread")]
async fn what_stays_has_the_brokers_time_and_what_leaves_arrives() {
    let scene = Scene::new().await;
    let configs = [
        ("corvid.partitioner", &*by_number()),
        ("message.timestamp.type", "LogAppendTime"),
    ];
    scene.topic("orders", 2, &configs).await;
    let sent_at = base_time();
    let batch = plain(&[record("0", "stays"), record("1", "moves")]);
    let answer = produce(&mut scene.client().await, "orders", 0, -1, batch)
        .await
        .unwrap();
    assert_eq!(answer.error_code, 0, "{:?}", answer.error_message);
    assert!(answer.log_append_time_ms >= sent_at + 10_000);
    assert_eq!(scene.read("orders", 0).await[0].timestamp, answer.log_append_time_ms);
    assert_eq!(scene.keys("orders", 1).await.len(), 1);
}
