//! Stretches of which a reader sees nothing: he gets through them, and is told an end that he can reach.

use corvid_wire::client::topic_name;
use corvid_wire::kafka::messages::DeleteRecordsRequest;
use corvid_wire::kafka::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use path_tests::batch::{Sent, plain, record};
use path_tests::scene::{LONG_MS, Scene};

use crate::view;

async fn scene(values: &[&[&'static str]]) -> Scene {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[("corvid.fetch", &view("drop"))]).await;
    for batch in values {
        let records: Vec<Sent> = batch.iter().map(|value| record("k", value)).collect();
        scene.produce("orders", 0, plain(&records)).await;
    }
    scene
}

/// The bug it is for: a batch without a record, on which kafkajs turns in a hot loop.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_which_nothing_is_shown_is_not_served() {
    let scene = scene(&[&["bad", "bad"], &["good"], &["bad"], &["bad", "good", "bad"], &["bad"]]).await;
    let mut reader = scene.reader("r").await;
    let seen = reader.one("orders", 0, 0).await;
    assert_eq!(seen.values(0), [(2, "good".to_owned()), (5, "good".to_owned())]);
    assert_eq!(seen.frames().len(), 2);
    // In the middle of a batch whose shown records are all in front of him, he sees none of it.
    for from in 6..=8 {
        let seen = reader.one("orders", from, 0).await;
        assert_eq!((seen.bytes.len(), seen.high_watermark, seen.error), (0, from, 0));
    }
    assert_eq!(reader.one("orders", 9, 0).await.error, 1, "out of range");
    assert_eq!(reader.end("orders").await, 6);
    assert_eq!(scene.reader("audit").await.end("orders").await, 8);
}

/// What a consumer does that wants to read to the end: it asks for the end, and reads until it is there.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_that_is_told_can_be_reached() {
    let scene = scene(&[&["good", "bad"], &["bad"], &["bad", "bad"]]).await;
    let mut reader = scene.reader("r").await;
    let end = reader.end("orders").await;
    assert_eq!(end, 1);
    let seen = reader.one("orders", 0, 0).await;
    let position = seen.frames()[0].1.0;
    assert!(position >= end);
    let at_end = reader.one("orders", position, 0).await;
    assert_eq!((at_end.bytes.len(), at_end.high_watermark), (0, position));
    // Nothing but hidden records: the end is the beginning.
    let mut nothing = scene.reader("r").await;
    scene.topic("hidden", 1, &[("corvid.fetch", &view("drop"))]).await;
    for _ in 0..3 {
        scene.produce("hidden", 0, plain(&[record("k", "bad")])).await;
    }
    assert_eq!(nothing.end("hidden").await, 0);
    assert_eq!(nothing.one("hidden", 0, 0).await.high_watermark, 0);
}

/// The bug it is for: hidden records end a long poll with nothing, and the client asks again at once.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_shown_ends_a_long_poll() {
    let scene = scene(&[&["bad"]]).await;
    let mut reader = scene.reader("r").await;
    let waiting = tokio::spawn(async move { reader.one("orders", 0, LONG_MS).await });
    scene.is_asked("Fetch").await;
    for _ in 0..5 {
        scene.produce("orders", 0, plain(&[record("k", "bad")])).await;
        let seen = scene.reader("r").await.one("orders", 0, 0).await;
        assert_eq!(seen.bytes.len(), 0);
    }
    assert!(!waiting.is_finished());
    scene.produce("orders", 0, plain(&[record("k", "good")])).await;
    assert_eq!(waiting.await.unwrap().values(0), [(6, "good".to_owned())]);
}

/// 100,000 hidden records in a row: one long poll, or few, and what was looked through is not looked through again.
#[tokio::test(flavor = "multi_thread")]
async fn a_long_stretch_is_passed_in_a_few_polls() {
    let scene = scene(&[&["good"]]).await;
    let batch: Vec<Sent> = (0..1_000).map(|_| record("k", "bad")).collect();
    let batch = plain(&batch);
    for _ in 0..100 {
        scene.produce("orders", 0, batch.clone()).await;
    }
    scene.produce("orders", 0, plain(&[record("k", "good")])).await;
    let mut reader = scene.reader("r").await;
    assert_eq!(reader.one("orders", 0, 0).await.values(0), [(0, "good".to_owned())]);
    let seen = reader.one("orders", 1, LONG_MS).await;
    assert_eq!(seen.values(1), [(100_001, "good".to_owned())]);
    let asked = async || {
        let scrape = scene.scrape().await;
        scrape.value("corvid_view_batches_total{how=\"asked\"}").unwrap() as usize
    };
    let before = asked().await;
    assert!((101..=102).contains(&before), "{before}");
    // From anywhere within, at once, and nobody is asked again.
    for from in [1, 500, 99_999] {
        let seen = reader.one("orders", from, 0).await;
        assert_eq!(seen.values(from), [(100_001, "good".to_owned())]);
    }
    assert_eq!(asked().await, before);
}

/// The bug it is for: one who has seen all that he may is out of range when retention takes what he never saw.
#[tokio::test(flavor = "multi_thread")]
async fn retention_does_not_overtake_who_has_seen_everything() {
    let scene = scene(&[&["good"], &["bad"], &["bad"], &["bad"]]).await;
    let mut reader = scene.reader("r").await;
    let at_end = reader.one("orders", 1, 0).await;
    assert_eq!((at_end.high_watermark, at_end.bytes.len()), (1, 0));
    let partition = DeleteRecordsPartition::default().with_offset(3);
    let topic = DeleteRecordsTopic::default()
        .with_name(topic_name("orders"))
        .with_partitions(vec![partition]);
    let request = DeleteRecordsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(10_000);
    let answer = scene.client().await.request(&request).await.unwrap();
    assert_eq!(answer.topics[0].partitions[0].error_code, 0);
    let seen = reader.one("orders", 1, 0).await;
    assert_eq!((seen.error, seen.bytes.len(), seen.log_start), (0, 0, 1));
    scene.produce("orders", 0, plain(&[record("k", "good")])).await;
    assert_eq!(reader.one("orders", 1, 0).await.values(1), [(4, "good".to_owned())]);
    assert_eq!(
        reader.one("orders", 0, 0).await.error,
        1,
        "what he has not looked through"
    );
}
