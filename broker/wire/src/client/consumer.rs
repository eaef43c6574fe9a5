//! A consumer: fetches partitions from an offset on, without a group.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corvid_record::{Batch, BatchError, Records, batches};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::fetch_response::PartitionData;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{FetchRequest, ListOffsetsRequest};

use super::{BrokerError, Client, ClientError, ConsumedRecord, topic_name};
use crate::limits;

/// From version 13 on, topics have ids instead.
const NEWEST_WITH_NAMES: i16 = 12;

/// How a consumer fetches.
#[derive(Debug, Clone)]
pub struct ConsumerOptions {
    /// How long the broker waits for records to arrive.
    pub max_wait: Duration,
    /// The most bytes of a response, unless a single batch is larger.
    pub max_bytes: i32,
    /// The most bytes of a partition in a response, unless a single batch is larger.
    pub partition_max_bytes: i32,
    /// Whether records of open and aborted transactions are kept back by the broker.
    pub read_committed: bool,
}

impl Default for ConsumerOptions {
    fn default() -> Self {
        Self {
            max_wait: Duration::from_millis(500),
            max_bytes: 50 * 1024 * 1024,
            partition_max_bytes: 1024 * 1024,
            read_committed: false,
        }
    }
}

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// At the first record there is.
    Earliest,
    /// Behind the last record there is.
    Latest,
    /// At the first record of this time (ms since the epoch) or later; behind the last, if there is none.
    Timestamp(i64),
}

/// Fetches partitions of topics.
pub struct Consumer {
    client: Client,
    options: ConsumerOptions,
    positions: BTreeMap<(Arc<str>, i32), Position>,
    /// Which partition comes first in the next fetch, so that each has its turn.
    turn: usize,
}

#[derive(Debug, Clone, Copy)]
struct Position {
    next: i64,
    high_watermark: Option<i64>,
}

impl Consumer {
    /// A consumer that fetches by `client`, and has no partition yet.
    pub fn new(client: Client, options: ConsumerOptions) -> Self {
        Self {
            client,
            options,
            positions: BTreeMap::new(),
            turn: 0,
        }
    }

    /// Its connection, for other requests.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Fetches a partition from this offset on.
    pub fn assign(&mut self, topic: &str, partition: i32, offset: i64) {
        self.positions.insert(
            (Arc::from(topic), partition),
            Position {
                next: offset,
                high_watermark: None,
            },
        );
    }

    /// Fetches all partitions of a topic.
    pub async fn assign_topic(&mut self, topic: &str, start: Start) -> Result<(), ClientError> {
        let count = self.client.partition_count(topic, false).await?;
        let offsets = self.offsets(topic, count, start).await?;
        for (partition, offset) in offsets {
            self.assign(topic, partition, offset);
        }
        Ok(())
    }

    /// The offset of the next record of a partition.
    pub fn position(&self, topic: &str, partition: i32) -> Option<i64> {
        self.positions
            .get(&(Arc::from(topic), partition))
            .map(|position| position.next)
    }

    /// Whether everything that was there at the last fetch has been given, for every partition.
    pub fn is_at_end(&self) -> bool {
        self.positions
            .values()
            .all(|position| position.high_watermark.is_some_and(|end| position.next >= end))
    }

    /// Fetches once. Empty when nothing arrived in time.
    pub async fn poll(&mut self) -> Result<Vec<ConsumedRecord>, ClientError> {
        if self.positions.is_empty() {
            return Ok(Vec::new());
        }
        let request = self.fetch_request();
        let response = self.client.request_at_most(NEWEST_WITH_NAMES, &request).await?;
        BrokerError::check(response.error_code, || "Fetch".to_owned())?;
        let mut records = Vec::new();
        for topic in &response.responses {
            for partition in &topic.partitions {
                self.take(topic.topic.as_str(), partition, &mut records)?;
            }
        }
        Ok(records)
    }

    fn take(&mut self, topic: &str, data: &PartitionData, out: &mut Vec<ConsumedRecord>) -> Result<(), ClientError> {
        let target = (Arc::from(topic), data.partition_index);
        let Some(position) = self.positions.get_mut(&target) else {
            return Ok(());
        };
        match ResponseError::try_from_code(data.error_code) {
            None => {}
            // A leader that moves, or isn't there yet: the next fetch will tell.
            Some(error) if error.is_retriable() => return Ok(()),
            Some(error) => {
                return Err(BrokerError {
                    what: format!("{topic}-{}", target.1),
                    error,
                }
                .into());
            }
        }
        position.high_watermark = Some(data.high_watermark);
        let bytes = data.records.as_ref().unwrap_or(&Bytes::new()).clone();
        for batch in batches(&bytes) {
            let batch = match batch {
                // Kafka may cut the last batch at the size that was asked for.
                Err(BatchError::Truncated { .. }) => break,
                Err(source) => return Err(batch_error(&target, source)),
                Ok(batch) => batch,
            };
            if batch.next_offset().0 > position.next {
                read_batch(&target, &batch, position.next, out)?;
                position.next = batch.next_offset().0;
            }
        }
        Ok(())
    }

    fn fetch_request(&mut self) -> FetchRequest {
        let turn = self.turn % self.positions.len();
        self.turn += 1;
        let mut topics: Vec<FetchTopic> = Vec::new();
        for ((name, partition), position) in self.positions.iter().skip(turn).chain(self.positions.iter().take(turn)) {
            let partition = FetchPartition::default()
                .with_partition(*partition)
                .with_current_leader_epoch(-1)
                .with_fetch_offset(position.next)
                .with_last_fetched_epoch(-1)
                .with_log_start_offset(-1)
                .with_partition_max_bytes(self.options.partition_max_bytes);
            match topics.last_mut().filter(|topic| topic.topic.as_str() == &**name) {
                Some(topic) => topic.partitions.push(partition),
                None => {
                    topics.push(
                        FetchTopic::default()
                            .with_topic(topic_name(name))
                            .with_partitions(vec![partition]),
                    );
                }
            }
        }
        FetchRequest::default()
            .with_replica_id((-1).into())
            .with_max_wait_ms(i32::try_from(self.options.max_wait.as_millis()).unwrap_or(i32::MAX))
            .with_min_bytes(1)
            .with_max_bytes(self.options.max_bytes)
            .with_isolation_level(i8::from(self.options.read_committed))
            .with_session_id(0)
            .with_session_epoch(-1)
            .with_topics(topics)
    }

    /// The offsets to begin at, of the first `count` partitions of a topic.
    async fn offsets(&mut self, topic: &str, count: i32, start: Start) -> Result<Vec<(i32, i64)>, ClientError> {
        let timestamp = match start {
            Start::Earliest => -2,
            Start::Latest => -1,
            Start::Timestamp(timestamp) => timestamp.max(0),
        };
        let found = self.list_offsets(topic, 0..count, timestamp).await?;
        let none: Vec<i32> = found
            .iter()
            .filter(|(_, offset)| *offset < 0)
            .map(|(partition, _)| *partition)
            .collect();
        let mut offsets: BTreeMap<i32, i64> = found.into_iter().collect();
        if !none.is_empty() {
            offsets.extend(self.list_offsets(topic, none, -1).await?);
        }
        Ok(offsets.into_iter().collect())
    }

    async fn list_offsets(
        &mut self,
        topic: &str,
        partitions: impl IntoIterator<Item = i32>,
        timestamp: i64,
    ) -> Result<Vec<(i32, i64)>, ClientError> {
        let partition = |index| {
            ListOffsetsPartition::default()
                .with_partition_index(index)
                .with_current_leader_epoch(-1)
                .with_timestamp(timestamp)
        };
        let wanted = ListOffsetsTopic::default()
            .with_name(topic_name(topic))
            .with_partitions(partitions.into_iter().map(partition).collect());
        let request = ListOffsetsRequest::default()
            .with_replica_id((-1).into())
            .with_isolation_level(i8::from(self.options.read_committed))
            .with_topics(vec![wanted]);
        let response = self.client.request(&request).await?;
        let mut offsets = Vec::new();
        for found in response.topics.iter().flat_map(|topic| &topic.partitions) {
            BrokerError::check(found.error_code, || format!("{topic}-{}", found.partition_index))?;
            offsets.push((found.partition_index, found.offset));
        }
        Ok(offsets)
    }
}

/// Gives the records of a batch from `from` on. Control batches have none for a client.
fn read_batch(
    target: &(Arc<str>, i32),
    batch: &Batch<'_>,
    from: i64,
    out: &mut Vec<ConsumedRecord>,
) -> Result<(), ClientError> {
    if batch.attributes().control {
        return Ok(());
    }
    let bad_batch = |source| batch_error(target, source);
    batch.verify_crc().map_err(bad_batch)?;
    let section = batch
        .records_section(limits::CLIENT_DECOMPRESSED_BYTES_MAX)
        .map_err(bad_batch)?;
    let copy = |bytes: Option<&[u8]>| bytes.map(Bytes::copy_from_slice);
    for record in Records::new(&section, batch.record_count()) {
        let record = record.map_err(|source| ClientError::Record {
            topic: target.0.to_string(),
            partition: target.1,
            source,
        })?;
        let offset = batch.base_offset().0 + i64::from(record.offset_delta);
        if offset >= from {
            out.push(ConsumedRecord {
                topic: Arc::clone(&target.0),
                partition: target.1,
                offset,
                timestamp: batch.timestamp_of(record.timestamp_delta).0,
                key: copy(record.key),
                value: copy(record.value),
                headers: record
                    .headers
                    .iter()
                    .map(|(key, value)| (Bytes::copy_from_slice(key), copy(value)))
                    .collect(),
            });
        }
    }
    Ok(())
}

fn batch_error((topic, partition): &(Arc<str>, i32), source: BatchError) -> ClientError {
    ClientError::Batch {
        topic: topic.to_string(),
        partition: *partition,
        source,
    }
}
