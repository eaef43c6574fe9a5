//! A batch that comes twice is in the log once, whatever the plugin would say the second time.

use corvid_wire::kafka::ResponseError;
use path_tests::batch::{Sent, record, sequenced};
use path_tests::scene::{Scene, produce};

fn coin() -> String {
    bed::topics::binding(&serde_json::json!({ "behaviour": "coin-flip" }))
}

fn eight(value: &'static str) -> Vec<Sent> {
    ["a", "b", "c", "d", "e", "f", "g", "h"]
        .map(|key| record(key, value))
        .to_vec()
}

/// The bug it is for: the plugin runs again for a retry, sends a record elsewhere this time, and it is there twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_is_answered_with_its_first_offset_though_the_plugin_has_changed_its_mind() {
    let scene = Scene::new().await;
    scene.topic("orders", 3, &[("corvid.partitioner", &coin())]).await;
    let producer = scene.producer().await;
    let mut client = scene.client().await;
    let batches: Vec<_> = [(0, "one"), (8, "two"), (16, "three")]
        .map(|(sequence, value)| sequenced(producer, sequence, &eight(value)))
        .to_vec();
    let mut told = Vec::new();
    for batch in batches.iter().chain(&batches).chain(&batches) {
        let answer = produce(&mut client, "orders", 0, -1, batch.clone()).await.unwrap();
        assert_eq!(answer.error_code, 0, "{:?}", answer.error_message);
        told.push(answer.base_offset);
    }
    assert_eq!((&told[..3], &told[..3]), (&told[3..6], &told[6..]));
    let mut seen = Vec::new();
    for partition in 0..3 {
        let records = scene.read("orders", partition).await;
        seen.extend(
            records
                .iter()
                .map(|record| (record.key.clone().unwrap(), record.value.clone().unwrap())),
        );
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), count), (24, 24));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_in_the_sequence_is_refused() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[]).await;
    let producer = scene.producer().await;
    let mut client = scene.client().await;
    let mut send = async |sequence| {
        let batch = sequenced(producer, sequence, &[record("k", "v")]);
        produce(&mut client, "orders", 0, -1, batch).await.unwrap()
    };
    assert_eq!(send(0).await.error_code, 0);
    assert_eq!(send(2).await.error_code, ResponseError::OutOfOrderSequenceNumber.code());
    assert_eq!(send(1).await.base_offset, 1);
}

/// The bug it is for: a batch is in the log, its answer is lost, a setting changes, and its producer is told that it never will be.
#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_is_answered_though_a_limit_would_refuse_it_now() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[]).await;
    let producer = scene.producer().await;
    let mut client = scene.client().await;
    let batch = sequenced(producer, 0, &eight("one"));
    let next = sequenced(producer, 8, &eight("two"));
    produce(&mut client, "orders", 0, -1, batch.clone()).await.unwrap();
    bed::topics::alter(&mut client, "orders", &[("max.message.bytes", "100")])
        .await
        .unwrap();
    let again = produce(&mut client, "orders", 0, -1, batch).await.unwrap();
    assert_eq!((again.error_code, again.base_offset), (0, 0));
    let new = produce(&mut client, "orders", 0, -1, next).await.unwrap();
    assert_eq!(new.error_code, ResponseError::MessageTooLarge.code());
}
