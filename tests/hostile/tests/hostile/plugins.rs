//! Plugins that misbehave, each on one record of a batch: only that record has the failure. Meanwhile another topic's
//! producer goes on as if nothing were.

use std::time::Duration;

use corvid_wire::client::{ConsumedRecord, Consumer, ConsumerOptions, NewRecord, Producer, ProducerOptions, Start};
use corvid_wire::kafka::ResponseError;
use serde_json::{Value, json};

use crate::memory::{Growth, MIB};
use crate::scene::Scene;

/// Where a plugin is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Produce,
    Partitioner,
}

/// How many records a batch has, and which one is bad.
const RECORDS: usize = 10;
const BAD_AT: usize = 4;

const EVERYWHERE: &[Place] = &[Place::Produce, Place::Partitioner];

/// The bug this is for: a plugin's loop that holds a thread of the broker, or for which the whole batch pays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_loops() {
    only_the_culprit(&[("loop", "deadline", EVERYWHERE)]).await;
}

/// The bug this is for: a plugin that takes the broker's memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_eats_memory() {
    only_the_culprit(&[("eat", "memory", EVERYWHERE)]).await;
}

/// The bug this is for: a guest's recursion that ends the host's stack, and with it the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_recurses() {
    only_the_culprit(&[("recurse", "stack", EVERYWHERE)]).await;
}

/// The bug this is for: one record's panic that costs the batch, or the instance that panicked being called again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_panics_on_one_record() {
    only_the_culprit(&[("panic", "panic", EVERYWHERE)]).await;
}

/// The bug this is for: an answer that is believed: a pointer out of memory, a record or partition that there is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_answers_garbage() {
    only_the_culprit(&[
        ("garbage-pointer", "bad_answer", EVERYWHERE),
        ("garbage-length", "bad_answer", EVERYWHERE),
        ("garbage-short", "bad_answer", EVERYWHERE),
        ("garbage-leftover", "bad_answer", EVERYWHERE),
        ("garbage-range", "bad_answer", EVERYWHERE),
        // A partitioner's answer has neither an order nor text.
        ("garbage-order", "bad_answer", &[Place::Produce]),
        ("garbage-utf8", "bad_answer", &[Place::Produce]),
    ])
    .await;
}

/// The bug this is for: an answer of any size that is copied out of the guest before anybody asks how large it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_whose_answer_is_too_large() {
    only_the_culprit(&[("too-large", "too_large", EVERYWHERE)]).await;
}

/// The bug this is for: a guest's log lines or counters, a thousand for each record, that fill the broker's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_floods_logs_and_counters() {
    let scene = Scene::start().await;
    let bystander = scene.bystander().await;
    let growth = Growth::begin();
    for flood in ["log-flood", "metric-flood"] {
        // Time for a thousand calls of the host, however busy the machine is: this is about what they leave behind.
        let binding = json!([{
            "plugin": bed::PLUGIN,
            "config": { "behaviour": flood },
            "on_fault": "refuse",
            "limits": { "deadline": "10s" },
        }]);
        scene.topic(flood, &[("corvid.produce", &binding.to_string())]).await;
        for _ in 0..5 {
            assert!(send(&scene, flood, &batch(true)).await.is_ok());
        }
    }
    growth.stays_below(64 * MIB);
    bystander.is_well().await;
    scene.end().await;
}

/// The bug this is for: a plugin that fails its self-test is bound all the same, or takes the place of one that works.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_fails_at_its_start_is_not_bound() {
    let scene = Scene::start().await;
    let bystander = scene.bystander().await;
    scene.topic("good", &bindings(Place::Produce, "behave", "refuse")).await;
    for start in ["init-refuse", "init-panic", "init-loop", "init-eat", "init-garbage"] {
        let mut client = scene.client().await;
        let refused = bed::topics::create(&mut client, "bad", 1, &bindings(Place::Produce, start, "refuse")).await;
        assert!(refused.is_err(), "{start} is bound to a new topic");
    }
    let mut client = scene.client().await;
    let refused = bed::topics::alter(&mut client, "good", &bindings(Place::Produce, "init-panic", "refuse")).await;
    assert!(refused.is_err(), "it takes the place of one that works");
    assert!(send(&scene, "good", &batch(false)).await.is_ok());
    bystander.is_well().await;
    scene.end().await;
}

/// The bug this is for: a plugin that always fails is called for ever, and takes its deadline from the thread each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plugin_that_always_loops_is_not_called_for_ever() {
    let scene = Scene::start().await;
    let mut bystander = scene.bystander().await;
    let always = json!({ "behaviour": "loop", "on": "bad" });
    let binding = json!([{ "plugin": bed::PLUGIN, "config": always, "on_fault": "dead-letter" }]);
    scene.topic("victim", &[("corvid.produce", &binding.to_string())]).await;
    let all_bad = vec!["bad"; 3];
    for _ in 0..60 {
        assert!(send(&scene, "victim", &all_bad).await.is_ok());
    }
    let letters = read(&scene, "victim.DLT").await;
    assert_eq!(letters.len(), 180);
    // Ten failures in a row, and a trial each second.
    let spared = letters
        .iter()
        .filter(|letter| header(letter, "corvid-dlt-code") == Some("breaker_open"))
        .count();
    assert!(spared > 60, "{spared} of 180 records were spared");
    bystander.sees(10).await;
    bystander.is_well().await;
    scene.end().await;
}

/// Sends a batch with one bad record among good ones, under each way to deal with faults.
async fn only_the_culprit(cases: &[(&str, &str, &[Place])]) {
    let scene = Scene::start().await;
    let bystander = scene.bystander().await;
    let growth = Growth::begin();
    for (behaviour, code, places) in cases {
        for place in *places {
            dead_letter(&scene, *place, behaviour, code).await;
            refuse(&scene, *place, behaviour).await;
            pass(&scene, *place, behaviour).await;
        }
    }
    growth.stays_below(200 * MIB);
    bystander.is_well().await;
    scene.end().await;
}

/// The bad record is a dead letter that says what happened; the others are where they were sent.
async fn dead_letter(scene: &Scene, place: Place, behaviour: &str, code: &str) {
    let topic = format!("{behaviour}-dead-letter-{place:?}");
    scene.topic(&topic, &bindings(place, behaviour, "dead-letter")).await;
    let offset = send(scene, &topic, &batch(true)).await.expect("it is acknowledged") + BAD_AT as i64;
    let stayed = read(scene, &topic).await;
    assert!(
        stayed.iter().all(|record| record.value.as_deref() == Some(b"good")),
        "{behaviour}: {stayed:?}"
    );
    assert_eq!(stayed.len(), RECORDS - 1, "{behaviour}");
    let letters = read(scene, &format!("{topic}.DLT")).await;
    let [letter] = &letters[..] else {
        panic!("{behaviour}: {letters:?}")
    };
    assert_eq!(letter.value.as_deref(), Some(&b"bad"[..]));
    assert_eq!(header(letter, "corvid-dlt-code"), Some(code), "{behaviour}: {letter:?}");
    assert_eq!(header(letter, "corvid-dlt-offset"), Some(offset.to_string().as_str()));
    let stage = if place == Place::Partitioner {
        "partitioner"
    } else {
        "validator"
    };
    assert_eq!(header(letter, "corvid-dlt-stage"), Some(stage));
}

/// The client is told to try again, nothing of the batch is in the log; a batch without the bad record is fine.
async fn refuse(scene: &Scene, place: Place, behaviour: &str) {
    let topic = format!("{behaviour}-refuse-{place:?}");
    scene.topic(&topic, &bindings(place, behaviour, "refuse")).await;
    let refused = send(scene, &topic, &batch(true)).await.expect_err("the client is told");
    assert!(refused.is_retriable(), "{behaviour}: {refused:?}");
    assert!(send(scene, &topic, &batch(false)).await.is_ok());
    assert_eq!(read(scene, &topic).await.len(), RECORDS, "{behaviour}");
}

/// The bad record goes on as it is, and a header says so.
async fn pass(scene: &Scene, place: Place, behaviour: &str) {
    let topic = format!("{behaviour}-pass-{place:?}");
    scene.topic(&topic, &bindings(place, behaviour, "pass")).await;
    assert!(send(scene, &topic, &batch(true)).await.is_ok());
    let records = read(scene, &topic).await;
    assert_eq!(records.len(), RECORDS);
    for record in records {
        let bad = record.value.as_deref() == Some(b"bad");
        let marked = header(&record, "corvid-fault-passed");
        assert_eq!(marked, bad.then_some(bed::PLUGIN), "{behaviour}: {record:?}");
    }
}

fn bindings(place: Place, behaviour: &str, on_fault: &str) -> [(&'static str, &'static str); 1] {
    let binding: Value = json!({
        "plugin": bed::PLUGIN,
        "config": { "behaviour": behaviour },
        "on_fault": on_fault,
        "on_refused": "dead-letter",
    });
    // A few strings that live as long as the test process.
    let leak = |value: Value| -> &'static str { value.to_string().leak() };
    match place {
        Place::Produce => [("corvid.produce", leak(json!([binding])))],
        Place::Partitioner => [("corvid.partitioner", leak(binding))],
    }
}

fn batch(with_bad: bool) -> Vec<&'static str> {
    (0..RECORDS)
        .map(|at| if with_bad && at == BAD_AT { "bad" } else { "good" })
        .collect()
}

/// Sends one batch to partition 0, once, and gives the offset of its first record. The error is the broker's.
async fn send(scene: &Scene, topic: &str, values: &[&str]) -> Result<i64, ResponseError> {
    let options = ProducerOptions {
        idempotent: false,
        delivery_timeout: Duration::ZERO,
        ..ProducerOptions::default()
    };
    let mut producer = Producer::new(scene.client().await, options);
    for value in values {
        let record = NewRecord {
            value: Some(value.to_string().into()),
            ..NewRecord::default()
        };
        producer.send(topic, Some(0), record).await.expect("it is gathered");
    }
    let deliveries = producer.flush().await.expect("an answer");
    let [delivery] = &deliveries[..] else {
        panic!("{deliveries:?}")
    };
    delivery.result.as_ref().copied().map_err(|refusal| refusal.error)
}

async fn read(scene: &Scene, topic: &str) -> Vec<ConsumedRecord> {
    let mut consumer = Consumer::new(scene.client().await, ConsumerOptions::default());
    consumer
        .assign_topic(topic, Start::Earliest)
        .await
        .expect("the topic is there");
    let mut records = Vec::new();
    while !consumer.is_at_end() {
        records.extend(consumer.poll().await.expect("a fetch"));
    }
    records
}

fn header<'a>(record: &'a ConsumedRecord, name: &str) -> Option<&'a str> {
    let (_, value) = record.headers.iter().find(|(key, _)| key == name.as_bytes())?;
    std::str::from_utf8(value.as_deref()?).ok()
}
