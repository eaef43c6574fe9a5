//! One idempotent producer.

use corvid_env::clock::WallTime;
use corvid_record::{Offset, ProducerEpoch, Sequence, Timestamp};

use crate::facts::BatchFacts;

/// As many batches as a client may have in flight: each may come again.
pub(super) const BATCHES_MAX: usize = 5;

/// One batch of a producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchMark {
    /// The sequence of its last record.
    pub last_sequence: Sequence,
    /// The offset of its last record.
    pub last_offset: Offset,
    /// Its last offset less its base offset.
    pub offset_delta: i32,
    /// Its largest timestamp.
    pub timestamp: Timestamp,
}

impl BatchMark {
    /// The sequence of the first record.
    pub fn base_sequence(&self) -> Sequence {
        let wide = i64::from(self.last_sequence.0) - i64::from(self.offset_delta);
        // Sequences go on at 0 behind i32::MAX.
        Sequence((wide & i64::from(i32::MAX)) as i32)
    }

    /// The offset of the first record.
    pub fn base_offset(&self) -> Offset {
        self.last_offset + -i64::from(self.offset_delta)
    }
}

/// A producer: its newest epoch, and its last batches in that epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProducerEntry {
    /// The newest epoch seen.
    pub epoch: ProducerEpoch,
    /// When the log last heard of the producer, by the wall clock.
    pub seen_at: WallTime,
    /// For transactions: who coordinates the producer's, -1 so far.
    pub coordinator_epoch: i32,
    /// For transactions: where the open one begins, -1 if none is open.
    pub transaction_start: i64,
    /// Oldest first; at most [`BATCHES_MAX`].
    pub(super) marks: Vec<BatchMark>,
}

impl ProducerEntry {
    pub fn new(epoch: ProducerEpoch) -> Self {
        Self {
            epoch,
            seen_at: WallTime(0),
            coordinator_epoch: -1,
            transaction_start: -1,
            marks: Vec::new(),
        }
    }

    /// The last batches, oldest first.
    pub fn marks(&self) -> &[BatchMark] {
        &self.marks
    }

    /// The last batch.
    pub fn last(&self) -> Option<&BatchMark> {
        self.marks.last()
    }

    /// The offset of the last record, -1 for a producer that has none here.
    pub fn last_offset(&self) -> Offset {
        self.last().map_or(Offset(-1), |mark| mark.last_offset)
    }

    pub fn note(&mut self, batch: &BatchFacts, now: WallTime) {
        if batch.producer.epoch != self.epoch {
            self.epoch = batch.producer.epoch;
            self.marks.clear();
        }
        self.seen_at = now;
        // A transaction's marker has an epoch and no sequence.
        if batch.producer.base_sequence.0 >= 0 {
            self.push(BatchMark {
                last_sequence: batch.last_sequence(),
                last_offset: batch.last_offset(),
                offset_delta: batch.last_offset_delta,
                timestamp: batch.max_timestamp,
            });
        }
    }

    pub(super) fn push(&mut self, mark: BatchMark) {
        if self.marks.len() == BATCHES_MAX {
            self.marks.remove(0);
        }
        self.marks.push(mark);
    }
}
