//! A reader of one topic that has the log deleted behind it: what it has read is nowhere else then. So retention goes on all the
//! time, and what is held where it wants to delete has to be carried on.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use corvid_wire::client::{BrokerError, Client, ClientError, Consumer, ConsumerOptions, topic_name};
use corvid_wire::kafka::messages::DeleteRecordsRequest;
use corvid_wire::kafka::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};

use crate::checker::{Logs, Violation};
use crate::gate::GateKeeper;
use crate::read_back::found;
use crate::rng::Rng;
use crate::setup;

/// What has been read so far.
pub type Watched = Arc<Mutex<Logs>>;

/// The reader.
pub struct Watcher {
    topic: &'static str,
    partitions: i32,
    watched: Watched,
    rng: Rng,
}

impl Watcher {
    /// A reader of a topic with so many partitions.
    pub fn new(topic: &'static str, partitions: i32, watched: Watched, rng: Rng) -> Self {
        Self {
            topic,
            partitions,
            watched,
            rng,
        }
    }

    /// Reads and deletes until everything is over. An error is the broker's.
    pub async fn run(mut self, mut gate: GateKeeper) -> anyhow::Result<()> {
        while let Some(address) = gate.pass().await {
            match self.read(address, &gate).await {
                Ok(()) => {}
                Err(error) if error.is_retriable() => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(error) => return Err(anyhow::Error::from(error).context("the reader that deletes")),
            }
        }
        Ok(())
    }

    async fn read(&mut self, address: SocketAddr, gate: &GateKeeper) -> Result<(), ClientError> {
        let client = setup::patient_client(address, "watcher").await?;
        let mut consumer = Consumer::new(
            client,
            ConsumerOptions {
                max_wait: Duration::from_millis(20),
                ..ConsumerOptions::default()
            },
        );
        for index in 0..self.partitions {
            consumer.assign(self.topic, index, self.position(index));
        }
        while !gate.over() {
            let records = consumer.poll().await?;
            let now = corvid_env::clock::wall_clock().0;
            for record in records {
                let mut found = found(&record);
                found.seen_at = Some(now);
                let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
                watched.entry((record.topic, record.partition)).or_default().push(found);
            }
            if self.rng.chance(20) {
                let index = self.rng.below(self.partitions as u64) as i32;
                delete_below(consumer.client(), self.topic, index, self.position(index)).await?;
            }
        }
        Ok(())
    }

    fn position(&self, index: i32) -> i64 {
        let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        let last = watched.get(&(self.topic.into(), index)).and_then(|log| log.last());
        last.map_or(0, |found| found.offset + 1)
    }
}

async fn delete_below(client: &mut Client, topic: &str, index: i32, offset: i64) -> Result<(), ClientError> {
    let partition = DeleteRecordsPartition::default()
        .with_partition_index(index)
        .with_offset(offset);
    let topic = DeleteRecordsTopic::default()
        .with_name(topic_name(topic))
        .with_partitions(vec![partition]);
    let request = DeleteRecordsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(10_000);
    let response = client.request(&request).await?;
    for partition in response.topics.iter().flat_map(|topic| &topic.partitions) {
        BrokerError::check(partition.error_code, || format!("DeleteRecords up to {offset}"))?;
    }
    Ok(())
}

/// All that was read so far.
pub fn copy(watched: &Watched) -> Logs {
    watched.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Puts what was read and then deleted before what was read back. What was read and not deleted must be there as it was.
pub fn complete(logs: &mut Logs, watched: Logs) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (partition, mut seen) in watched {
        let left = logs.remove(&partition).unwrap_or_default();
        let start = left.first().map_or(i64::MAX, |found| found.offset);
        for found in &mut seen {
            let there = left.binary_search_by_key(&found.offset, |left| left.offset);
            let there = there.ok().map(|at| &left[at]);
            if found.offset >= start && there.is_none_or(|there| there.key != found.key) {
                let what = format!("{found:?} was read in {partition:?}; now there is {there:?}");
                violations.push(Violation::Misplaced(what));
            }
        }
        let last = seen.last().map_or(-1, |found| found.offset);
        seen.extend(left.into_iter().filter(|found| found.offset > last));
        logs.insert(partition, seen);
    }
    violations
}
