//! Who is known by a client id, and what his fetches are answered, byte for byte.

use bytes::Bytes;
use corvid_record::{Batch, Compression, Offset, Records, batches};
use corvid_wire::client::{Client, ClientOptions, topic_name};
use corvid_wire::kafka::messages::fetch_request::{FetchPartition, FetchTopic};
use corvid_wire::kafka::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use corvid_wire::kafka::messages::{FetchRequest, ListOffsetsRequest};

use crate::scene::{NEWEST_WITH_NAMES, Scene};

/// A connection under a client id.
pub struct Reader(Client);

/// What there was of one partition.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The error code.
    pub error: i16,
    /// The high watermark that was told.
    pub high_watermark: i64,
    /// The log start that was told.
    pub log_start: i64,
    /// The batches.
    pub bytes: Bytes,
}

/// A record: offset, value, and headers.
pub type SeenRecord = (i64, String, Vec<(String, String)>);

/// What a Fetch asks of a partition: its index, and from where on.
pub fn fetch_partition(&(index, offset): &(i32, i64)) -> FetchPartition {
    FetchPartition::default()
        .with_partition(index)
        .with_current_leader_epoch(-1)
        .with_last_fetched_epoch(-1)
        .with_log_start_offset(-1)
        .with_fetch_offset(offset)
        .with_partition_max_bytes(1 << 20)
}

impl Scene {
    /// A reader who calls itself this.
    pub async fn reader(&self, client_id: &str) -> Reader {
        let options = ClientOptions {
            client_id: client_id.to_owned(),
            ..ClientOptions::default()
        };
        let address = self.node().address().to_string();
        Reader(Client::connect(&address, options).await.expect("the node answers"))
    }
}

impl Reader {
    /// Fetches partition 0 of each topic from the offset on.
    pub async fn fetch(&mut self, topics: &[(&str, i64)], max_wait_ms: i32) -> Vec<Seen> {
        self.at_least(1, topics, max_wait_ms).await
    }

    /// As [`Reader::fetch`], and waits for so many bytes.
    pub async fn at_least(&mut self, min_bytes: i32, topics: &[(&str, i64)], max_wait_ms: i32) -> Vec<Seen> {
        let topic = |(name, offset): &(&str, i64)| {
            FetchTopic::default()
                .with_topic(topic_name(name))
                .with_partitions(vec![fetch_partition(&(0, *offset))])
        };
        let request = FetchRequest::default()
            .with_max_wait_ms(max_wait_ms)
            .with_min_bytes(min_bytes)
            .with_max_bytes(50 << 20)
            .with_topics(topics.iter().map(topic).collect());
        let answer = self.0.request_at_most(NEWEST_WITH_NAMES, &request).await;
        let answer = answer.expect("Fetch is answered");
        let seen = |topic: &corvid_wire::kafka::messages::fetch_response::FetchableTopicResponse| {
            let partition = &topic.partitions[0];
            Seen {
                error: partition.error_code,
                high_watermark: partition.high_watermark,
                log_start: partition.log_start_offset,
                bytes: partition.records.clone().unwrap_or_default(),
            }
        };
        answer.responses.iter().map(seen).collect()
    }

    /// Fetches one topic.
    pub async fn one(&mut self, topic: &str, offset: i64, max_wait_ms: i32) -> Seen {
        self.fetch(&[(topic, offset)], max_wait_ms).await.remove(0)
    }

    /// What ListOffsets tells it as the end of partition 0.
    pub async fn end(&mut self, topic: &str) -> i64 {
        let partition = ListOffsetsPartition::default()
            .with_current_leader_epoch(-1)
            .with_timestamp(-1);
        let topic = ListOffsetsTopic::default()
            .with_name(topic_name(topic))
            .with_partitions(vec![partition]);
        let request = ListOffsetsRequest::default()
            .with_replica_id((-1).into())
            .with_topics(vec![topic]);
        let answer = self.0.request(&request).await.expect("ListOffsets is answered");
        let found = &answer.topics[0].partitions[0];
        assert_eq!(found.error_code, 0);
        found.offset
    }
}

impl Seen {
    /// The batches, each with a good checksum.
    pub fn batches(&self) -> Vec<Batch<'_>> {
        let all = batches(&self.bytes).map(|batch| batch.expect("a whole batch"));
        all.inspect(|batch| batch.verify_crc().expect("its checksum")).collect()
    }

    /// The records at or behind the offset, as a consumer that stands there takes them.
    pub fn records(&self, from: i64) -> Vec<SeenRecord> {
        let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or(b"null")).into_owned();
        let mut all = Vec::new();
        for batch in self.batches() {
            let section = batch.records_section(1 << 26).expect("it decompresses");
            for record in Records::new(&section, batch.record_count()) {
                let record = record.expect("a record");
                let headers = record.headers.iter().map(|(key, value)| (text(Some(key)), text(value)));
                let offset = batch.base_offset() + i64::from(record.offset_delta);
                all.push((offset.0, text(record.value), headers.collect()));
            }
        }
        all.retain(|(offset, ..)| *offset >= from);
        all
    }

    /// Offsets and values of the records.
    pub fn values(&self, from: i64) -> Vec<(i64, String)> {
        let records = self.records(from).into_iter();
        records.map(|(offset, value, _)| (offset, value)).collect()
    }

    /// Base offset, next offset and codec of each batch.
    pub fn frames(&self) -> Vec<(Offset, Offset, Compression)> {
        let batches = self.batches().into_iter();
        batches
            .map(|batch| (batch.base_offset(), batch.next_offset(), batch.compression()))
            .collect()
    }
}
