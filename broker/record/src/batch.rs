//! A v2 record batch as a view over its bytes.

pub(crate) mod attributes;
pub(crate) mod client;
pub(crate) mod error;
pub(crate) mod layout;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use crate::batch::attributes::{Attributes, TimestampType};
use crate::batch::error::BatchError;
use crate::batch::layout::field;
use crate::{Compression, LeaderEpoch, Offset, Producer, ProducerEpoch, ProducerId, Sequence, Timestamp, crc32c};

/// A v2 record batch: a view over its bytes, which allocates nothing.
///
/// Invariant: the bytes are exactly one batch; its length, magic, codec, offsets and record count
/// were checked. The checksum is checked by [`Batch::verify_crc`], and the records when they are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Batch<'a> {
    bytes: &'a [u8],
}

impl<'a> Batch<'a> {
    /// The batch at the front of `bytes`, which may hold more: [`Batch::size`] says where it ends.
    ///
    /// Everything but the CRC and the records is checked. A batch without records is legal: it is
    /// what compaction, or a plugin that moves everything, leaves behind.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BatchError> {
        let size = size_at_front(bytes)?;
        if bytes.len() < size {
            return Err(BatchError::Truncated {
                needed: size,
                have: bytes.len(),
            });
        }
        let batch = Self { bytes: &bytes[..size] };
        batch.check_codec()?;
        batch.check_offsets()?;
        batch.check_count()?;
        Ok(batch)
    }

    /// All bytes of the batch.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How many bytes the batch has, its header included.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The offset of the first record that the batch was made with.
    pub fn base_offset(&self) -> Offset {
        Offset(i64::from_be_bytes(field(self.bytes, layout::BASE_OFFSET)))
    }

    /// The epoch of the leader that appended the batch.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        LeaderEpoch(i32::from_be_bytes(field(self.bytes, layout::LEADER_EPOCH)))
    }

    /// The stored checksum.
    pub fn crc(&self) -> u32 {
        u32::from_be_bytes(field(self.bytes, layout::CRC))
    }

    /// Checks the stored checksum against the bytes.
    pub fn verify_crc(&self) -> Result<(), BatchError> {
        let (stored, computed) = (self.crc(), crc32c(&self.bytes[layout::ATTRIBUTES..]));
        if stored == computed {
            Ok(())
        } else {
            Err(BatchError::Crc { stored, computed })
        }
    }

    /// The codec and the flags.
    pub fn attributes(&self) -> Attributes {
        Attributes::from_bits(self.attribute_bits()).expect("the codec was checked by parse")
    }

    /// How the records section is compressed.
    pub fn compression(&self) -> Compression {
        self.attributes().compression
    }

    /// The last offset less the base offset; at least 0, also without records.
    pub fn last_offset_delta(&self) -> i32 {
        i32::from_be_bytes(field(self.bytes, layout::LAST_OFFSET_DELTA))
    }

    /// The last offset that the batch takes, whether its record is still there or not.
    pub fn last_offset(&self) -> Offset {
        self.base_offset() + i64::from(self.last_offset_delta())
    }

    /// The offset behind the batch.
    pub fn next_offset(&self) -> Offset {
        self.last_offset().next()
    }

    /// What the records' timestamp deltas are relative to.
    pub fn base_timestamp(&self) -> Timestamp {
        Timestamp(i64::from_be_bytes(field(self.bytes, layout::BASE_TIMESTAMP)))
    }

    /// The greatest timestamp of the records, or the append time of all of them.
    pub fn max_timestamp(&self) -> Timestamp {
        Timestamp(i64::from_be_bytes(field(self.bytes, layout::MAX_TIMESTAMP)))
    }

    /// The timestamp of a record with this delta, by the batch's timestamp type.
    pub fn timestamp_of(&self, timestamp_delta: i64) -> Timestamp {
        match self.attributes().timestamp_type {
            TimestampType::CreateTime => Timestamp(self.base_timestamp().0.wrapping_add(timestamp_delta)),
            TimestampType::LogAppendTime => self.max_timestamp(),
        }
    }

    /// Who produced the batch.
    pub fn producer_id(&self) -> ProducerId {
        ProducerId(i64::from_be_bytes(field(self.bytes, layout::PRODUCER_ID)))
    }

    /// The producer's term.
    pub fn producer_epoch(&self) -> ProducerEpoch {
        ProducerEpoch(i16::from_be_bytes(field(self.bytes, layout::PRODUCER_EPOCH)))
    }

    /// The sequence of the record at the base offset.
    pub fn base_sequence(&self) -> Sequence {
        Sequence(i32::from_be_bytes(field(self.bytes, layout::BASE_SEQUENCE)))
    }

    /// The sequence of the record at the last offset, whether it is still there or not.
    pub fn last_sequence(&self) -> Sequence {
        self.base_sequence().advanced_by(self.last_offset_delta())
    }

    /// All three producer fields.
    pub fn producer(&self) -> Producer {
        Producer {
            id: self.producer_id(),
            epoch: self.producer_epoch(),
            base_sequence: self.base_sequence(),
        }
    }

    /// How many records there are. A claim: never allocate by it.
    pub fn record_count(&self) -> u32 {
        // Invariant: parse has refused negative counts.
        self.raw_count() as u32
    }

    /// The records section as it is stored.
    pub fn section(&self) -> &'a [u8] {
        &self.bytes[layout::RECORDS..]
    }

    /// The records section, decompressed if need be to at most `limit` bytes.
    ///
    /// What isn't compressed is borrowed, whatever the limit: it takes no further memory.
    pub fn records_section(&self, limit: usize) -> Result<Cow<'a, [u8]>, BatchError> {
        let codec = self.compression();
        if codec == Compression::None || (self.record_count() == 0 && self.section().is_empty()) {
            return Ok(Cow::Borrowed(self.section()));
        }
        let section = codec.decompress(self.section(), limit)?;
        check_count_fits(self.raw_count(), section.len())?;
        Ok(Cow::Owned(section))
    }

    pub(crate) fn attribute_bits(&self) -> i16 {
        i16::from_be_bytes(field(self.bytes, layout::ATTRIBUTES))
    }

    fn raw_count(&self) -> i32 {
        i32::from_be_bytes(field(self.bytes, layout::RECORD_COUNT))
    }

    fn check_codec(&self) -> Result<(), BatchError> {
        let bits = self.attribute_bits();
        match Attributes::from_bits(bits) {
            Some(_) => Ok(()),
            None => Err(BatchError::UnknownCodec {
                id: (bits & 0b111) as u8,
            }),
        }
    }

    /// Afterwards, `next_offset` cannot overflow.
    fn check_offsets(&self) -> Result<(), BatchError> {
        let (base, delta) = (self.base_offset().0, self.last_offset_delta());
        // In this order: the subtraction can't overflow once the delta is known to be positive.
        if base >= 0 && delta >= 0 && base < i64::MAX - i64::from(delta) {
            return Ok(());
        }
        Err(BatchError::BadOffsets {
            base_offset: base,
            last_offset_delta: delta,
        })
    }

    fn check_count(&self) -> Result<(), BatchError> {
        let count = self.raw_count();
        let compressed = self.compression() != Compression::None;
        if compressed && count >= 0 {
            return Ok(());
        }
        check_count_fits(count, self.section().len())
    }
}

impl fmt::Debug for Batch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("offsets", &(self.base_offset().0..=self.last_offset().0))
            .field("leader_epoch", &self.leader_epoch().0)
            .field("records", &self.record_count())
            .field("size", &self.size())
            .field("attributes", &self.attributes())
            .field("producer", &self.producer())
            .field("crc", &format_args!("{:#010x}", self.crc()))
            .finish_non_exhaustive()
    }
}

/// The size of the batch at the front of `bytes`, by its header alone, of which at least the first
/// 17 bytes must be there. The batch itself may lie beyond `bytes`: for who reads a file in pieces.
pub fn size_at_front(bytes: &[u8]) -> Result<usize, BatchError> {
    if bytes.len() <= layout::MAGIC {
        return Err(BatchError::Truncated {
            needed: layout::HEADER_SIZE,
            have: bytes.len(),
        });
    }
    // The magic says what the length means, so it is looked at first.
    let magic = bytes[layout::MAGIC];
    if magic != layout::MAGIC_V2 {
        return Err(BatchError::Magic { found: magic });
    }
    let length = i32::from_be_bytes(field(bytes, layout::LENGTH));
    usize::try_from(length)
        .ok()
        .and_then(|length| length.checked_add(layout::LENGTH_PREFIX))
        .filter(|size| *size >= layout::HEADER_SIZE)
        .ok_or(BatchError::BadLength { length })
}

/// The batches in `bytes`, one after the other. Ends after the first error.
pub fn batches(bytes: &[u8]) -> Batches<'_> {
    Batches { rest: bytes }
}

/// An iterator over batches that lie one behind the other; see [`batches`].
#[derive(Debug, Clone)]
pub struct Batches<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<Batch<'a>, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let batch = Batch::parse(self.rest);
        self.rest = batch.as_ref().map_or(&[], |batch| &self.rest[batch.size()..]);
        Some(batch)
    }
}

/// Even the smallest record takes seven bytes, so the bytes bound how many there can be.
fn check_count_fits(count: i32, bytes: usize) -> Result<(), BatchError> {
    let most = bytes / layout::MIN_RECORD_SIZE;
    if usize::try_from(count).is_ok_and(|count| count <= most) {
        return Ok(());
    }
    Err(BatchError::BadCount { count, bytes })
}
