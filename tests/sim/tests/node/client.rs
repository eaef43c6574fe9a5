//! A client that produces numbered records while the node dies under it, and reads everything back at the end.

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use bed::topics::{binding, check};
use bytes::Bytes;
use corvid_env::{clock, random};
use corvid_sim::Outcome;
use corvid_wire::client::{Client, Consumer, ConsumerOptions, NewRecord, Producer, ProducerOptions, Start, topic_name};
use corvid_wire::kafka::messages::DeleteRecordsRequest;
use corvid_wire::kafka::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use serde_json::json;

use crate::connect::{connect, options};
use crate::ledger::{Found, Ledger};
use crate::topics;

/// What is bound to the topic.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// Nothing: records stay where they are put.
    None,
    /// A partitioner that flips a coin on every call, and a validator that sends some records to the dead-letter topic by
    /// another coin: a retry would decide otherwise.
    Coins,
    /// Records ask to be delivered later, and the log is deleted behind a reader; a validator sends some to the dead-letter topic.
    Later,
}

const PARTITIONS: i32 = 3;
const TOPIC: &str = "orders";
const LETTERS: &str = "orders.DLT";
/// What a link may need to deliver what is under way, in the world's time.
const DELIVERY_TIME: Duration = Duration::from_secs(60);
/// What is held may come so much later: a clock that has jumped is not believed at once, nor when it has jumped back.
const RELEASE_TIME: Duration = Duration::from_mins(5);

/// How long the reader waits for a node that is down.
const WATCH_AGAIN: Duration = Duration::from_millis(25);

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
        Ok(found) => {
            let now = clock::wall_clock().0;
            ledger.borrow_mut().check(found, policy == Policy::Coins, now);
        }
        Err(error) => ledger.borrow_mut().complain(format!("the reader: {error}")),
    }
    Ok(())
}

/// Reads the topic while the node dies and comes back, and has the log deleted behind it.
pub async fn watch(ledger: Rc<RefCell<Ledger>>) -> Outcome {
    while !ledger.borrow().is_stopped() {
        // The node is down, or the topic not there yet.
        let _ = try_to_watch(&ledger).await;
        clock::sleep(WATCH_AGAIN).await;
    }
    Ok(())
}

async fn try_to_watch(ledger: &RefCell<Ledger>) -> Outcome {
    let client = Client::connect("node:9092", options()).await?;
    let options = ConsumerOptions {
        max_wait: Duration::from_millis(20),
        ..ConsumerOptions::default()
    };
    let mut consumer = Consumer::new(client, options);
    for partition in 0..PARTITIONS {
        consumer.assign(TOPIC, partition, ledger.borrow().position(TOPIC, partition));
    }
    let mut found = Vec::new();
    while !ledger.borrow().is_stopped() {
        take(&mut consumer, &mut found).await?;
        let now = clock::wall_clock().0;
        found.drain(..).for_each(|found| ledger.borrow_mut().saw(&found, now));
        let partition = random::below(PARTITIONS as u64) as i32;
        let position = ledger.borrow().position(TOPIC, partition);
        delete_below(consumer.client(), partition, position).await?;
    }
    Ok(())
}

async fn delete_below(client: &mut Client, partition: i32, offset: i64) -> Outcome {
    let partition = DeleteRecordsPartition::default()
        .with_partition_index(partition)
        .with_offset(offset);
    let topic = DeleteRecordsTopic::default()
        .with_name(topic_name(TOPIC))
        .with_partitions(vec![partition]);
    client
        .request(
            &DeleteRecordsRequest::default()
                .with_topics(vec![topic])
                .with_timeout_ms(1_000),
        )
        .await?;
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
            let record = record(*number, policy, ledger);
            producer.send(TOPIC, None, record).await?;
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
    topics::create(client, LETTERS, PARTITIONS, &[segments]).await?;
    let smaller = ("internal.segment.bytes", "16384");
    let later = [smaller, ("corvid.delay.max.ms", "31536000000"), bindings[2]];
    let configs = match policy {
        Policy::None => &bindings[..1],
        Policy::Coins => &bindings[..],
        Policy::Later => &later[..],
    };
    topics::create(client, TOPIC, PARTITIONS, configs).await
}

fn record(number: u64, policy: Policy, ledger: &RefCell<Ledger>) -> NewRecord {
    let mut value = vec![b'x'; random::below(300) as usize];
    if random::below(4) == 0 {
        value = b"bad".to_vec();
    }
    let key = Bytes::copy_from_slice(&number.to_be_bytes());
    let mut headers = Vec::new();
    if policy == Policy::Later && random::below(2) == 0 {
        let ms = if random::below(10) == 0 {
            random::below(20_000)
        } else {
            random::below(400)
        };
        // By the right time, whatever the node's clock says.
        let due = clock::wall_clock().0 + ms as i64;
        ledger.borrow_mut().ask(number, due);
        headers.push(("corvid-deliver-at".to_owned(), Some(due.to_string().into())));
    }
    NewRecord {
        key: Some(key),
        value: Some(value.into()),
        headers,
        ..NewRecord::default()
    }
}

async fn read_all(ledger: &RefCell<Ledger>, policy: Policy) -> Result<Vec<Found>, Box<dyn Error>> {
    let mut consumer = Consumer::new(connect().await?, ConsumerOptions::default());
    consumer.assign_topic(TOPIC, Start::Earliest).await?;
    if policy != Policy::None {
        consumer.assign_topic(LETTERS, Start::Earliest).await?;
    }
    let time = if policy == Policy::Later {
        RELEASE_TIME
    } else {
        DELIVERY_TIME
    };
    let deadline = clock::now() + time;
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
            offset: record.offset,
            number,
        });
    }
    Ok(())
}
