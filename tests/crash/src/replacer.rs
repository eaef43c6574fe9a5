//! A producer that writes the same few keys again and again to a topic that is compacted.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::bail;
use corvid_wire::client::{ClientError, NewRecord, Producer, ProducerOptions};

use crate::gate::GateKeeper;
use crate::rng::Rng;
use crate::setup::{self, KEPT, KEPT_PARTITIONS};

/// What its keys begin with.
pub const PREFIX: &str = "latest-";
/// How many there are.
const KEYS: u64 = 24;

/// What it has written under one key: numbers that grow.
#[derive(Debug, Clone, Copy, Default)]
pub struct Written {
    /// The newest that was sent.
    pub sent: u64,
    /// The newest that was acknowledged, if one was.
    pub acknowledged: Option<u64>,
}

/// By key.
pub type Replaced = BTreeMap<String, Written>;

/// The producer.
pub struct Replacer {
    written: Replaced,
    next: u64,
    rng: Rng,
}

impl Replacer {
    /// One that has written nothing.
    pub fn new(rng: Rng) -> Self {
        Self {
            written: Replaced::new(),
            next: 0,
            rng,
        }
    }

    /// Writes until it is to finish. An error is the broker's.
    pub async fn run(mut self, mut gate: GateKeeper) -> anyhow::Result<Replaced> {
        while let Some(address) = gate.pass().await {
            let written = async {
                let client = setup::patient_client(address, "replacer").await?;
                let options = ProducerOptions {
                    backoff: Duration::from_millis(5),
                    ..ProducerOptions::default()
                };
                self.write(Producer::new(client, options), &gate).await
            };
            match written.await {
                Ok(()) => break,
                Err(error) if error.downcast_ref().is_some_and(ClientError::is_retriable) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => return Err(error.context("the producer of the same keys")),
            }
        }
        Ok(self.written)
    }

    async fn write(&mut self, mut producer: Producer, gate: &GateKeeper) -> anyhow::Result<()> {
        while !gate.finishing() {
            let mut sent = BTreeMap::new();
            for _ in 0..self.rng.between(1, 8) {
                let slot = self.rng.below(KEYS);
                let (key, number) = (format!("{PREFIX}{slot}"), self.next);
                self.next += 1;
                self.written.entry(key.clone()).or_default().sent = number;
                let record = NewRecord {
                    key: Some(key.clone().into()),
                    value: Some(format!("{number} {}", "x".repeat(100)).into()),
                    ..NewRecord::default()
                };
                let partition = slot as i32 % KEPT_PARTITIONS;
                producer.send(KEPT, Some(partition), record).await?;
                sent.insert(key, number);
            }
            for delivery in producer.flush().await? {
                if let Err(refusal) = delivery.result {
                    bail!("a record with an old key is refused: {refusal:?}");
                }
            }
            for (key, number) in sent {
                self.written.entry(key).or_default().acknowledged = Some(number);
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        Ok(())
    }
}
