//! The outbox entry: what of a produce goes elsewhere, or comes back later.
//!
//! | field | |
//! |---|---|
//! | `i16` | format, 1 |
//! | `u16` | flags: 1 = armed alone, without a mate; 2 = holds |
//! | `i64` `i16` `i32` `u32` `u32` | the mate: producer id, epoch, base sequence, record count, CRC; all zero if armed alone |
//! | `u32` | how many deciders; each: digest (32 bytes), generation (`u64`) |
//! | `u32` | how many holds it cancels; each: the `i64` offset that names one |
//! | `u32` | how many sub-batches; each as in [`sub_batch`] |
//!
//! It takes one offset for each sub-batch that it holds, so that each has a name of its own, and
//! one offset if it holds none.

pub(crate) mod builder;
pub(crate) mod mate;
pub(crate) mod sub_batch;
#[cfg(test)]
mod tests;

use super::control::{self, OUTBOX_ENTRY};
use super::cursor::Cursor;
use crate::hidden::{HiddenError, Mate, SubBatchView};
use crate::{Batch, LeaderEpoch, Offset};

const FORMAT: i16 = 1;
pub(super) const ARMED_ALONE: u16 = 1 << 0;
pub(super) const HOLDS: u16 = 1 << 1;
/// Where the mate stands in the value.
const MATE_AT: usize = 4;
const DECIDER_SIZE: usize = 40;

/// The flags of an entry's value.
pub(super) fn flags_of(value: &[u8]) -> Option<u16> {
    let [_, _, high, low] = *value.first_chunk::<4>()?;
    Some(u16::from_be_bytes([high, low]))
}

/// Where a sub-batch is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// The topic's id.
    pub topic_id: [u8; 16],
    /// The partition's index.
    pub partition: i32,
}

/// Who decided: a plugin, as it was at that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decider {
    /// SHA-256 of the plugin's module; zeros for a decision of the broker's own.
    pub digest: [u8; 32],
    /// The generation of its binding.
    pub generation: u64,
}

/// How a header says an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OffsetEncoding {
    /// In decimal digits, as Kafka Connect and Corvid do.
    Text,
    /// In eight big-endian bytes, as Spring does.
    BigEndian,
}

/// An outbox entry, in place.
///
/// Invariant: the value was walked once, so that its lists and sub-batches can be read.
#[derive(Debug, Clone, Copy)]
pub struct EntryView<'a> {
    batch: Batch<'a>,
    flags: u16,
    mate: Option<Mate>,
    deciders: &'a [u8],
    cancels: &'a [u8],
    sub_batches: &'a [u8],
    held: i32,
}

impl<'a> EntryView<'a> {
    /// Reads an entry's batch, whose CRC must have been verified.
    pub fn parse(batch: Batch<'a>) -> Result<Self, HiddenError> {
        let mut value = Cursor::new(control::value(&batch, OUTBOX_ENTRY)?);
        control::check_format(OUTBOX_ENTRY, value.i16("the format")?, FORMAT)?;
        let flags = u16::from_be_bytes(value.array("the flags")?);
        let mate = Mate::read(&mut value, flags & ARMED_ALONE != 0)?;
        let deciders = value.elements(DECIDER_SIZE, "the deciders")?;
        let cancels = value.elements(8, "the cancelled holds")?;
        let count = value.u32("the sub-batches")?;
        let sub_batches = value.rest();
        let mut held = 0;
        for _ in 0..count {
            held += i32::from(SubBatchView::read(&mut value)?.hold().is_some());
        }
        value.finish()?;
        let entry = Self {
            batch,
            flags,
            mate,
            deciders,
            cancels,
            sub_batches,
            held,
        };
        entry.check()
    }

    /// The entry's batch.
    pub fn batch(&self) -> Batch<'a> {
        self.batch
    }

    /// The entry's (first) offset.
    pub fn offset(&self) -> Offset {
        self.batch.base_offset()
    }

    /// The leader epoch that it was written in.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.batch.leader_epoch()
    }

    /// The batch that must follow; `None` if the entry is armed alone.
    pub fn mate(&self) -> Option<Mate> {
        self.mate
    }

    /// Whether the broker wrote it of its own: without a mate, and armed as it is.
    pub fn armed_alone(&self) -> bool {
        self.flags & ARMED_ALONE != 0
    }

    /// Whether it has sub-batches that are held until later.
    pub fn holds(&self) -> bool {
        self.held > 0
    }

    /// Whether `x` is its mate, by ids *and* checksum: by the ids alone, a retry that was decided
    /// otherwise would arm an entry of an earlier, torn write.
    pub fn matches(&self, x: &Batch<'_>) -> bool {
        self.mate == Some(Mate::of(x))
    }

    /// Whether the entry counts, given the batch that follows it in the log (`None` if there is
    /// none yet): it is armed alone, or its mate follows immediately, in the same leader epoch.
    pub fn is_armed(&self, next: Option<&Batch<'_>>) -> bool {
        self.armed_alone()
            || next.is_some_and(|x| {
                x.base_offset() == self.batch.next_offset()
                    && x.leader_epoch() == self.leader_epoch()
                    && self.matches(x)
            })
    }

    /// What decided, in order.
    pub fn deciders(&self) -> impl ExactSizeIterator<Item = Decider> + use<'a> {
        self.deciders.chunks_exact(DECIDER_SIZE).map(|decider| {
            let (digest, generation) = decider.split_at(32);
            Decider {
                digest: digest.try_into().expect("the first 32 of 40 bytes"),
                generation: u64::from_be_bytes(generation.try_into().expect("the last 8 bytes")),
            }
        })
    }

    /// The names of the holds that end here: each is the offset that it had in this log.
    pub fn cancels(&self) -> impl ExactSizeIterator<Item = Offset> + use<'a> {
        self.cancels
            .chunks_exact(8)
            .map(|offset| Offset(i64::from_be_bytes(offset.try_into().expect("8 bytes"))))
    }

    /// The sub-batches in order. Several may have one target.
    pub fn sub_batches(&self) -> impl Iterator<Item = SubBatchView<'a>> + use<'a> {
        let mut rest = Cursor::new(self.sub_batches);
        std::iter::from_fn(move || {
            let more = !rest.rest().is_empty();
            more.then(|| SubBatchView::read(&mut rest).expect("walked when the entry was read"))
        })
    }

    /// The held sub-batches, each with the offset that names it.
    pub fn held(&self) -> impl Iterator<Item = (Offset, SubBatchView<'a>)> + use<'a> {
        let first = self.offset().0;
        self.sub_batches()
            .filter(|sub_batch| sub_batch.hold().is_some())
            .zip(first..)
            .map(|(sub_batch, name)| (Offset(name), sub_batch))
    }

    /// The offset that the origins of moved records count from: the mate's base offset, as it
    /// follows the entry. `None` if there is no mate.
    pub fn origin(&self) -> Option<Offset> {
        self.mate.map(|_| self.batch.next_offset())
    }

    fn check(self) -> Result<Self, HiddenError> {
        let invalid = |what| Err(HiddenError::Invalid { what });
        if self.flags & !(ARMED_ALONE | HOLDS) != 0 || self.holds() != (self.flags & HOLDS != 0) {
            return invalid("the flags");
        }
        if self.batch.last_offset_delta() != self.held.max(1) - 1 {
            return invalid("the number of offsets");
        }
        if self.armed_alone() && self.sub_batches().any(|sub| !sub.offset_headers().is_empty()) {
            return invalid("a header with the offset of no mate");
        }
        Ok(self)
    }
}
