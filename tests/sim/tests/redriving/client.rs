//! Clients while the node dies under them: one produces numbered records, one looks at the letters, and one reads everything back at
//! the end.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bed::topics::check;
use bytes::Bytes;
use corvid_env::{clock, random};
use corvid_pipeline::REDRIVEN_FROM_HEADER;
use corvid_sim::Outcome;
use corvid_wire::client::{
    Client, ClientError, ConsumedRecord, Consumer, ConsumerOptions, NewRecord, Producer, ProducerOptions, Start,
};
use serde_json::json;

use crate::connect::{connect, options};
use crate::ledger::{Found, Ledger};
use crate::topics;

/// When the topics' records are answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Once they are on the disk.
    Disk,
    /// As Kafka does: a power cut takes what was answered.
    Replicas,
}

const TOPIC: &str = "orders";
/// Where records go that a validator refuses.
pub const LETTERS: &str = "orders.DLT";
const PARTITIONS: i32 = 2;
/// How long the watcher waits for a node that is down.
const WATCH_AGAIN: Duration = Duration::from_millis(25);
/// What redrives and links may need for what is under way, in the world's time.
const DELIVERY_TIME: Duration = Duration::from_secs(60);
/// In this time a second copy would have come, too.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// Produces numbered records, some at a time, until the ledger says stop.
pub async fn produce(ledger: Rc<RefCell<Ledger>>, durability: Durability) -> Outcome {
    if let Err(error) = try_to_produce(&ledger, durability).await {
        ledger.borrow_mut().complain(format!("the producer: {error}"));
    }
    Ok(())
}

/// Notes all letters that it sees.
pub async fn watch(ledger: Rc<RefCell<Ledger>>) -> Outcome {
    while !ledger.borrow().is_stopped() {
        // The node is down, or the topic not there yet.
        let _ = try_to_watch(&ledger).await;
        clock::sleep(WATCH_AGAIN).await;
    }
    Ok(())
}

/// Reads everything, once all letters have left, or the time is over.
pub async fn read_back(ledger: Rc<RefCell<Ledger>>) -> Outcome {
    if let Err(error) = try_to_read_back(&ledger).await {
        ledger.borrow_mut().complain(format!("the reader: {error}"));
    }
    Ok(())
}

async fn try_to_watch(ledger: &RefCell<Ledger>) -> Result<(), ClientError> {
    let client = Client::connect("node:9092", options()).await?;
    let options = ConsumerOptions {
        max_wait: Duration::from_millis(50),
        ..ConsumerOptions::default()
    };
    let mut consumer = Consumer::new(client, options);
    consumer.assign_topic(LETTERS, Start::Earliest).await?;
    while !ledger.borrow().is_stopped() {
        for record in consumer.poll().await? {
            ledger.borrow_mut().saw_letter(number_of(&record));
        }
    }
    Ok(())
}

async fn try_to_produce(ledger: &RefCell<Ledger>, durability: Durability) -> Outcome {
    let mut client = connect().await?;
    let coin = json!({ "behaviour": "coin-flip", "on": "bad", "seed": random::below(1 << 30) });
    let produce = json!([check(&coin, "dead-letter")]).to_string();
    let mut configs = vec![("internal.segment.bytes", "8192")];
    if durability == Durability::Replicas {
        configs.push(("corvid.durability", "replicas"));
    }
    topics::create(&mut client, LETTERS, PARTITIONS, &configs).await?;
    configs.push(("corvid.produce", &produce));
    topics::create(&mut client, TOPIC, PARTITIONS, &configs).await?;
    let options = ProducerOptions {
        backoff: Duration::from_millis(20),
        ..ProducerOptions::default()
    };
    let mut producer = Producer::new(client, options);
    let mut next = 0;
    while !ledger.borrow().is_stopped() {
        let numbers: Vec<u64> = (next..=next + random::below(6)).collect();
        next += numbers.len() as u64;
        for number in &numbers {
            producer.send(TOPIC, None, record(*number)).await?;
        }
        // Under `replicas` what is refused is given up: a power cut has taken what was answered before it, and its sequence is not the
        // next one.
        let deliveries = producer.flush().await?;
        match deliveries.iter().find_map(|delivery| delivery.result.as_ref().err()) {
            None => ledger.borrow_mut().acknowledge(numbers),
            Some(refusal) if durability == Durability::Disk => {
                ledger.borrow_mut().complain(format!("refused: {refusal:?}"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn record(number: u64) -> NewRecord {
    let value = if random::below(2) == 0 { "bad" } else { "good" };
    NewRecord {
        key: Some(Bytes::copy_from_slice(&number.to_be_bytes())),
        value: Some(value.into()),
        ..NewRecord::default()
    }
}

async fn try_to_read_back(ledger: &RefCell<Ledger>) -> Result<(), ClientError> {
    let mut consumer = Consumer::new(connect().await?, ConsumerOptions::default());
    for topic in [TOPIC, LETTERS] {
        consumer.assign_topic(topic, Start::Earliest).await?;
    }
    let deadline = clock::now() + DELIVERY_TIME;
    take(ledger, &mut consumer).await?;
    while clock::now() < deadline && !(consumer.is_at_end() && ledger.borrow().is_complete()) {
        take(ledger, &mut consumer).await?;
    }
    let until = clock::now() + AFTERWARDS;
    while clock::now() < until || !consumer.is_at_end() {
        take(ledger, &mut consumer).await?;
    }
    Ok(())
}

async fn take(ledger: &RefCell<Ledger>, consumer: &mut Consumer) -> Result<(), ClientError> {
    for record in consumer.poll().await? {
        let from = record.headers.iter().find(|(name, _)| **name == *REDRIVEN_FROM_HEADER);
        let from = from.and_then(|(_, from)| from.as_ref());
        let found = Found {
            number: number_of(&record),
            partition: record.partition,
            offset: record.offset,
            redriven_from: from.map(|from| String::from_utf8_lossy(from).into_owned()),
        };
        ledger.borrow_mut().found(&*record.topic == LETTERS, found);
    }
    Ok(())
}

/// One that was never sent, if it is none.
fn number_of(record: &ConsumedRecord) -> u64 {
    let key = record.key.as_ref().and_then(|key| key[..].try_into().ok());
    key.map_or(u64::MAX, u64::from_be_bytes)
}
