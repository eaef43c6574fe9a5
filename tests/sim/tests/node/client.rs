//! What a client was told, and what it finds when it reads everything back.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use corvid_env::{clock, random};
use corvid_sim::Outcome;
use corvid_wire::client::{
    Client, ClientError, ClientOptions, Consumer, ConsumerOptions, NewRecord, Producer, ProducerOptions, Start,
};

const TOPIC: &str = "orders";
const CONNECT_TRIES: u32 = 100;

/// The records are numbered; each goes to the partition of its number.
#[derive(Default)]
pub struct Ledger {
    acknowledged: Vec<u64>,
    wrong: Vec<String>,
    stopped: bool,
}

impl Ledger {
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    pub fn complain(&mut self, what: &str) {
        self.wrong.push(what.to_owned());
    }

    pub fn wrong(&self) -> &[String] {
        &self.wrong
    }

    pub fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    fn check(&mut self, found: &BTreeMap<i32, Vec<u64>>) {
        for (partition, numbers) in found {
            // Rising numbers are in order, and none is there twice.
            if let Some([first, second]) = numbers.array_windows().find(|[first, second]| first >= second) {
                self.wrong
                    .push(format!("partition {partition}: {first} comes before {second}"));
            }
        }
        let all: BTreeSet<u64> = found.values().flatten().copied().collect();
        let lost: Vec<&u64> = self
            .acknowledged
            .iter()
            .filter(|number| !all.contains(number))
            .collect();
        if let Some(first) = lost.first() {
            self.wrong.push(format!(
                "{} of {} are lost, the first is {first}",
                lost.len(),
                self.acknowledged.len()
            ));
        }
    }
}

fn options() -> ClientOptions {
    ClientOptions {
        connect_timeout: Duration::from_millis(300),
        request_timeout: Duration::from_secs(1),
        ..ClientOptions::default()
    }
}

/// The node may be down, and comes back; one that can't start never does.
async fn connect() -> Result<Client, ClientError> {
    for _ in 0..CONNECT_TRIES {
        if let Ok(client) = Client::connect("node:9092", options()).await {
            return Ok(client);
        }
        clock::sleep(Duration::from_millis(20)).await;
    }
    Client::connect("node:9092", options()).await
}

/// Produces numbered records, some at a time, until the ledger says stop.
pub async fn produce(ledger: Rc<RefCell<Ledger>>) -> Outcome {
    if let Err(error) = try_to_produce(&ledger).await {
        ledger.borrow_mut().complain(&format!("the producer: {error}"));
    }
    Ok(())
}

/// Reads everything that is there and compares.
pub async fn read_back(ledger: Rc<RefCell<Ledger>>) -> Outcome {
    match read_all().await {
        Ok(found) => ledger.borrow_mut().check(&found),
        Err(error) => ledger.borrow_mut().complain(&format!("the reader: {error}")),
    }
    Ok(())
}

async fn try_to_produce(ledger: &RefCell<Ledger>) -> Outcome {
    let options = ProducerOptions {
        backoff: Duration::from_millis(20),
        ..ProducerOptions::default()
    };
    let mut producer = Producer::new(connect().await?, options);
    let mut next = 0;
    while !ledger.borrow().stopped {
        let numbers: Vec<u64> = (next..=next + random::below(20)).collect();
        next += numbers.len() as u64;
        for number in &numbers {
            producer.send(TOPIC, None, record(*number)).await?;
        }
        let deliveries = producer.flush().await?;
        match deliveries.iter().find_map(|delivery| delivery.result.as_ref().err()) {
            None => ledger.borrow_mut().acknowledged.extend(numbers),
            Some(refusal) => ledger.borrow_mut().complain(&format!("refused: {refusal:?}")),
        }
    }
    Ok(())
}

fn record(number: u64) -> NewRecord {
    let mut value = vec![0; random::below(300) as usize];
    random::fill(&mut value);
    value.extend_from_slice(&number.to_be_bytes());
    let key = Bytes::copy_from_slice(&number.to_be_bytes());
    NewRecord {
        key: Some(key),
        value: Some(value.into()),
        ..NewRecord::default()
    }
}

async fn read_all() -> Result<BTreeMap<i32, Vec<u64>>, Box<dyn Error>> {
    let mut consumer = Consumer::new(connect().await?, ConsumerOptions::default());
    consumer.assign_topic(TOPIC, Start::Earliest).await?;
    let mut found: BTreeMap<i32, Vec<u64>> = BTreeMap::new();
    while !consumer.is_at_end() {
        for record in consumer.poll().await? {
            let key = record.key.ok_or("a record without its key")?;
            let number = u64::from_be_bytes(key[..].try_into()?);
            found.entry(record.partition).or_default().push(number);
        }
    }
    Ok(found)
}
