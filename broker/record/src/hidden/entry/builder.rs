//! Making an entry.

use bytes::Bytes;

use super::sub_batch::{BIG_ENDIAN, HELD, TEXT};
use super::{ARMED_ALONE, Decider, FORMAT, HOLDS, OUTBOX_ENTRY, OffsetEncoding, Target};
use crate::hidden::{EntryError, Mate, control};
use crate::{Batch, Offset, Timestamp};

/// A part of an entry to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubBatch {
    /// Where it is to go; for a held one, its own partition.
    pub target: Target,
    /// Until when it is held; `None` if it goes at once.
    pub hold: Option<Hold>,
    /// Each record's offset less the mate's base offset; or empty, if there are no offset headers.
    pub origins: Vec<i32>,
    /// The headers that each record gets at delivery, which say its offset at the mate.
    pub offset_headers: Vec<OffsetHeader>,
    /// One whole batch, with one record or more.
    pub batch: Bytes,
}

/// Until when a sub-batch is held, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// When it is due, by the leader's clock.
    pub due: Timestamp,
    /// The offset it was first held under, if it is held again.
    pub first_offset: Option<Offset>,
    /// How many attempts the record has behind it.
    pub attempts: u32,
    /// What the policy decided, as it writes it.
    pub decision: Vec<u8>,
}

/// A header that says an offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetHeader {
    /// The header's key.
    pub key: Vec<u8>,
    /// How its value says the offset.
    pub encoding: OffsetEncoding,
}

/// Builds an entry. It is made outside of any lock: nothing in it depends on an offset.
#[derive(Debug, Clone)]
pub struct EntryBuilder {
    mate: Option<Mate>,
    timestamp: Timestamp,
    deciders: Vec<Decider>,
    cancels: Vec<Offset>,
    sub_batches: Vec<SubBatch>,
}

impl EntryBuilder {
    /// An entry that will stand right before this batch. The timestamp is the entry's own: it
    /// counts for retention by time.
    pub fn for_mate(x: &Batch<'_>, timestamp: Timestamp) -> Self {
        Self::new(Some(Mate::of(x)), timestamp)
    }

    /// An entry that the broker writes of its own, armed without a mate: a hold that is renewed or
    /// cancelled, a retry, a dead letter of a share group.
    pub fn armed_alone(timestamp: Timestamp) -> Self {
        Self::new(None, timestamp)
    }

    fn new(mate: Option<Mate>, timestamp: Timestamp) -> Self {
        let (deciders, cancels, sub_batches) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            mate,
            timestamp,
            deciders,
            cancels,
            sub_batches,
        }
    }

    /// Adds who decided.
    #[must_use]
    pub fn decided_by(mut self, decider: Decider) -> Self {
        self.deciders.push(decider);
        self
    }

    /// Ends a hold of this log, by the offset that names it.
    #[must_use]
    pub fn cancel(mut self, hold: Offset) -> Self {
        self.cancels.push(hold);
        self
    }

    /// Adds a sub-batch. Held ones are named by their order.
    #[must_use]
    pub fn sub_batch(mut self, sub_batch: SubBatch) -> Self {
        self.sub_batches.push(sub_batch);
        self
    }

    /// The entry's batch. The leader places it.
    pub fn finish(self) -> Result<Bytes, EntryError> {
        if self.sub_batches.is_empty() && self.cancels.is_empty() {
            return Err(EntryError::Empty);
        }
        let held = self.sub_batches.iter().filter(|sub| sub.hold.is_some()).count();
        let held = i32::try_from(held).map_err(|_| EntryError::TooMany { what: "holds" })?;
        let head = self.head(held > 0)?;
        let mut fronts = Vec::with_capacity(self.sub_batches.len());
        for sub_batch in &self.sub_batches {
            sub_batch.check(self.mate.is_some())?;
            fronts.push(sub_batch.front()?);
        }
        let parts = || fronts.iter().zip(&self.sub_batches);
        let bytes: usize = parts()
            .map(|(front, sub_batch)| front.len() + sub_batch.batch.len())
            .sum();
        // The batches are copied once, to where they stay.
        let write = |out: &mut Vec<u8>| {
            out.extend_from_slice(&head);
            for (front, sub_batch) in parts() {
                out.extend_from_slice(front);
                out.extend_from_slice(&sub_batch.batch);
            }
        };
        let length = head.len() + bytes;
        Ok(control::build_written(
            OUTBOX_ENTRY,
            length,
            write,
            self.timestamp,
            held.max(1),
        )?)
    }

    /// What stands before the sub-batches.
    fn head(&self, holds: bool) -> Result<Vec<u8>, EntryError> {
        let alone = if self.mate.is_none() { ARMED_ALONE } else { 0 };
        let flags = alone | if holds { HOLDS } else { 0 };
        let mut value = Vec::with_capacity(1024);
        value.extend_from_slice(&FORMAT.to_be_bytes());
        value.extend_from_slice(&flags.to_be_bytes());
        Mate::write(self.mate, &mut value);
        write_len(&mut value, self.deciders.len(), "deciders")?;
        for decider in &self.deciders {
            value.extend_from_slice(&decider.digest);
            value.extend_from_slice(&decider.generation.to_be_bytes());
        }
        write_len(&mut value, self.cancels.len(), "cancelled holds")?;
        for hold in &self.cancels {
            value.extend_from_slice(&hold.0.to_be_bytes());
        }
        write_len(&mut value, self.sub_batches.len(), "sub-batches")?;
        Ok(value)
    }
}

impl SubBatch {
    fn check(&self, has_mate: bool) -> Result<(), EntryError> {
        let batch = Batch::parse(&self.batch)?;
        let (records, origins) = (batch.record_count(), self.origins.len());
        let whole = batch.size() == self.batch.len();
        if !whole || records == 0 || batch.attributes().control || self.target.partition < 0 {
            return Err(EntryError::NotABatch);
        }
        if self.offset_headers.is_empty() && origins == 0 {
            return Ok(());
        }
        if origins != records as usize {
            return Err(EntryError::Origins { origins, records });
        }
        if has_mate { Ok(()) } else { Err(EntryError::NoMate) }
    }

    /// What stands before the batch.
    fn front(&self) -> Result<Vec<u8>, EntryError> {
        let mut front = Vec::with_capacity(64 + 4 * self.origins.len());
        let value = &mut front;
        value.extend_from_slice(&self.target.topic_id);
        value.extend_from_slice(&self.target.partition.to_be_bytes());
        value.push(if self.hold.is_some() { HELD } else { 0 });
        if let Some(hold) = &self.hold {
            hold.write(value)?;
        }
        write_len(value, self.origins.len(), "origins")?;
        for origin in &self.origins {
            value.extend_from_slice(&origin.to_be_bytes());
        }
        let mut headers = Vec::new();
        for header in &self.offset_headers {
            header.write(&mut headers)?;
        }
        write_len(value, headers.len(), "offset headers")?;
        value.extend_from_slice(&headers);
        write_len(value, self.batch.len(), "bytes of a sub-batch")?;
        Ok(front)
    }
}

impl Hold {
    fn write(&self, value: &mut Vec<u8>) -> Result<(), EntryError> {
        let first_offset = self.first_offset.map_or(-1, |offset| offset.0);
        value.extend_from_slice(&self.due.0.to_be_bytes());
        value.extend_from_slice(&first_offset.to_be_bytes());
        value.extend_from_slice(&self.attempts.to_be_bytes());
        write_len(value, self.decision.len(), "bytes of a decision")?;
        value.extend_from_slice(&self.decision);
        Ok(())
    }
}

impl OffsetHeader {
    fn write(&self, value: &mut Vec<u8>) -> Result<(), EntryError> {
        let what = "bytes of an offset header's key";
        let length = u16::try_from(self.key.len()).map_err(|_| EntryError::TooMany { what })?;
        value.push(match self.encoding {
            OffsetEncoding::Text => TEXT,
            OffsetEncoding::BigEndian => BIG_ENDIAN,
        });
        value.extend_from_slice(&length.to_be_bytes());
        value.extend_from_slice(&self.key);
        Ok(())
    }
}

/// Appends a `u32` count or length.
fn write_len(value: &mut Vec<u8>, len: usize, what: &'static str) -> Result<(), EntryError> {
    let len = u32::try_from(len).map_err(|_| EntryError::TooMany { what })?;
    value.extend_from_slice(&len.to_be_bytes());
    Ok(())
}
