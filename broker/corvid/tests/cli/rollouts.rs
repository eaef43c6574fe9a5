//! The life of a plugin while clients produce: deployed, shadowed, a canary, promoted, rolled back; no request fails, and
//! every record can tell which generation decided on it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use corvid_env::task;
use corvid_wire::client::{Client, ClientOptions, NewRecord, Producer, ProducerOptions};
use serde_json::{Value, json};

use super::support::{Came, Node};

const PARTITIONS: i32 = 3;

/// Producers at work, each on a partition of its own.
struct Producers {
    stop: Arc<AtomicBool>,
    sent: Vec<Arc<AtomicUsize>>,
    failed: Arc<Mutex<Vec<String>>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Producers {
    fn start(kafka: &str) -> Self {
        let (stop, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let sent: Vec<Arc<AtomicUsize>> = (0..PARTITIONS).map(|_| Arc::default()).collect();
        let threads = (0..PARTITIONS).zip(&sent).map(|(partition, sent)| {
            let (stop, sent, failed, kafka) = (stop.clone(), sent.clone(), failed.clone(), kafka.to_owned());
            thread::spawn(move || {
                let produced = task::run_main(1, produce(&kafka, partition, &stop, &sent)).unwrap();
                failed.lock().unwrap().extend(produced.err());
            })
        });
        Self {
            threads: threads.collect(),
            stop,
            sent,
            failed,
        }
    }

    /// Returns once each has had so many more batches acknowledged.
    fn go_on(&self, batches: usize) {
        let before: Vec<usize> = self.sent.iter().map(|sent| sent.load(Ordering::SeqCst)).collect();
        for (sent, before) in self.sent.iter().zip(before) {
            while sent.load(Ordering::SeqCst) < before + batches {
                assert!(
                    self.failed.lock().unwrap().is_empty(),
                    "{:?}",
                    self.failed.lock().unwrap()
                );
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        for thread in self.threads {
            thread.join().unwrap();
        }
        assert_eq!(*self.failed.lock().unwrap(), Vec::<String>::new());
    }
}

/// One batch after the other. Nothing is tried again: what fails once has failed.
async fn produce(kafka: &str, partition: i32, stop: &AtomicBool, sent: &AtomicUsize) -> Result<(), String> {
    let client = Client::connect(kafka, ClientOptions::default())
        .await
        .map_err(|error| error.to_string())?;
    let options = ProducerOptions {
        delivery_timeout: Duration::ZERO,
        ..ProducerOptions::default()
    };
    let mut producer = Producer::new(client, options);
    while !stop.load(Ordering::SeqCst) {
        let record = NewRecord {
            value: Some("{\"amount\":5}".into()),
            ..NewRecord::default()
        };
        producer
            .send("orders", Some(partition), record)
            .await
            .map_err(|error| error.to_string())?;
        for delivery in producer.flush().await.map_err(|error| error.to_string())? {
            delivery.result.map_err(|refusal| format!("{refusal:?}"))?;
        }
        sent.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

fn bound() -> Node {
    let node = Node::start();
    let file = format!(
        "[plugins.mark]\nbuiltin = \"threshold-alert\"\nconfig = {}\n[topics.orders]\npartitions = {PARTITIONS}\nproduce = [\"mark\"]\n",
        "{ field = \"amount\", threshold = 1, value = \"1\" }"
    );
    node.file("orders.toml", &file);
    node.admin(&["apply", "orders.toml"]).json();
    node
}

/// Deploys a generation that marks every record with `mark`.
fn deploy(node: &Node, mark: &str, more: &[&str]) -> Came {
    let config = json!({ "field": "amount", "threshold": 1, "value": mark }).to_string();
    let deploy = [
        "plugin",
        "deploy",
        "builtin:threshold-alert",
        "--name",
        "mark",
        "--config",
        &config,
    ];
    node.admin(&[&deploy, more].concat())
}

/// Which mark each generation writes; a generation that restores another writes that one's.
type Marks = BTreeMap<u64, &'static str>;

/// Every record carries the mark of a generation that `why` says decided on it. Gives how many of each generation there are.
fn check(node: &Node, marks: &Marks) -> BTreeMap<u64, usize> {
    let mut count = BTreeMap::new();
    for record in node.records("orders") {
        let (partition, offset) = (&record["partition"], &record["offset"]);
        let path = format!("/v1/topics/orders/partitions/{partition}/offsets/{offset}/why");
        let answer = node.http(&format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            node.admin
        ));
        let why: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        let written = record["headers"][0][1].as_str().unwrap();
        let generation = |deciders: &Value| deciders[0]["generation"].as_u64().unwrap();
        let told: Vec<u64> = match why["known"].as_str().unwrap() {
            "noted" => vec![generation(&why["deciders"])],
            "one-of" => why["one_of"].as_array().unwrap().iter().map(generation).collect(),
            other => panic!("{other}: {why}"),
        };
        let right = told.iter().find(|generation| marks[generation] == written);
        assert!(right.is_some(), "{written} was written, {why}");
        *count.entry(*right.unwrap()).or_default() += 1;
    }
    count
}

#[test]
fn no_request_fails_and_every_record_knows_its_generation() {
    let node = bound();
    let producers = Producers::start(&node.kafka);
    let step = || producers.go_on(20);
    step();
    deploy(&node, "2", &["--shadow"]).json();
    step();
    let shadow = node.admin(&["plugin", "describe", "mark"]).json()["candidate"]["shadow"].clone();
    assert!(shadow["differences"]["edit -> edit"].as_u64().unwrap() > 0, "{shadow}");
    node.admin(&["plugin", "promote", "mark"]).json();
    step();
    deploy(&node, "3", &["--canary", "1"]).json();
    step();
    assert_eq!(
        node.admin(&["plugin", "rollback", "mark"]).json()["outcome"],
        "abandoned"
    );
    step();
    node.admin(&[
        "plugin",
        "deploy",
        "builtin:threshold-alert",
        "--name",
        "mark",
        "--config",
        "{}",
    ])
    .failed(1);
    node.admin(&[
        "plugin",
        "deploy",
        "builtin:letter-range-partitioner",
        "--name",
        "mark",
        "--config",
        "{}",
    ])
    .failed(1);
    step();
    deploy(&node, "4", &[]).json();
    step();
    assert_eq!(node.admin(&["plugin", "rollback", "mark"]).json()["restores"], 2);
    step();
    producers.stop();
    let marks: Marks = [(1, "1"), (2, "2"), (3, "3"), (4, "4"), (5, "2")].into();
    let count = check(&node, &marks);
    assert_eq!(count.len(), 5, "every generation decided on something: {count:?}");
    let node = Node::start_in(node.stop(), &[]);
    assert_eq!(check(&node, &marks), count);
}

/// The bug: the node dies while a generation takes another's place, and afterwards a record is said to be the wrong one's.
#[test]
fn a_node_that_is_killed_says_nothing_wrong() {
    let mut node = bound();
    let marks = ["1", "2", "3"];
    let told: Marks = (1..).zip(marks).collect();
    for mark in &marks[1..] {
        let producers = Producers::start(&node.kafka);
        producers.go_on(10);
        deploy(&node, mark, &[]).json();
        producers.go_on(1);
        node.signal("-KILL");
        let _ = node.ended();
        producers.stop.store(true, Ordering::SeqCst);
        for thread in producers.threads {
            thread.join().unwrap();
        }
        let folder = std::mem::replace(&mut node.folder, tempfile::tempdir().unwrap());
        node = Node::start_in(folder, &[]);
        check(&node, &told);
    }
}
