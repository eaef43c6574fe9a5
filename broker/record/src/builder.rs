//! Making batches.

pub(crate) mod rebuild;
#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::batch::attributes::{Attributes, TimestampType};
use crate::batch::layout::{self, set_field};
use crate::compression::{CompressError, Compression};
use crate::record::headers::Header;
use crate::{LeaderEpoch, Offset, Producer, Record, Timestamp, patch, varint};

/// A record to be built.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecordParts<'a> {
    /// The record's offset less the batch's base offset.
    pub offset_delta: i32,
    /// The record's own timestamp.
    pub timestamp: Timestamp,
    /// The key, or null.
    pub key: Option<&'a [u8]>,
    /// The value, or null.
    pub value: Option<&'a [u8]>,
    /// The headers in their order.
    pub headers: &'a [Header<'a>],
}

/// Why a batch could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A record's offset is not above the one before it.
    #[error("offset delta {found} follows {previous}")]
    OffsetOrder {
        /// The offset delta of the record before, or −1.
        previous: i32,
        /// The offset delta of the record.
        found: i32,
    },
    /// The last offset delta leaves records outside.
    #[error("the batch is to end at offset delta {last}, but holds {found}")]
    EndsEarly {
        /// The last offset delta that was asked for.
        last: i32,
        /// The greatest one of the records.
        found: i32,
    },
    /// A record or the batch is longer than its length field can say.
    #[error("{bytes} bytes are more than a batch can hold")]
    TooLarge {
        /// How many bytes there are.
        bytes: usize,
    },
    /// A codec failed.
    #[error(transparent)]
    Compress(#[from] CompressError),
}

/// The most that stands before a record's body: length, attributes, time, offset.
const MAX_PREFIX: usize = 5 + 1 + 10 + 5;

/// Builds a batch, record by record. The first error is remembered, and given by
/// [`BatchBuilder::finish`].
#[derive(Debug, Clone)]
pub struct BatchBuilder {
    base_offset: Offset,
    leader_epoch: LeaderEpoch,
    attributes: Attributes,
    /// Attribute bits without a meaning so far, kept when a batch is rebuilt.
    unknown_bits: i16,
    base_timestamp: Option<Timestamp>,
    max_timestamp: Timestamp,
    producer: Producer,
    /// Room for the header, then the records.
    bytes: Vec<u8>,
    count: i32,
    /// Of the last record; −1 before the first.
    last_delta: i32,
    error: Option<BuildError>,
}

impl BatchBuilder {
    /// An empty batch at offset 0, of no producer, whose records will be compressed like this.
    pub fn new(compression: Compression) -> Self {
        Self {
            base_offset: Offset::ZERO,
            leader_epoch: LeaderEpoch::NONE,
            attributes: Attributes {
                compression,
                ..Attributes::default()
            },
            unknown_bits: 0,
            base_timestamp: None,
            max_timestamp: Timestamp::NONE,
            producer: Producer::NONE,
            bytes: vec![0; layout::HEADER_SIZE],
            count: 0,
            last_delta: -1,
            error: None,
        }
    }

    /// Sets the offset that offset deltas count from. The leader sets it again when it appends.
    #[must_use]
    pub fn base_offset(mut self, base_offset: Offset) -> Self {
        self.base_offset = base_offset;
        self
    }

    /// Sets the leader epoch. The leader sets it again when it appends.
    #[must_use]
    pub fn leader_epoch(mut self, leader_epoch: LeaderEpoch) -> Self {
        self.leader_epoch = leader_epoch;
        self
    }

    /// Sets what timestamp deltas count from; else it is the first record's timestamp.
    #[must_use]
    pub fn base_timestamp(mut self, base_timestamp: Timestamp) -> Self {
        self.base_timestamp = Some(base_timestamp);
        self
    }

    /// Sets a lower bound of the max timestamp; else it is the greatest of the records'.
    #[must_use]
    pub fn max_timestamp(mut self, max_timestamp: Timestamp) -> Self {
        self.max_timestamp = max_timestamp;
        self
    }

    /// Sets the producer fields.
    #[must_use]
    pub fn producer(mut self, producer: Producer) -> Self {
        self.producer = producer;
        self
    }

    /// Says whether the batch belongs to a transaction.
    #[must_use]
    pub fn transactional(mut self, transactional: bool) -> Self {
        self.attributes.transactional = transactional;
        self
    }

    /// Says whether it is a batch of control records.
    #[must_use]
    pub fn control(mut self, control: bool) -> Self {
        self.attributes.control = control;
        self
    }

    /// Says what the timestamps mean.
    #[must_use]
    pub fn timestamp_type(mut self, timestamp_type: TimestampType) -> Self {
        self.attributes.timestamp_type = timestamp_type;
        self
    }

    /// Makes room for records of so many bytes, so that nothing is moved while they come.
    #[must_use]
    pub fn with_room(mut self, bytes: usize) -> Self {
        self.bytes.reserve(bytes);
        self
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many bytes the batch would have without compression.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Appends a record. Offset deltas must ascend.
    pub fn push(&mut self, record: &RecordParts<'_>) {
        let body = body_len(record.key, record.value, record.headers, 0);
        if !self.begin(record.offset_delta, record.timestamp, body) {
            return;
        }
        write_nullable(&mut self.bytes, record.key);
        write_nullable(&mut self.bytes, record.value);
        varint::write_i32(&mut self.bytes, record.headers.len() as i32);
        write_headers(&mut self.bytes, record.headers);
    }

    /// Appends a record without headers, whose value is written in place: `write` appends `value_len` bytes.
    pub(crate) fn push_written(
        &mut self,
        timestamp: Timestamp,
        key: &[u8],
        value_len: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let body = nullable_len(Some(key)) + varint::len_i32(value_len as i32) + value_len + 1;
        self.bytes.reserve(body + MAX_PREFIX);
        if !self.begin(self.last_delta + 1, timestamp, body) {
            return;
        }
        write_nullable(&mut self.bytes, Some(key));
        varint::write_i32(&mut self.bytes, value_len as i32);
        let begin = self.bytes.len();
        write(&mut self.bytes);
        assert_eq!(
            self.bytes.len() - begin,
            value_len,
            "the length stands before the value"
        );
        varint::write_i32(&mut self.bytes, 0);
    }

    /// Appends a record with another's key, value and headers as they are encoded
    /// ([`Record::body`]).
    pub fn push_raw_body(&mut self, offset_delta: i32, timestamp: Timestamp, body: &[u8]) {
        if self.begin(offset_delta, timestamp, body.len()) {
            self.bytes.extend_from_slice(body);
        }
    }

    /// Appends a record with another's key, value and headers, and some headers more behind those.
    pub fn push_with_headers(
        &mut self,
        offset_delta: i32,
        timestamp: Timestamp,
        record: &Record<'_>,
        more: &[Header<'_>],
    ) {
        if more.is_empty() {
            return self.push_raw_body(offset_delta, timestamp, record.body());
        }
        let old = record.headers.encoded();
        let count = record.headers.len() + more.len();
        let body = body_len(record.key, record.value, more, record.headers.len()) + old.len();
        if !self.begin(offset_delta, timestamp, body) {
            return;
        }
        write_nullable(&mut self.bytes, record.key);
        write_nullable(&mut self.bytes, record.value);
        varint::write_i32(&mut self.bytes, count as i32);
        self.bytes.extend_from_slice(old);
        write_headers(&mut self.bytes, more);
    }

    /// The batch, with its checksum. `last_offset_delta` is the last record's, unless it is given:
    /// for what is left of a longer batch. Without records it is at least 0.
    pub fn finish(mut self, last_offset_delta: Option<i32>) -> Result<Bytes, BuildError> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let last = last_offset_delta.unwrap_or(self.last_delta.max(0));
        if last < self.last_delta.max(0) {
            return Err(BuildError::EndsEarly {
                last,
                found: self.last_delta,
            });
        }
        let mut batch = std::mem::take(&mut self.bytes);
        let codec = self.attributes.compression;
        if codec != Compression::None {
            let section = codec.compress(&batch[layout::RECORDS..])?;
            batch.truncate(layout::RECORDS);
            batch.extend_from_slice(&section);
        }
        self.write_header(last, &mut batch)?;
        Ok(Bytes::from(batch))
    }

    /// Writes what stands before a record's body, which has `body` bytes; unless something is
    /// wrong.
    fn begin(&mut self, offset_delta: i32, timestamp: Timestamp, body: usize) -> bool {
        let base = *self.base_timestamp.get_or_insert(timestamp);
        let timestamp_delta = timestamp.0.wrapping_sub(base.0);
        let length = 1 + varint::len_i64(timestamp_delta) + varint::len_i32(offset_delta) + body;
        let fine = self.count_in(offset_delta, timestamp, length);
        if fine {
            varint::write_i32(&mut self.bytes, length as i32);
            self.bytes.push(0);
            varint::write_i64(&mut self.bytes, timestamp_delta);
            varint::write_i32(&mut self.bytes, offset_delta);
        }
        fine
    }

    /// Counts a record of `length` bytes in, and remembers the first thing that is wrong. After
    /// that, nothing is written any more.
    fn count_in(&mut self, offset_delta: i32, timestamp: Timestamp, length: usize) -> bool {
        if offset_delta <= self.last_delta {
            let previous = self.last_delta;
            self.fail(BuildError::OffsetOrder {
                previous,
                found: offset_delta,
            });
        }
        let bytes = self.size().saturating_add(length);
        if bytes > i32::MAX as usize {
            self.fail(BuildError::TooLarge { bytes });
        }
        if self.error.is_some() {
            return false;
        }
        self.count += 1;
        self.last_delta = offset_delta;
        self.max_timestamp = self.max_timestamp.max(timestamp);
        true
    }

    fn fail(&mut self, error: BuildError) {
        self.error.get_or_insert(error);
    }

    fn write_header(&self, last_offset_delta: i32, batch: &mut [u8]) -> Result<(), BuildError> {
        let length = i32::try_from(batch.len() - layout::LENGTH_PREFIX)
            .map_err(|_| BuildError::TooLarge { bytes: batch.len() })?;
        let bits = self.attributes.bits() | self.unknown_bits;
        let base_timestamp = self.base_timestamp.unwrap_or(self.max_timestamp);
        set_field(batch, layout::LENGTH, length.to_be_bytes());
        set_field(batch, layout::MAGIC, [layout::MAGIC_V2]);
        set_field(batch, layout::ATTRIBUTES, bits.to_be_bytes());
        set_field(batch, layout::LAST_OFFSET_DELTA, last_offset_delta.to_be_bytes());
        set_field(batch, layout::BASE_TIMESTAMP, base_timestamp.0.to_be_bytes());
        set_field(batch, layout::MAX_TIMESTAMP, self.max_timestamp.0.to_be_bytes());
        set_field(batch, layout::RECORD_COUNT, self.count.to_be_bytes());
        patch::place(self.base_offset, self.leader_epoch, batch);
        patch::set_producer(self.producer, batch);
        Ok(())
    }
}

fn write_nullable(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => varint::write_i32(out, -1),
        Some(bytes) => {
            varint::write_i32(out, bytes.len() as i32);
            out.extend_from_slice(bytes);
        }
    }
}

fn write_headers(out: &mut Vec<u8>, headers: &[Header<'_>]) {
    for (key, value) in headers {
        write_nullable(out, Some(key));
        write_nullable(out, *value);
    }
}

/// How many bytes key, value and `headers` take; with a count that includes `others` headers.
fn body_len(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header<'_>], others: usize) -> usize {
    let headers_len: usize = headers
        .iter()
        .map(|(key, value)| nullable_len(Some(key)) + nullable_len(*value))
        .sum();
    let count = (headers.len() + others) as i32;
    nullable_len(key) + nullable_len(value) + varint::len_i32(count) + headers_len
}

fn nullable_len(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |bytes| varint::len_i32(bytes.len() as i32) + bytes.len())
}
