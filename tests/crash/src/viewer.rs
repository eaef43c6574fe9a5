//! A reader that sees a topic through a view, and sometimes reads again what it has read.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use corvid_wire::client::{ClientError, Consumer, ConsumerOptions};

use crate::checker::Logs;
use crate::gate::GateKeeper;
use crate::history::{Found, PartitionName};
use crate::read_back::{found, read_back_as};
use crate::rng::Rng;
use crate::setup::{self, CARDS, VIEWER};

/// What a viewer has seen.
#[derive(Debug, Clone, Default)]
pub struct ViewHistory {
    /// By offset; what was seen twice is there once, as it was seen last.
    pub seen: BTreeMap<PartitionName, BTreeMap<i64, Found>>,
    /// How far it has read without leaving anything out.
    pub read_to: BTreeMap<PartitionName, i64>,
    /// All that there is to see at the end.
    pub at_the_end: Logs,
    /// What it saw that was not as before.
    pub complaints: Vec<String>,
    /// How many records it has seen, those that it saw again included.
    pub count: usize,
}

/// The reader.
pub struct Viewer {
    history: ViewHistory,
    partitions: i32,
    rng: Rng,
}

impl Viewer {
    /// A reader that has seen nothing of so many partitions.
    pub fn new(partitions: i32, rng: Rng) -> Self {
        Self {
            history: ViewHistory::default(),
            partitions,
            rng,
        }
    }

    /// Reads until everything is over. An error is the broker's.
    pub async fn run(mut self, mut gate: GateKeeper) -> anyhow::Result<ViewHistory> {
        while let Some(address) = gate.pass().await {
            match self.read(address, &gate).await {
                Ok(()) => {}
                Err(error) if error.is_retriable() => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(error) => return Err(anyhow::Error::from(error).context("the reader with a view")),
            }
        }
        Ok(self.history)
    }

    async fn read(&mut self, address: SocketAddr, gate: &GateKeeper) -> Result<(), ClientError> {
        let client = setup::patient_client(address, VIEWER).await?;
        let options = ConsumerOptions {
            max_wait: Duration::from_millis(20),
            partition_max_bytes: self.rng.pick(&[2_000, 20_000, 1 << 20]),
            ..ConsumerOptions::default()
        };
        let mut consumer = Consumer::new(client, options);
        for index in 0..self.partitions {
            consumer.assign(CARDS, index, self.start(index));
        }
        while !gate.over() {
            for record in consumer.poll().await? {
                self.saw((record.topic.clone(), record.partition), found(&record));
            }
            for index in 0..self.partitions {
                let position = consumer.position(CARDS, index).unwrap_or(0);
                let read_to = self.history.read_to.entry((CARDS.into(), index)).or_default();
                *read_to = position.max(*read_to);
                if self.rng.chance(1) {
                    consumer.assign(CARDS, index, self.start(index));
                }
            }
        }
        Ok(())
    }

    /// Where it goes on, or some way before that.
    fn start(&mut self, index: i32) -> i64 {
        let read_to = self.history.read_to.get(&(CARDS.into(), index)).copied().unwrap_or(0);
        let back = if self.rng.chance(50) { self.rng.below(400) } else { 0 };
        (read_to - back as i64).max(0)
    }

    fn saw(&mut self, partition: PartitionName, found: Found) {
        self.history.count += 1;
        let seen = self.history.seen.entry(partition).or_default();
        if let Some(before) = seen.insert(found.offset, found.clone())
            && before.key != found.key
        {
            self.history
                .complaints
                .push(format!("{before:?} was seen, and then {found:?}"));
        }
    }
}

/// What a viewer sees who comes when everything is over.
pub async fn see_all(history: &mut ViewHistory, address: SocketAddr) -> Result<(), ClientError> {
    history.at_the_end = read_back_as(VIEWER, address, &[CARDS]).await?;
    Ok(())
}
