//! What a consumer fails on and produces to its retry topic waits there, and ends in the dead-letter topic with its story.

use corvid_wire::client::ConsumedRecord;
use path_tests::batch::{Sent, base_time, plain, record, sequenced};
use path_tests::metrics::Scrape;
use path_tests::read::{header, text};
use path_tests::scene::{Scene, produce};

const RETRY: &str = "orders.billing.retry";

/// A node with a topic `orders` that has a retry table.
async fn scene(attempts: &'static str, backoff: &'static str, more: &[(&str, &str)]) -> Scene {
    let scene = Scene::new().await;
    let table = [("corvid.retry.attempts", attempts), ("corvid.retry.backoff", backoff)];
    scene.topic("orders", 2, &[&table, more].concat()).await;
    scene
}

fn with(mut record: Sent, headers: &[(&'static str, &'static str)]) -> Sent {
    record.headers = headers.iter().map(|(key, value)| (*key, Some(*value))).collect();
    record
}

fn counter(scrape: &Scrape, name: &str) -> u64 {
    let series = format!("corvid_retry_{name}_total{{topic=\"{RETRY}\"}}");
    scrape.value(&series).unwrap_or_else(|| panic!("{series}")) as u64
}

/// What a record has failed twice with, and what it has of its own.
fn third_failure() -> Sent {
    with(
        record("k", "v"),
        &[
            ("trace", "1"),
            ("corvid-retry-attempts", "2"),
            ("trace", "2"),
            ("corvid-retry-topic", "orders"),
            ("corvid-retry-partition", "1"),
            ("corvid-retry-offset", "42"),
            ("corvid-retry-timestamp", "1234"),
            ("corvid-retry-first-at", "1700000000000"),
            ("corvid-retry-reason", "the first one"),
            ("corvid-held-timestamp", "5"),
            ("corvid-retry-reason", "no such account"),
        ],
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_had_its_last_attempt_is_a_dead_letter_with_its_story() {
    let scene = scene("3", "1s", &[]).await;
    let before = base_time() + 10_000;
    scene.produce(RETRY, 1, plain(&[third_failure()])).await;
    assert_eq!(
        scene.client().await.partition_count("orders.DLT", false).await.unwrap(),
        2
    );
    let letters = scene.read("orders.DLT", 1).await;
    assert_eq!(letters.len(), 1);
    let letter = &letters[0];
    assert_eq!(
        (text(letter.key.as_ref()), text(letter.value.as_ref())),
        ("k".into(), "v".into())
    );
    let expected = [
        ("topic", "orders"),
        ("partition", "1"),
        ("offset", "42"),
        ("timestamp", "1234"),
        ("stage", "consumer"),
        ("group", "billing"),
        ("code", "attempts_exhausted"),
        ("reason", "no such account"),
        ("attempts", "3"),
        ("first-at", "1700000000000"),
    ];
    for (name, value) in expected {
        assert_eq!(
            header(letter, &format!("corvid-dlt-{name}")),
            value,
            "corvid-dlt-{name}"
        );
    }
    let last_at: i64 = header(letter, "corvid-dlt-last-at").parse().unwrap();
    assert!((before..=letter.timestamp).contains(&last_at));
    // Its own headers, and none of the story so far: who puts it back into `orders` has the record as it was.
    let own: Vec<_> = names(letter)
        .into_iter()
        .filter(|name| !name.starts_with("corvid-dlt-"))
        .collect();
    assert_eq!(own, ["trace", "trace"]);
    assert_eq!(scene.read(RETRY, 1).await, []);
}

fn names(record: &ConsumedRecord) -> Vec<String> {
    let name = |(key, _): &(bytes::Bytes, _)| String::from_utf8_lossy(key).into_owned();
    record.headers.iter().map(name).collect()
}

/// A client that said nothing of where the record was is believed nothing: no offset is better than a wrong one.
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_said_is_not_made_up() {
    let scene = scene("1", "1s", &[]).await;
    scene.produce(RETRY, 0, plain(&[record("k", "v")])).await;
    let letters = scene.read("orders.DLT", 0).await;
    let names = names(&letters[0]);
    for unknown in ["corvid-dlt-partition", "corvid-dlt-offset", "corvid-dlt-plugin"] {
        assert!(!names.contains(&unknown.to_owned()), "{names:?}");
    }
    assert_eq!(header(&letters[0], "corvid-dlt-topic"), "orders");
    assert_eq!(header(&letters[0], "corvid-dlt-attempts"), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_told_in_springs_and_connects_names() {
    for (style, topic, reason, offset) in [
        (
            "spring",
            "kafka_dlt-original-topic",
            "kafka_dlt-exception-message",
            ("kafka_dlt-original-offset", "\0\0\0\0\0\0\0*"),
        ),
        (
            "connect",
            "__connect.errors.topic",
            "__connect.errors.exception.message",
            ("__connect.errors.offset", "42"),
        ),
    ] {
        let scene = scene("3", "1s", &[("corvid.dead.letter.headers", style)]).await;
        scene.produce(RETRY, 1, plain(&[third_failure()])).await;
        let letter = scene.read("orders.DLT", 1).await.remove(0);
        assert_eq!(header(&letter, topic), "orders");
        assert_eq!(header(&letter, reason), "no such account");
        assert_eq!(header(&letter, offset.0), offset.1);
        assert_eq!(header(&letter, "corvid-dlt-attempts"), "3");
    }
}

/// The bug: a record that waits is there at once, or its place in the log is not given up.
#[tokio::test(flavor = "multi_thread")]
async fn what_has_attempts_left_is_not_there_before_it_is_due() {
    let scene = scene("3", "1h", &[]).await;
    let second = with(record("b", "v"), &[("corvid-retry-attempts", "1")]);
    let batch = plain(&[record("a", "v"), second, third_failure()]);
    scene.produce(RETRY, 1, batch).await;
    assert_eq!(scene.read(RETRY, 1).await, []);
    assert_eq!(scene.read("orders.DLT", 1).await.len(), 1);
    let scrape = scene.scrape().await;
    let counters = ["held_records", "dead_letters", "uncounted_records"].map(|name| counter(&scrape, name));
    assert_eq!(counters, [2, 1, 1]);
}

/// The bug: a retry of the client is judged anew, and the record comes back twice.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_batch_again_is_decided_once() {
    let scene = scene("3", r#"{"fixed":"1h","jitter":1}"#, &[]).await;
    scene.client().await.partition_count(RETRY, false).await.unwrap();
    let producer = scene.producer().await;
    let batch = || sequenced(producer, 0, &[record("a", "v"), third_failure()]);
    let first = scene.produce(RETRY, 0, batch()).await;
    assert_eq!(scene.produce(RETRY, 0, batch()).await, first);
    let scrape = scene.scrape().await;
    let counters = ["held_records", "dead_letters", "repeated_records"].map(|name| counter(&scrape, name));
    assert_eq!(counters, [1, 1, 0]);
    assert_eq!(scene.read("orders.DLT", 0).await.len(), 1);
}

/// The bug: nobody learns that a client drops the headers, and its records come back for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_loses_the_headers_is_counted() {
    let scene = scene("3", "1h", &[]).await;
    for _ in 0..3 {
        scene.produce(RETRY, 0, plain(&[record("a", "v")])).await;
    }
    let scrape = scene.scrape().await;
    let counters = ["held_records", "uncounted_records", "repeated_records"].map(|name| counter(&scrape, name));
    assert_eq!(counters, [3, 3, 2]);
}

/// A binding of the policy in place of the arithmetic.
fn policy(behaviour: &str) -> String {
    bed::topics::binding(&serde_json::json!({ "behaviour": behaviour }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_decides_in_place_of_the_backoff() {
    let bad = |value| plain(&[record("k", "fine"), record("k", value)]);
    let scene = scene("3", "1h", &[("corvid.retry.policy", &policy("mark"))]).await;
    scene.produce(RETRY, 0, bad("bad")).await;
    let letter = scene.read("orders.DLT", 0).await.remove(0);
    assert_eq!(header(&letter, "corvid-dlt-code"), "given_up");
    assert_eq!(header(&letter, "corvid-dlt-plugin"), "misbehaving");
    let mut client = scene.client().await;
    let set = |behaviour: &str| [("corvid.retry.policy".to_owned(), policy(behaviour))];
    for (behaviour, held, dropped) in [("drop", 2, 1), ("refuse", 2, 1)] {
        let configs = set(behaviour);
        let configs: Vec<_> = configs
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        bed::topics::alter(&mut client, "orders", &configs).await.unwrap();
        let answer = produce(&mut client, RETRY, 0, -1, bad("bad")).await.unwrap();
        assert_eq!(
            answer.error_code != 0,
            behaviour == "refuse",
            "{:?}",
            answer.error_message
        );
        let scrape = scene.scrape().await;
        let counters = ["held_records", "dropped_records"].map(|name| counter(&scrape, name));
        assert_eq!(counters, [held, dropped], "{behaviour}");
    }
}

/// The bug: a policy that fails takes the record with it, or refuses it for ever.
#[tokio::test(flavor = "multi_thread")]
async fn where_a_policy_fails_the_table_decides() {
    for behaviour in ["panic", "garbage-range", "garbage-utf8"] {
        let scene = scene("3", "1h", &[("corvid.retry.policy", &policy(behaviour))]).await;
        let mut last = third_failure();
        last.value = Some("bad");
        scene
            .produce(RETRY, 0, plain(&[record("k", "bad"), record("k", "fine"), last]))
            .await;
        let scrape = scene.scrape().await;
        let counters = ["held_records", "dead_letters", "policy_fallbacks"].map(|name| counter(&scrape, name));
        assert_eq!(counters, [2, 1, 2], "{behaviour}");
    }
}

/// A policy may give up early; it may not go on for ever.
#[tokio::test(flavor = "multi_thread")]
async fn no_policy_gives_more_attempts_than_there_are() {
    let scene = scene("3", "1h", &[("corvid.retry.policy", &policy("modulo"))]).await;
    scene.produce(RETRY, 0, plain(&[third_failure()])).await;
    let letter = scene.read("orders.DLT", 0).await.remove(0);
    assert_eq!(header(&letter, "corvid-dlt-code"), "attempts_exhausted");
}
