//! Writes a Fetch response around its records.

use bytes::{BufMut, BytesMut};

use super::{FetchResponse, FetchedPartition, FetchedTopic, NodeEndpoint};
use crate::limits;
use crate::response::{Chunk, EncodeError, Response, finish, start};
use crate::versions;

/// Encodes the response to a Fetch of this version. The records become chunks of their own.
pub fn encode_fetch(response: &FetchResponse, version: i16, correlation_id: i32) -> Result<Response, EncodeError> {
    let api = versions::api(versions::FETCH).expect("Fetch is served");
    if !api.decodes(version) {
        return Err(EncodeError::UnsupportedVersion { api: api.name, version });
    }
    let bytes = start(versions::FETCH, version, correlation_id, room(response))?;
    let mut encoder = Encoder {
        bytes,
        version,
        flexible: api.is_flexible(version),
        records: Vec::new(),
    };
    encoder.response(response)?;
    finish(encoder.bytes, &encoder.records)
}

/// Enough for most responses, so that the buffer doesn't grow.
fn room(response: &FetchResponse) -> usize {
    let topics = response.topics.iter();
    64 + topics
        .map(|topic| 32 + topic.name.len() + 80 * topic.partitions.len())
        .sum::<usize>()
}

struct Encoder<'a> {
    /// Everything but the records.
    bytes: BytesMut,
    version: i16,
    flexible: bool,
    /// Records, and where in `bytes` they belong.
    records: Vec<(usize, &'a Chunk)>,
}

impl<'a> Encoder<'a> {
    fn response(&mut self, response: &'a FetchResponse) -> Result<(), EncodeError> {
        self.bytes.put_i32(response.throttle_time_ms);
        if self.version >= 7 {
            self.bytes.put_i16(response.error_code);
            self.bytes.put_i32(response.session_id);
        }
        self.count(response.topics.len());
        for topic in &response.topics {
            self.topic(topic)?;
        }
        if self.version >= 16 && !response.node_endpoints.is_empty() {
            return self.node_endpoints(&response.node_endpoints);
        }
        self.no_tagged_fields();
        Ok(())
    }

    fn topic(&mut self, topic: &'a FetchedTopic) -> Result<(), EncodeError> {
        if self.version >= 13 {
            self.bytes.put_slice(&topic.id);
        } else {
            self.string(&topic.name)?;
        }
        self.count(topic.partitions.len());
        for partition in &topic.partitions {
            self.partition(partition);
        }
        self.no_tagged_fields();
        Ok(())
    }

    fn partition(&mut self, partition: &'a FetchedPartition) {
        self.bytes.put_i32(partition.index);
        self.bytes.put_i16(partition.error_code);
        self.bytes.put_i64(partition.high_watermark);
        self.bytes.put_i64(partition.last_stable_offset);
        if self.version >= 5 {
            self.bytes.put_i64(partition.log_start_offset);
        }
        self.aborted_transactions(partition.aborted_transactions.as_deref());
        if self.version >= 11 {
            self.bytes.put_i32(partition.preferred_read_replica);
        }
        self.records(&partition.records);
        if self.flexible {
            self.partition_tags(partition);
        }
    }

    fn aborted_transactions(&mut self, aborted: Option<&[(i64, i64)]>) {
        let Some(aborted) = aborted else {
            if self.flexible {
                self.bytes.put_u8(0);
            } else {
                self.bytes.put_i32(-1);
            }
            return;
        };
        self.count(aborted.len());
        for &(producer_id, first_offset) in aborted {
            self.bytes.put_i64(producer_id);
            self.bytes.put_i64(first_offset);
            self.no_tagged_fields();
        }
    }

    fn records(&mut self, records: &'a [Chunk]) {
        let length = records.iter().map(Chunk::len).sum::<u64>();
        self.count(length as usize);
        let at = self.bytes.len();
        self.records.extend(
            records
                .iter()
                .filter(|chunk| !chunk.is_empty())
                .map(|chunk| (at, chunk)),
        );
    }

    /// Tag 0 is where logs diverge, tag 1 the leader; tag 2, a snapshot's id, is for the metadata quorum of KRaft.
    fn partition_tags(&mut self, partition: &FetchedPartition) {
        let count = u8::from(partition.diverging_epoch.is_some()) + u8::from(partition.current_leader.is_some());
        self.bytes.put_u8(count);
        if let Some((epoch, end_offset)) = partition.diverging_epoch {
            self.bytes.put_slice(&[0, 13]);
            self.bytes.put_i32(epoch);
            self.bytes.put_i64(end_offset);
            self.bytes.put_u8(0);
        }
        if let Some((leader_id, leader_epoch)) = partition.current_leader {
            self.bytes.put_slice(&[1, 9]);
            self.bytes.put_i32(leader_id);
            self.bytes.put_i32(leader_epoch);
            self.bytes.put_u8(0);
        }
    }

    /// Tag 0 of the response. Its size goes before it, so it is written aside.
    fn node_endpoints(&mut self, endpoints: &[NodeEndpoint]) -> Result<(), EncodeError> {
        let outer = std::mem::take(&mut self.bytes);
        self.count(endpoints.len());
        for endpoint in endpoints {
            self.bytes.put_i32(endpoint.node_id);
            self.string(&endpoint.host)?;
            self.bytes.put_i32(endpoint.port);
            match &endpoint.rack {
                Some(rack) => self.string(rack)?,
                None => self.bytes.put_u8(0),
            }
            self.no_tagged_fields();
        }
        let inner = std::mem::replace(&mut self.bytes, outer);
        self.bytes.put_slice(&[1, 0]);
        self.unsigned_varint(inner.len());
        self.bytes.put_slice(&inner);
        Ok(())
    }

    fn string(&mut self, text: &str) -> Result<(), EncodeError> {
        if text.len() > limits::STRING_BYTES_MAX {
            return Err(EncodeError::StringTooLong { length: text.len() });
        }
        if self.flexible {
            self.unsigned_varint(text.len() + 1);
        } else {
            self.bytes.put_i16(text.len() as i16);
        }
        self.bytes.put_slice(text.as_bytes());
        Ok(())
    }

    /// The length in front of arrays and records. One beyond 31 bits is refused by `finish`.
    fn count(&mut self, count: usize) {
        if self.flexible {
            self.unsigned_varint(count + 1);
        } else {
            self.bytes.put_i32(count as i32);
        }
    }

    fn unsigned_varint(&mut self, mut value: usize) {
        while value >= 0x80 {
            self.bytes.put_u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.put_u8(value as u8);
    }

    fn no_tagged_fields(&mut self) {
        if self.flexible {
            self.bytes.put_u8(0);
        }
    }
}
