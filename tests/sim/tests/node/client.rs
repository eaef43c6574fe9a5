//! A client that produces numbered records while the node dies under it, and reads everything back at the end.

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use bed::topics::{self, binding, check};
use bytes::Bytes;
use corvid_env::{clock, random};
use corvid_sim::Outcome;
use corvid_wire::client::{
    Client, ClientError, ClientOptions, Consumer, ConsumerOptions, NewRecord, Producer, ProducerOptions, Start,
};
use serde_json::json;

use crate::ledger::{Found, Ledger};

/// What is bound to the topic.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Nothing: records stay where they are put.
    None,
    /// A partitioner that flips a coin on every call, and a validator that sends some records to the dead-letter topic by
    /// another coin: a retry would decide otherwise.
    Coins,
}

const TOPIC: &str = "orders";
const LETTERS: &str = "orders.DLT";
/// A node that does not come back within these never will.
const CONNECT_TRIES: u32 = 200;
/// What a link may need to deliver what is under way, in the world's time.
const DELIVERY_TIME: Duration = Duration::from_secs(60);

/// Produces numbered records, some at a time, until the ledger says stop.
pub async fn produce(ledger: Rc<RefCell<Ledger>>, policy: Policy) -> Outcome {
    if let Err(error) = try_to_produce(&ledger, policy).await {
        ledger.borrow_mut().complain(format!("the producer: {error}"));
    }
    Ok(())
}

/// Reads everything that is there and compares.
pub async fn read_back(ledger: Rc<RefCell<Ledger>>, policy: Policy) -> Outcome {
    match read_all(&ledger, policy).await {
        Ok(found) => ledger.borrow_mut().check(&found, policy == Policy::Coins),
        Err(error) => ledger.borrow_mut().complain(format!("the reader: {error}")),
    }
    Ok(())
}

async fn try_to_produce(ledger: &RefCell<Ledger>, policy: Policy) -> Outcome {
    let mut client = connect().await?;
    create_topics(&mut client, policy).await?;
    let options = ProducerOptions {
        backoff: Duration::from_millis(20),
        ..ProducerOptions::default()
    };
    let mut producer = Producer::new(client, options);
    let mut next = 0;
    while !ledger.borrow().is_stopped() {
        let numbers: Vec<u64> = (next..=next + random::below(20)).collect();
        next += numbers.len() as u64;
        for number in &numbers {
            producer.send(TOPIC, None, record(*number)).await?;
        }
        let deliveries = producer.flush().await?;
        match deliveries.iter().find_map(|delivery| delivery.result.as_ref().err()) {
            None => ledger.borrow_mut().acknowledge(numbers),
            Some(refusal) => ledger.borrow_mut().complain(format!("refused: {refusal:?}")),
        }
    }
    Ok(())
}

/// Creates the topics, however often the node dies of it.
async fn create_topics(client: &mut Client, policy: Policy) -> Outcome {
    let segments = ("internal.segment.bytes", "65536");
    let partitioner = binding(&json!({ "behaviour": "coin-flip", "seed": random::below(1 << 30) }));
    let letters = check(
        &json!({ "behaviour": "coin-flip", "on": "bad", "seed": random::below(1 << 30) }),
        "dead-letter",
    );
    let produce = json!([letters]).to_string();
    let bindings = [
        segments,
        ("corvid.partitioner", &*partitioner),
        ("corvid.produce", &produce),
    ];
    create_topic(client, LETTERS, &[segments]).await?;
    let configs = if policy == Policy::Coins {
        &bindings[..]
    } else {
        &bindings[..1]
    };
    create_topic(client, TOPIC, configs).await
}

async fn create_topic(client: &mut Client, name: &str, configs: &[(&str, &str)]) -> Outcome {
    for _ in 0..CONNECT_TRIES {
        // An earlier try may have created it, and died before it said so.
        if client.partition_count(name, false).await.is_ok() {
            return Ok(());
        }
        let _ = topics::create(client, name, 3, configs).await;
        clock::sleep(Duration::from_millis(20)).await;
    }
    Ok(topics::create(client, name, 3, configs).await?)
}

fn record(number: u64) -> NewRecord {
    let mut value = vec![b'x'; random::below(300) as usize];
    if random::below(4) == 0 {
        value = b"bad".to_vec();
    }
    let key = Bytes::copy_from_slice(&number.to_be_bytes());
    NewRecord {
        key: Some(key),
        value: Some(value.into()),
        ..NewRecord::default()
    }
}

async fn read_all(ledger: &RefCell<Ledger>, policy: Policy) -> Result<Vec<Found>, Box<dyn Error>> {
    let mut consumer = Consumer::new(connect().await?, ConsumerOptions::default());
    consumer.assign_topic(TOPIC, Start::Earliest).await?;
    if policy == Policy::Coins {
        consumer.assign_topic(LETTERS, Start::Earliest).await?;
    }
    let deadline = clock::now() + DELIVERY_TIME;
    let mut found = Vec::new();
    // What is moved arrives later; and when all is there, a second copy would have to be there, too.
    while clock::now() < deadline && !(consumer.is_at_end() && ledger.borrow().has_all(&found)) {
        take(&mut consumer, &mut found).await?;
    }
    for _ in 0..4 {
        take(&mut consumer, &mut found).await?;
    }
    Ok(found)
}

async fn take(consumer: &mut Consumer, found: &mut Vec<Found>) -> Outcome {
    for record in consumer.poll().await? {
        let key = record.key.ok_or("a record without its key")?;
        let number = u64::from_be_bytes(key[..].try_into()?);
        found.push(Found {
            topic: record.topic.to_string(),
            partition: record.partition,
            number,
        });
    }
    Ok(())
}

/// Calls the node again and again: it may be down, and comes back.
async fn connect() -> Result<Client, ClientError> {
    for _ in 0..CONNECT_TRIES {
        if let Ok(client) = Client::connect("node:9092", options()).await {
            return Ok(client);
        }
        clock::sleep(Duration::from_millis(20)).await;
    }
    Client::connect("node:9092", options()).await
}

fn options() -> ClientOptions {
    ClientOptions {
        connect_timeout: Duration::from_millis(300),
        request_timeout: Duration::from_secs(1),
        ..ClientOptions::default()
    }
}
