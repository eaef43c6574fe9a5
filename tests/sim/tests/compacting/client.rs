//! Clients of a compacted topic while the node dies under them: one produces, with keys that come again, and one reads everything, all
//! the time.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use bed::topics::check;
use bytes::Bytes;
use corvid_env::{clock, random};
use corvid_sim::Outcome;
use corvid_wire::client::{Client, ClientError, Consumer, ConsumerOptions, NewRecord, Producer, ProducerOptions};
use corvid_wire::kafka::error::ResponseError;
use serde_json::json;

use crate::connect::{connect, options};
use crate::ledger::{Found, LETTERS_AT, Ledger, Scan, TOMBSTONES_KEPT_MS};
use crate::topics;

/// What is bound to the topic.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Nothing: records stay where they are put.
    None,
    /// A validator that sends some records to the dead-letter topic by a coin: a retry would decide otherwise.
    Coins,
}

const PARTITIONS: i32 = 3;
const TOPIC: &str = "users";
const LETTERS: &str = "users.DLT";
const NUMBER: &str = "number";
/// Keys that come all the time.
const HOT_KEYS: u64 = 24;
/// And those that come once in a while: one record in so many.
const COLD_KEYS: u64 = 30;
const COLD_ONE_IN: u64 = 40;
const TOMBSTONE_ONE_IN: u64 = 4;

/// How long the reader waits for a node that is down.
const READ_AGAIN: Duration = Duration::from_millis(25);
/// A reading that takes longer may miss tombstones.
const SCAN_TIME: Duration = Duration::from_millis(TOMBSTONES_KEPT_MS as u64 / 3);
/// In this time what is left at the end is compacted.
const COMPACTION_TIME: Duration = Duration::from_secs(2);

/// Produces until the ledger says stop.
pub async fn produce(ledger: Rc<RefCell<Ledger>>, policy: Policy) -> Outcome {
    if let Err(error) = try_to_produce(&ledger, policy).await {
        ledger.borrow_mut().complain(format!("the producer: {error}"));
    }
    Ok(())
}

/// Reads everything, and what comes then, as often as the node lives for long enough.
pub async fn read(ledger: Rc<RefCell<Ledger>>, policy: Policy) -> Outcome {
    while !ledger.borrow().is_stopped() {
        if let Err(error) = try_to_read(&ledger, policy).await {
            complain_of(&ledger, &error);
        }
        clock::sleep(READ_AGAIN).await;
    }
    Ok(())
}

/// Reads everything when nothing dies any more: at once, and when all is compacted and the tombstones' time is over.
///
/// Where links begin, what they may still need is not compacted; elsewhere, everything is.
pub async fn read_at_the_end(ledger: Rc<RefCell<Ledger>>, policy: Policy) -> Outcome {
    for wait in [Duration::ZERO, Duration::from_millis(TOMBSTONES_KEPT_MS as u64)] {
        clock::sleep(wait + COMPACTION_TIME).await;
        let mut consumer = consumer().await?;
        match scan(&ledger, &mut consumer, policy).await {
            Ok(Some(scan)) if policy == Policy::None && scan.replaced() > 0 => {
                let what = format!("{} records are there that later ones have replaced", scan.replaced());
                ledger.borrow_mut().complain(what);
            }
            Ok(Some(_)) => {}
            Ok(None) => ledger.borrow_mut().complain("the end is not reached".to_owned()),
            Err(error) => ledger.borrow_mut().complain(format!("the last reader: {error}")),
        }
    }
    Ok(())
}

/// The node may be down, or the topic not there yet; but what was read is never out of range.
fn complain_of(ledger: &RefCell<Ledger>, error: &ClientError) {
    if let ClientError::Broker(broker) = error
        && broker.error == ResponseError::OffsetOutOfRange
    {
        ledger.borrow_mut().complain(format!("the reader: {error}"));
    }
}

async fn consumer() -> Result<Consumer, ClientError> {
    let client = Client::connect("node:9092", options()).await?;
    let options = ConsumerOptions {
        max_wait: Duration::from_millis(20),
        // Many fetches, between which much may be compacted.
        partition_max_bytes: 2048,
        ..ConsumerOptions::default()
    };
    Ok(Consumer::new(client, options))
}

/// On one connection, as long as it lasts.
async fn try_to_read(ledger: &RefCell<Ledger>, policy: Policy) -> Result<(), ClientError> {
    let mut consumer = consumer().await?;
    while !ledger.borrow().is_stopped() {
        if random::below(2) == 0 {
            scan(ledger, &mut consumer, policy).await?;
        } else {
            for place in places(policy) {
                let position = ledger.borrow().position(place);
                consumer.assign(topic_of(place), place % LETTERS_AT, position);
            }
        }
        for _ in 0..random::below(10) {
            take(ledger, &mut consumer).await?;
        }
    }
    Ok(())
}

/// The partitions there are; those of the letters have numbers of their own.
fn places(policy: Policy) -> impl Iterator<Item = i32> {
    let letters = if policy == Policy::Coins { PARTITIONS } else { 0 };
    (0..PARTITIONS).chain(LETTERS_AT..LETTERS_AT + letters)
}

fn topic_of(place: i32) -> &'static str {
    if place < LETTERS_AT { TOPIC } else { LETTERS }
}

/// Reads everything and compares; `None` if that takes too long.
async fn scan(ledger: &RefCell<Ledger>, consumer: &mut Consumer, policy: Policy) -> Result<Option<Scan>, ClientError> {
    let mut scan = ledger.borrow().begin_scan();
    let deadline = clock::now() + SCAN_TIME;
    places(policy).for_each(|place| consumer.assign(topic_of(place), place % LETTERS_AT, 0));
    while !consumer.is_at_end() {
        for found in take(ledger, consumer).await? {
            scan.saw(found);
        }
        if clock::now() > deadline {
            return Ok(None);
        }
    }
    ledger.borrow_mut().end_scan(&scan, clock::wall_clock().0);
    Ok(Some(scan))
}

async fn take(ledger: &RefCell<Ledger>, consumer: &mut Consumer) -> Result<Vec<Found>, ClientError> {
    let mut all = Vec::new();
    for record in consumer.poll().await? {
        let number = record.headers.iter().find(|(name, _)| **name == *NUMBER.as_bytes());
        let found = Found {
            place: record.partition + if *record.topic == *LETTERS { LETTERS_AT } else { 0 },
            offset: record.offset,
            number: number.map_or(u64::MAX, |(_, number)| number_of(number.as_ref())),
            key: number_of(record.key.as_ref()),
            is_tombstone: record.value.is_none(),
        };
        ledger.borrow_mut().saw(found);
        all.push(found);
    }
    Ok(all)
}

/// Something that was never sent, if it is none.
fn number_of(bytes: Option<&Bytes>) -> u64 {
    let bytes = bytes.and_then(|bytes| bytes[..].try_into().ok());
    bytes.map_or(u64::MAX, u64::from_be_bytes)
}

async fn try_to_produce(ledger: &RefCell<Ledger>, policy: Policy) -> Outcome {
    let mut client = connect().await?;
    create_topic(&mut client, policy).await?;
    let options = ProducerOptions {
        backoff: Duration::from_millis(20),
        ..ProducerOptions::default()
    };
    let mut producer = Producer::new(client, options);
    while !ledger.borrow().is_stopped() {
        let mut numbers = Vec::new();
        for _ in 0..=random::below(6) {
            let key = match random::below(COLD_ONE_IN) {
                0 => HOT_KEYS + random::below(COLD_KEYS),
                _ => random::below(HOT_KEYS),
            };
            let (number, record) = record(key, ledger);
            numbers.push(number);
            producer.send(TOPIC, Some(home(key)), record).await?;
        }
        let deliveries = producer.flush().await?;
        match deliveries.iter().find_map(|delivery| delivery.result.as_ref().err()) {
            None => {
                let stays = policy == Policy::None;
                let home = |key| stays.then(|| home(key));
                ledger.borrow_mut().acknowledge(&numbers, home);
            }
            Some(refusal) => ledger.borrow_mut().complain(format!("refused: {refusal:?}")),
        }
    }
    Ok(())
}

async fn create_topic(client: &mut Client, policy: Policy) -> Outcome {
    let coin = json!({ "behaviour": "coin-flip", "on": "bad", "seed": random::below(1 << 30) });
    let produce = json!([check(&coin, "dead-letter")]).to_string();
    let kept = TOMBSTONES_KEPT_MS.to_string();
    let mut configs = vec![
        ("cleanup.policy", "compact"),
        ("internal.segment.bytes", "3000"),
        ("segment.ms", "300"),
        ("min.cleanable.dirty.ratio", "0"),
        ("delete.retention.ms", &*kept),
    ];
    if policy == Policy::Coins {
        topics::create(client, LETTERS, PARTITIONS, &[configs[1]]).await?;
        configs.push(("corvid.produce", &produce));
    }
    topics::create(client, TOPIC, PARTITIONS, &configs).await
}

/// The partition that a key's records are sent to.
fn home(key: u64) -> i32 {
    key as i32 % PARTITIONS
}

fn record(key: u64, ledger: &RefCell<Ledger>) -> (u64, NewRecord) {
    // Others would be replaced before their time is over.
    let one_in = if key < HOT_KEYS { TOMBSTONE_ONE_IN } else { 2 };
    let is_tombstone = random::below(one_in) == 0;
    let number = ledger.borrow_mut().send(key, is_tombstone, clock::wall_clock().0);
    let value = match random::below(3) {
        0 => b"bad".to_vec(),
        _ => vec![b'x'; random::below(200) as usize],
    };
    let record = NewRecord {
        key: Some(Bytes::copy_from_slice(&key.to_be_bytes())),
        value: (!is_tombstone).then(|| value.into()),
        headers: vec![(NUMBER.to_owned(), Some(Bytes::copy_from_slice(&number.to_be_bytes())))],
        ..NewRecord::default()
    };
    (number, record)
}
