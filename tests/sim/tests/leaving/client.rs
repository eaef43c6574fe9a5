//! A client that produces numbered records while the node dies under it, and reads everything back at the end.

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use bed::topics::check;
use bytes::Bytes;
use corvid_env::{clock, random};
use corvid_sim::Outcome;
use corvid_wire::client::{Consumer, ConsumerOptions, NewRecord, Producer, ProducerOptions, Start};
use serde_json::json;

use crate::connect::connect;
use crate::ledger::{Ledger, leaves};
use crate::topics;

const TOPIC: &str = "orders";
/// Where records go that a validator refuses.
pub const LETTERS: &str = "orders.DLT";
/// Where letters are redriven to.
pub const AGAIN: &str = "again";
/// What a link may need to deliver what is under way, in the world's time.
const DELIVERY_TIME: Duration = Duration::from_secs(60);
/// In this time a second copy would have come, too.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// Produces numbered records, some at a time, until the ledger says stop.
pub async fn produce(ledger: Rc<RefCell<Ledger>>, redrives: bool) -> Outcome {
    if let Err(error) = try_to_produce(&ledger, redrives).await {
        ledger.borrow_mut().complain(format!("the producer: {error}"));
    }
    Ok(())
}

/// Reads everything that is there and compares.
pub async fn read_back(ledger: Rc<RefCell<Ledger>>, redrives: bool) -> Outcome {
    let target = if redrives { AGAIN } else { LETTERS };
    for topic in [TOPIC, LETTERS, AGAIN] {
        let is_target = topic == target;
        match read_all(&ledger, topic, is_target).await {
            Ok(found) => ledger.borrow_mut().check(topic, &found, is_target),
            Err(error) => ledger.borrow_mut().complain(format!("the reader: {error}")),
        }
    }
    Ok(())
}

async fn try_to_produce(ledger: &RefCell<Ledger>, redrives: bool) -> Outcome {
    let mut client = connect().await?;
    let letters = check(&json!({ "behaviour": "refuse", "on": "bad" }), "dead-letter");
    let produce = json!([letters]).to_string();
    let replicas = ("corvid.durability", "replicas");
    topics::create(&mut client, AGAIN, 1, &[]).await?;
    let of_letters: &[_] = if redrives { &[replicas] } else { &[] };
    topics::create(&mut client, LETTERS, 1, of_letters).await?;
    topics::create(&mut client, TOPIC, 1, &[replicas, ("corvid.produce", &produce)]).await?;
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
        // What was refused is given up: a power cut has taken what was answered before it, and its sequence is not the next one.
        let deliveries = producer.flush().await?;
        if deliveries.iter().all(|delivery| delivery.result.is_ok()) {
            ledger.borrow_mut().acknowledge(numbers);
        }
    }
    Ok(())
}

fn record(number: u64) -> NewRecord {
    let value = if leaves(number) { "bad" } else { "good" };
    NewRecord {
        key: Some(Bytes::copy_from_slice(&number.to_be_bytes())),
        value: Some(value.into()),
        ..NewRecord::default()
    }
}

async fn read_all(ledger: &RefCell<Ledger>, topic: &str, is_target: bool) -> Result<Vec<u64>, Box<dyn Error>> {
    let mut consumer = Consumer::new(connect().await?, ConsumerOptions::default());
    consumer.assign_topic(topic, Start::Earliest).await?;
    let deadline = clock::now() + DELIVERY_TIME;
    let mut found = Vec::new();
    while clock::now() < deadline && is_target && !ledger.borrow().lacks(&found).is_empty() {
        take(&mut consumer, &mut found).await?;
    }
    let until = clock::now() + AFTERWARDS;
    while clock::now() < until || !consumer.is_at_end() {
        take(&mut consumer, &mut found).await?;
    }
    Ok(found)
}

async fn take(consumer: &mut Consumer, found: &mut Vec<u64>) -> Outcome {
    for record in consumer.poll().await? {
        let key = record.key.ok_or("a record without its key")?;
        found.push(u64::from_be_bytes(key[..].try_into()?));
    }
    Ok(())
}
