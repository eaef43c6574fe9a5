//! A batch that is ready to be sent, and sent again as it is.

use std::time::Duration;

use bytes::Bytes;
use corvid_env::clock;
use corvid_record::{BatchBuilder, Compression, Producer, RecordParts, Sequence, Timestamp};
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::produce_response::PartitionProduceResponse;
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};

use super::{Acks, Refusal, Target};
use crate::client::{ClientError, NewRecord, topic_name};

/// From version 13 on, topics have ids instead.
pub const NEWEST_WITH_NAMES: i16 = 12;

/// A batch with its sequence.
pub struct Sealed {
    pub target: Target,
    pub records: usize,
    pub producer: Producer,
    bytes: Bytes,
}

/// Makes a batch of records.
pub fn seal(
    target: Target,
    records: &[NewRecord],
    producer: Producer,
    compression: Compression,
) -> Result<Sealed, ClientError> {
    let now = Timestamp(clock::wall_clock().0);
    let mut builder = BatchBuilder::new(compression).producer(producer);
    for (at, record) in records.iter().enumerate() {
        let headers: Vec<_> = record
            .headers
            .iter()
            .map(|(key, value)| (key.as_bytes(), value.as_deref()))
            .collect();
        builder.push(&RecordParts {
            offset_delta: at as i32,
            timestamp: record.timestamp.map_or(now, Timestamp),
            key: record.key.as_deref(),
            value: record.value.as_deref(),
            headers: &headers,
        });
    }
    let bytes = builder.finish(None)?;
    Ok(Sealed {
        target,
        records: records.len(),
        producer,
        bytes,
    })
}

/// One request for all of these batches.
pub fn produce_request(batches: &[Sealed], acks: Acks, timeout: Duration) -> ProduceRequest {
    let mut topics: Vec<TopicProduceData> = Vec::new();
    for batch in batches {
        let (name, index) = &batch.target;
        let partition = PartitionProduceData::default()
            .with_index(*index)
            .with_records(Some(batch.bytes.clone()));
        match topics.last_mut().filter(|topic| topic.name.as_str() == &**name) {
            Some(topic) => topic.partition_data.push(partition),
            None => topics.push(
                TopicProduceData::default()
                    .with_name(topic_name(name))
                    .with_partition_data(vec![partition]),
            ),
        }
    }
    let acks = match acks {
        Acks::Leader => 1,
        Acks::All => -1,
    };
    let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    ProduceRequest::default()
        .with_acks(acks)
        .with_timeout_ms(timeout_ms)
        .with_topic_data(topics)
}

impl Sealed {
    /// The sequence of the record that follows this batch.
    pub fn next_sequence(&self) -> Sequence {
        self.producer.base_sequence.advanced_by(self.records as i32)
    }

    /// What a response says about this batch: its first offset, or why it was refused.
    pub fn answer_in(&self, response: &ProduceResponse) -> Option<Result<i64, Refusal>> {
        let (name, index) = &self.target;
        let topic = response.responses.iter().find(|topic| topic.name.as_str() == &**name)?;
        let partition = topic
            .partition_responses
            .iter()
            .find(|partition| partition.index == *index)?;
        Some(match ResponseError::try_from_code(partition.error_code) {
            None => Ok(partition.base_offset),
            Some(error) => Err(refusal(error, partition)),
        })
    }
}

fn refusal(error: ResponseError, partition: &PartitionProduceResponse) -> Refusal {
    let records = partition.record_errors.iter().map(|record| {
        (
            record.batch_index,
            record.batch_index_error_message.as_ref().map(ToString::to_string),
        )
    });
    Refusal {
        error,
        message: partition.error_message.as_ref().map(ToString::to_string),
        records: records.collect(),
    }
}
