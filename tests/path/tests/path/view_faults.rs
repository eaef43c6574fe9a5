//! A view that fails shows nothing, and hurts nobody but those it is for.

use path_tests::batch::{nonsense, plain, record};
use path_tests::scene::{LONG_MS, Scene};

use crate::view;

/// KAFKA_STORAGE_ERROR: every client asks again.
const UNSEEN: i16 = 56;

/// The bug it is for: what a view should have masked is shown because it failed, or other partitions of the fetch go with it.
#[tokio::test(flavor = "multi_thread")]
async fn a_failing_view_shows_nothing_and_the_rest_of_the_fetch_is_there() {
    let scene = Scene::new().await;
    scene.topic("plain", 1, &[]).await;
    scene.produce("plain", 0, plain(&[record("k", "here")])).await;
    for behaviour in [
        "panic",
        "loop",
        "eat",
        "recurse",
        "too-large",
        "garbage-order",
        "garbage-pointer",
        "garbage-leftover",
    ] {
        scene.topic(behaviour, 1, &[("corvid.fetch", &view(behaviour))]).await;
        scene.produce(behaviour, 0, plain(&[record("k", "good")])).await;
        scene
            .produce(behaviour, 0, plain(&[record("k", "good"), record("k", "bad")]))
            .await;
        let mut reader = scene.reader("r").await;
        // What comes before is shown.
        let seen = reader.fetch(&[(behaviour, 0), ("plain", 0)], 100).await;
        assert_eq!(seen[0].values(0), [(0, "good".to_owned())], "{behaviour}");
        assert_eq!(seen[1].values(0), [(0, "here".to_owned())]);
        let seen = reader.fetch(&[(behaviour, 1), ("plain", 0)], 60_000).await;
        assert_eq!((seen[0].error, seen[0].bytes.len()), (UNSEEN, 0), "{behaviour}");
        assert_eq!(seen[1].values(0), [(0, "here".to_owned())]);
        // Who is not looking through it sees all.
        let all = scene.reader("audit").await.one(behaviour, 1, 0).await;
        assert_eq!(all.values(1).len(), 2);
    }
    let failures = scene.scrape().await.value("corvid_view_failures_total").unwrap();
    assert!(failures >= 8.0, "{failures}");
}

/// The bug it is for: the error comes at once, and the client asks again at once, for ever.
#[tokio::test(flavor = "multi_thread")]
async fn the_error_takes_as_long_as_a_fetch_that_finds_nothing() {
    let scene = Scene::new().await;
    scene.topic("orders", 1, &[("corvid.fetch", &view("panic"))]).await;
    scene.produce("orders", 0, plain(&[record("k", "bad")])).await;
    let (mut reader, mut other) = (scene.reader("r").await, scene.reader("r2").await);
    let waiting = tokio::spawn(async move { reader.one("orders", 0, LONG_MS).await });
    scene.is_asked("Fetch").await;
    for _ in 0..10 {
        assert_eq!(other.one("orders", 0, 0).await.error, UNSEEN);
        scene.produce("orders", 0, plain(&[record("k", "good")])).await;
    }
    assert!(!waiting.is_finished());
    waiting.abort();
}

/// What the topic says of faults is about produces; a view has to say `pass` itself.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_passes_unless_the_view_says_so() {
    let scene = Scene::new().await;
    let configs = [("corvid.fetch", &*view("panic")), ("corvid.on.fault", "pass")];
    scene.topic("orders", 1, &configs).await;
    scene
        .produce("orders", 0, plain(&[record("k", "bad"), record("k", "good")]))
        .await;
    let mut reader = scene.reader("r").await;
    assert_eq!(reader.one("orders", 0, 0).await.error, UNSEEN);
    let config = serde_json::json!({ "behaviour": "panic" });
    let passing = serde_json::json!([{ "plugin": bed::PLUGIN, "config": config, "on_fault": "pass" }]).to_string();
    bed::topics::alter(&mut scene.client().await, "orders", &[("corvid.fetch", &passing)])
        .await
        .unwrap();
    let records = reader.one("orders", 0, 0).await.records(0);
    let passed = vec![("corvid-fault-passed".to_owned(), bed::PLUGIN.to_owned())];
    let expected = [(0, "bad".to_owned(), passed), (1, "good".to_owned(), vec![])];
    assert_eq!(records, expected);
}

/// The bug: a batch that nobody can open, which a topic without hooks takes as it comes, stops who reads through a view for ever, though
/// the view says `pass`.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_passes_too() {
    let scene = Scene::new().await;
    for (topic, on_fault) in [("strict", "refuse"), ("passing", "pass")] {
        let config = serde_json::json!({ "behaviour": "mark" });
        let view = serde_json::json!([{ "plugin": bed::PLUGIN, "config": config, "on_fault": on_fault }]).to_string();
        scene.topic(topic, 1, &[("corvid.fetch", &view)]).await;
        scene.produce(topic, 0, nonsense()).await;
    }
    let mut reader = scene.reader("r").await;
    assert_eq!(reader.one("strict", 0, 0).await.error, UNSEEN);
    let seen = reader.one("passing", 0, 0).await;
    assert_eq!((seen.error, seen.bytes.len()), (0, nonsense().len()));
}
