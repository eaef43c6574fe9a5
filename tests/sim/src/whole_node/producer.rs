//! Producers of numbered records.

use std::time::Duration;

use bytes::Bytes;
use corvid_env::random;
use corvid_wire::client::{Client, ConsumedRecord, NewRecord, Producer, ProducerOptions};

use super::Ledger;
use crate::Outcome;

/// The header that has a record's number.
const NUMBER: &str = "number";

/// When a topic's records are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Once they are on the disk.
    Disk,
    /// As Kafka does: a power cut takes what was answered.
    Replicas,
}

impl Durability {
    /// The config that a topic is created with.
    pub fn config(self) -> (&'static str, &'static str) {
        let value = match self {
            Self::Disk => "disk",
            Self::Replicas => "replicas",
        };
        ("corvid.durability", value)
    }
}

/// What a producer sends, and where.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// The topic.
    pub topic: &'static str,
    /// How many records it sends before it waits for the answers, at most.
    pub batch_max: u64,
    /// What the topic has.
    pub durability: Durability,
}

impl Workload {
    /// Produces until the ledger says stop: what `record` makes of a number, to the partition that it says.
    pub async fn produce<Own>(
        self,
        client: Client,
        ledger: &Ledger<Own>,
        mut record: impl FnMut(u64) -> (Option<i32>, NewRecord),
    ) -> Outcome {
        let options = ProducerOptions {
            backoff: Duration::from_millis(20),
            ..ProducerOptions::default()
        };
        let mut producer = Producer::new(client, options);
        while !ledger.is_stopped() {
            let numbers: Vec<u64> = (0..=random::below(self.batch_max))
                .map(|_| ledger.count_sent())
                .collect();
            for number in &numbers {
                let (partition, record) = record(*number);
                producer.send(self.topic, partition, record).await?;
            }
            let deliveries = producer.flush().await?;
            match deliveries.iter().find_map(|delivery| delivery.result.as_ref().err()) {
                None => ledger.acknowledge(numbers),
                Some(refusal) if self.durability == Durability::Disk => {
                    ledger.complain(format!("refused: {refusal:?}"));
                }
                // It is given up: a power cut has taken what was answered before it, and its sequence is not the next one.
                Some(_) => {}
            }
        }
        Ok(())
    }
}

/// A record that can be recognised, with its number as its key, too.
pub fn numbered(number: u64, value: impl Into<Bytes>) -> NewRecord {
    NewRecord {
        key: Some(key(number)),
        value: Some(value.into()),
        headers: vec![(NUMBER.to_owned(), Some(key(number)))],
        ..NewRecord::default()
    }
}

/// A number as a key.
pub fn key(number: u64) -> Bytes {
    Bytes::copy_from_slice(&number.to_be_bytes())
}

/// The number that [`numbered`] gave a record.
pub fn number_of(record: &ConsumedRecord) -> Option<u64> {
    let (_, number) = record.headers.iter().find(|(name, _)| *name == NUMBER)?;
    let number = number.as_ref()?[..].try_into().ok()?;
    Some(u64::from_be_bytes(number))
}
