//! A segment: a stretch of a log in one file, with what is known of it beside.

mod active;
mod preallocation;
mod recent;
mod scan;
mod sealed;
mod summary;
mod write;

pub(crate) use active::{ActiveSegment, Place, replace, time_floor_offset};
pub(crate) use scan::{Found, find_batch};
pub(crate) use sealed::{OpenSegment, SealedSegment};
pub(crate) use summary::{Summary, read_summary};
pub(crate) use write::{Piece, WriteError, WritePieces};

use corvid_env::clock::WallTime;
use corvid_record::{Offset, Timestamp};

use crate::facts::BatchFacts;

/// No segment grows beyond this: positions and relative offsets have 31 bits, as in Kafka.
pub(crate) const SEGMENT_BYTES_MAX: u64 = i32::MAX as u64;
/// No segment holds an offset further than this from its base.
pub(crate) const RELATIVE_OFFSET_MAX: i64 = i32::MAX as i64;

/// What is known of the times in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Times {
    /// When its first batch was written, by the wall clock; compaction leaves that as it is.
    pub began_at: WallTime,
    /// The largest timestamp of all batches, hidden ones too: what retention goes by. -1 if there is none.
    pub newest: Timestamp,
    /// The largest timestamp of the visible batches: what clients look up. -1 if there is none.
    pub largest_visible: Timestamp,
    /// The last offset of the batch that has it.
    pub largest_visible_at: Offset,
}

impl Times {
    /// Of a segment without a batch.
    pub fn none(base: Offset) -> Self {
        Self {
            began_at: WallTime(i64::MAX),
            newest: Timestamp::NONE,
            largest_visible: Timestamp::NONE,
            largest_visible_at: base,
        }
    }

    /// The newest time in a segment of `bytes`, or when it began if no batch has one. One that compaction has emptied is older than
    /// anything: there is nothing in it that could be too young.
    pub fn newest_at(&self, bytes: u64) -> WallTime {
        if bytes == 0 {
            WallTime(i64::MIN)
        } else if self.newest > Timestamp::NONE {
            WallTime(self.newest.0)
        } else {
            self.began_at
        }
    }

    pub fn note(&mut self, batch: &BatchFacts, now: WallTime) {
        if self.began_at == WallTime(i64::MAX) {
            self.began_at = now;
        }
        self.newest = self.newest.max(batch.max_timestamp);
        if batch.hidden.is_none() && batch.max_timestamp > self.largest_visible {
            self.largest_visible = batch.max_timestamp;
            self.largest_visible_at = batch.last_offset();
        }
    }
}
