//! What consumers see.

use corvid_wire::client::{Consumer, ConsumerOptions, topic_name};
use corvid_wire::kafka::messages::ListOffsetsRequest;
use corvid_wire::kafka::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};

pub use corvid_wire::client::ConsumedRecord;

use crate::scene::Scene;

/// A partition's first and next offset, as ListOffsets tells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The earliest offset.
    pub start: i64,
    /// The latest.
    pub end: i64,
}

impl Scene {
    /// What ListOffsets tells of a partition.
    pub async fn range(&self, topic: &str, partition: i32) -> Range {
        const EARLIEST: i64 = -2;
        const LATEST: i64 = -1;
        Range {
            start: self.offset(topic, partition, EARLIEST).await,
            end: self.offset(topic, partition, LATEST).await,
        }
    }

    async fn offset(&self, topic: &str, partition: i32, timestamp: i64) -> i64 {
        let asked = ListOffsetsPartition::default()
            .with_partition_index(partition)
            .with_current_leader_epoch(-1)
            .with_timestamp(timestamp);
        let topic = ListOffsetsTopic::default()
            .with_name(topic_name(topic))
            .with_partitions(vec![asked]);
        let request = ListOffsetsRequest::default()
            .with_replica_id((-1).into())
            .with_topics(vec![topic]);
        let response = self
            .client()
            .await
            .request(&request)
            .await
            .expect("ListOffsets is answered");
        let found = &response.topics[0].partitions[0];
        assert_eq!(found.error_code, 0);
        found.offset
    }

    /// Every record of a partition that a consumer can have right now, without waiting for any.
    pub async fn read(&self, topic: &str, partition: i32) -> Vec<ConsumedRecord> {
        let options = ConsumerOptions {
            max_wait: std::time::Duration::ZERO,
            ..ConsumerOptions::default()
        };
        let start = self.range(topic, partition).await.start;
        let mut consumer = Consumer::new(self.client().await, options);
        consumer.assign(topic, partition, start);
        let mut records = consumer.poll().await.expect("Fetch is answered");
        while !consumer.is_at_end() {
            let more = consumer.poll().await.expect("Fetch is answered");
            assert!(!more.is_empty(), "below the end, a fetch has records");
            records.extend(more);
        }
        records
    }

    /// Keys and offsets of a partition's records.
    pub async fn keys(&self, topic: &str, partition: i32) -> Vec<(String, i64)> {
        let records = self.read(topic, partition).await;
        records
            .iter()
            .map(|record| (text(record.key.as_ref()), record.offset))
            .collect()
    }
}

/// A key or a value that is text.
pub fn text(bytes: Option<&bytes::Bytes>) -> String {
    bytes.map_or_else(
        || "null".to_owned(),
        |bytes| String::from_utf8_lossy(bytes).into_owned(),
    )
}

/// The text of the header, which must be there once.
pub fn header(record: &ConsumedRecord, name: &str) -> String {
    let found: Vec<_> = record
        .headers
        .iter()
        .filter(|(key, _)| &key[..] == name.as_bytes())
        .collect();
    assert_eq!(found.len(), 1, "header {name} of {record:?}");
    text(found[0].1.as_ref())
}
