//! The uncompressed records of one batch, as hooks see them.

use std::borrow::Cow;

use bytes::Bytes;
use corvid_record::{Batch, BatchError, Record, RecordError, Records, Timestamp};

/// A batch's records section, decompressed, checked record by record.
#[derive(Debug)]
pub struct Section {
    bytes: Bytes,
    base_timestamp: i64,
    /// Where each record starts.
    starts: Vec<u32>,
}

/// What is expected of the offsets in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offsets {
    /// 0, 1, 2 …: a client's batch.
    Dense,
    /// Some may be missing: a batch of the log.
    Sparse,
}

/// Why the inside of a batch cannot be shown to a hook.
#[derive(Debug, thiserror::Error)]
pub enum SectionError {
    /// It does not decompress, or to more than the limit.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// What is inside are not records.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The records' offsets are not 0, 1, 2 …
    #[error("record {place} has the offset delta {found}")]
    OffsetDelta {
        /// Its place in the batch.
        place: usize,
        /// What it says.
        found: i32,
    },
    /// So many records that the memory for batches that are open is not enough for what is kept of each.
    #[error(
        "{count} records of one batch, and what its topic keeps of each while it decides on them, are more than there is memory for; send smaller batches"
    )]
    TooManyRecords {
        /// How many.
        count: usize,
    },
}

impl Section {
    /// Opens `batch`, whose bytes are `whole`; at most `limit` bytes are decompressed.
    pub fn open(whole: &Bytes, batch: &Batch<'_>, limit: usize, offsets: Offsets) -> Result<Self, SectionError> {
        let bytes = match batch.records_section(limit)? {
            Cow::Borrowed(stored) => whole.slice_ref(stored),
            Cow::Owned(decompressed) => Bytes::from(decompressed),
        };
        let mut starts = Vec::with_capacity(batch.record_count().min(bytes.len() as u32) as usize);
        let mut records = Records::new(&bytes, batch.record_count());
        let mut at = 0;
        for (place, record) in records.by_ref().enumerate() {
            let record = record?;
            if offsets == Offsets::Dense && record.offset_delta as usize != place {
                return Err(SectionError::OffsetDelta {
                    place,
                    found: record.offset_delta,
                });
            }
            starts.push(at);
            at += record.raw.len() as u32;
        }
        records.finish()?;
        Ok(Self {
            base_timestamp: batch.base_timestamp().0,
            starts,
            bytes,
        })
    }

    /// The records, each with its length prefix.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// What the records' timestamp deltas are counted from, ms since the epoch.
    pub fn base_timestamp(&self) -> i64 {
        self.base_timestamp
    }

    /// A record's own time.
    pub fn timestamp(&self, record: &Record<'_>) -> Timestamp {
        Timestamp(self.base_timestamp.wrapping_add(record.timestamp_delta))
    }

    /// The record at `place`.
    pub fn record(&self, place: u32) -> Record<'_> {
        let start = self.starts[place as usize] as usize;
        Records::new(&self.bytes[start..], 1)
            .next()
            .and_then(Result::ok)
            .expect("every record was read when the section was opened")
    }

    /// How many bytes the record at `place` has.
    pub fn size(&self, place: u32) -> usize {
        let place = place as usize;
        let end = self
            .starts
            .get(place + 1)
            .map_or(self.bytes.len(), |start| *start as usize);
        end - self.starts[place] as usize
    }

    /// A slice of the section as bytes that share its memory.
    pub fn share(&self, part: &[u8]) -> Bytes {
        self.bytes.slice_ref(part)
    }
}
