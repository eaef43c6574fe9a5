//! What is left of a batch when a plugin has dropped, moved or changed records of it.

use bytes::Bytes;

use super::{BatchBuilder, BuildError, RecordParts};
use crate::batch::attributes::TimestampType;
use crate::record::headers::Header;
use crate::{Batch, Compression, Record, Timestamp};

/// Builds what is left of a batch.
///
/// It keeps the base offset, the last offset delta and with it the sequence range, the producer,
/// the attributes, the base timestamp and the codec, exactly as compaction leaves a batch behind:
/// so the offsets that the client is told stay right, and its sequences stay whole. The max
/// timestamp is that of the records that are left; without any, the original's.
#[derive(Debug, Clone)]
pub struct Rebuild<'a> {
    original: Batch<'a>,
    builder: BatchBuilder,
    /// The base timestamp is another one, and so is what each record says less it.
    moved_base: bool,
}

impl<'a> Rebuild<'a> {
    /// Nothing is left of `original` so far.
    pub fn new(original: Batch<'a>) -> Self {
        let attributes = original.attributes();
        let mut builder = BatchBuilder::new(attributes.compression)
            .base_offset(original.base_offset())
            .leader_epoch(original.leader_epoch())
            .base_timestamp(original.base_timestamp())
            .producer(original.producer());
        builder.attributes = attributes;
        builder.unknown_bits = original.attribute_bits() & !attributes.bits();
        Self {
            original,
            builder,
            moved_base: false,
        }
    }

    /// Compresses what is left in another way than the original was.
    #[must_use]
    pub fn compression(mut self, codec: Compression) -> Self {
        self.builder.attributes.compression = codec;
        self
    }

    /// Says until when its tombstones are kept, in place of the base timestamp (KIP-534). The records keep their times.
    #[must_use]
    pub fn delete_horizon(mut self, until: Timestamp) -> Self {
        self.builder = self.builder.base_timestamp(until);
        self.builder.attributes.delete_horizon = true;
        self.moved_base = true;
        self
    }

    /// Keeps a record of the original as it is, byte for byte. Records are kept in their order.
    pub fn keep(&mut self, record: &Record<'_>) {
        let timestamp = self.timestamp(record);
        if self.moved_base {
            return self
                .builder
                .push_raw_body(record.offset_delta, timestamp, record.body());
        }
        if self.builder.count_in(record.offset_delta, timestamp, record.raw.len()) {
            self.builder.bytes.extend_from_slice(record.raw);
        }
    }

    /// Keeps a record of the original with another key, value or headers.
    pub fn replace(&mut self, record: &Record<'_>, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header<'_>]) {
        let timestamp = self.timestamp(record);
        let offset_delta = record.offset_delta;
        self.builder.push(&RecordParts {
            offset_delta,
            timestamp,
            key,
            value,
            headers,
        });
    }

    /// How many records were kept.
    pub fn len(&self) -> usize {
        self.builder.len()
    }

    /// Whether no record was kept.
    pub fn is_empty(&self) -> bool {
        self.builder.is_empty()
    }

    /// How many bytes the batch would have without compression.
    pub fn size(&self) -> usize {
        self.builder.size()
    }

    /// What is left, compressed as the original was unless another codec was named.
    pub fn finish(mut self) -> Result<Bytes, BuildError> {
        let append_time = self.original.attributes().timestamp_type == TimestampType::LogAppendTime;
        if self.builder.is_empty() || append_time {
            self.builder.max_timestamp = self.original.max_timestamp();
        }
        self.builder.finish(Some(self.original.last_offset_delta()))
    }

    /// The record's own timestamp, also where the append time goes before it.
    fn timestamp(&self, record: &Record<'_>) -> Timestamp {
        Timestamp(self.original.base_timestamp().0.wrapping_add(record.timestamp_delta))
    }
}

/// What is left of a batch when only these records of it are kept, as they are.
pub fn rebuild<'r>(original: Batch<'_>, kept: impl IntoIterator<Item = Record<'r>>) -> Result<Bytes, BuildError> {
    let mut rebuild = Rebuild::new(original);
    for record in kept {
        rebuild.keep(&record);
    }
    rebuild.finish()
}
