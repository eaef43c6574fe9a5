//! A consumer whose handler fails: what it fails on it produces to its retry topic, with all headers, and reads it there again.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bed::pipe::Pipe;
use bytes::Bytes;
use corvid_wire::client::{ClientError, ConsumedRecord, Consumer, ConsumerOptions};

use crate::gate::GateKeeper;
use crate::producer::is_lost;
use crate::read_back::found;
use crate::rng::Rng;
use crate::setup::{self, JOBS, JOBS_PARTITIONS, RETRY};

mod history;
mod lane;

pub use history::{Failure, RetryHistory};
use lane::{Failed, Lane};

/// How many of a hundred records fail at first, and then each time.
const FAIL_FIRST: u64 = 12;
const FAIL_AGAIN: u64 = 70;

/// What the consumer has done so far.
#[derive(Debug, Clone, Default)]
pub struct Retries(Arc<Mutex<RetryHistory>>);

impl Retries {
    /// As it is now.
    pub fn now(&self) -> MutexGuard<'_, RetryHistory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The consumer.
pub struct Worker {
    retries: Retries,
    rng: Rng,
    /// One for each partition of the retry topic.
    lanes: Vec<Lane>,
}

impl Worker {
    /// A consumer that has read nothing yet.
    pub fn new(mut rng: Rng, retries: Retries) -> Self {
        let lanes = (0..JOBS_PARTITIONS)
            .map(|partition| Lane::new(partition, rng.fork()))
            .collect();
        Self { retries, rng, lanes }
    }

    /// Reads, fails and produces until everything is over. An error is the broker's.
    pub async fn run(mut self, mut gate: GateKeeper) -> anyhow::Result<()> {
        while let Some(address) = gate.pass().await {
            match self.work(address, &gate).await {
                Ok(()) => {}
                Err(error) if may_pass(&error) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(error) => return Err(error.context("the consumer that fails")),
            }
        }
        Ok(())
    }

    async fn work(&mut self, address: SocketAddr, gate: &GateKeeper) -> anyhow::Result<()> {
        let client = setup::patient_client(address, "worker").await?;
        let options = ConsumerOptions {
            max_wait: Duration::from_millis(20),
            ..ConsumerOptions::default()
        };
        let mut consumer = Consumer::new(client, options);
        for topic in [JOBS, RETRY] {
            for index in 0..JOBS_PARTITIONS {
                let position = self.retries.now().position(topic, index);
                consumer.assign(topic, index, position);
            }
        }
        let mut pipe = Pipe::open(address).await?;
        while !gate.over() {
            lane::send(&mut self.lanes, &mut pipe, &self.retries, &mut self.rng).await?;
            for record in consumer.poll().await? {
                self.handle(&record, gate.finishing());
            }
        }
        Ok(())
    }

    /// Handles a record, and perhaps fails. When all comes to its end, nothing new fails.
    fn handle(&mut self, record: &ConsumedRecord, finishing: bool) {
        let came_back = &*record.topic == RETRY;
        let mut seen = found(record);
        seen.seen_at = Some(corvid_env::clock::wall_clock().0);
        let before = if came_back { seen.attempts.unwrap_or(0) } else { 0 };
        let fails = match came_back {
            true => self.rng.chance(FAIL_AGAIN),
            false => !finishing && self.rng.chance(FAIL_FIRST),
        };
        let mut retries = self.retries.now();
        let origin = if came_back {
            seen.origin
        } else {
            Some((record.partition, record.offset))
        };
        retries.read(&record.topic, record.partition, seen);
        if !fails {
            return;
        }
        let at = self.rng.below(self.lanes.len() as u64) as usize;
        let mut headers = record.headers.clone();
        let text = |name: &'static str, value: String| (Bytes::from_static(name.as_bytes()), Some(Bytes::from(value)));
        headers.push(text("corvid-retry-reason", format!("attempt {}", before + 1)));
        if !came_back {
            headers.push(text("corvid-retry-partition", record.partition.to_string()));
            headers.push(text("corvid-retry-offset", record.offset.to_string()));
        }
        let failed = Failed {
            key: record.key.clone().unwrap_or_default(),
            value: record.value.clone().unwrap_or_default(),
            headers,
            attempts: before + 1,
        };
        retries.failed(Failure {
            key: failed.key.to_vec(),
            value: failed.value.to_vec(),
            attempts: failed.attempts,
            partition: at as i32,
            origin,
            failed_at: corvid_env::clock::wall_clock().0,
            told: None,
        });
        self.lanes[at].push(failed);
    }
}

fn may_pass(error: &anyhow::Error) -> bool {
    is_lost(error) || error.downcast_ref().is_some_and(ClientError::is_retriable)
}
