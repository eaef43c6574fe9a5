//! Which letters of a partition are redriven already: the entries that redrives have left in its log say so.

use std::collections::BTreeMap;

use corvid_record::hidden::{Decider, EntryView, SubBatchView};
use corvid_record::{Batch, LeaderEpoch, Offset, Records};
use corvid_replication::Partition;
use corvid_storage::Which;

use super::RedriveError;
use crate::room::DECOMPRESSED_BYTES_MAX;

/// Marks an entry as a redrive's.
pub(super) const REDRIVE: Decider = Decider {
    digest: *b"corvid: letters that go out anew",
    generation: 0,
};

/// On a redriven record: the letter that it was, as `TOPIC/PARTITION/OFFSET`.
pub const REDRIVEN_FROM_HEADER: &[u8] = b"corvid-redriven-from";

/// The letters that have left, up to where the log was looked through.
#[derive(Debug, Default)]
pub(super) struct Known {
    epoch: Option<LeaderEpoch>,
    looked_to: Offset,
    offsets: Ranges,
}

impl Known {
    /// Takes in what was appended since. Another leader epoch may have cut the log: everything is looked at again.
    pub fn catch_up(&mut self, letters: &Partition) -> Result<(), RedriveError> {
        let (log, epoch) = (letters.log(), letters.leader_epoch());
        if self.epoch != Some(epoch) {
            *self = Self {
                epoch: Some(epoch),
                ..Self::default()
            };
        }
        self.looked_to = self.looked_to.max(log.start());
        let end = log.end();
        while self.looked_to < end {
            let entries = log.entries(self.looked_to, end)?;
            let looked_to = entries.looked_to;
            for at in entries {
                let bytes = log.read_bytes(at.offset, end, at.bytes, true, Which::All)?;
                self.take(at.offset, &bytes).map_err(|reason| RedriveError::Damaged {
                    offset: at.offset,
                    reason,
                })?;
            }
            self.looked_to = looked_to;
        }
        Ok(())
    }

    /// Whether the letter at this offset has left.
    pub fn has(&self, letter: Offset) -> bool {
        self.offsets.has(letter.0)
    }

    /// How many have left. Some of them may be gone by retention.
    pub fn count(&self) -> u64 {
        self.offsets.count()
    }

    /// From the first to the one behind the last of each stretch.
    pub fn ranges(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        self.offsets.0.iter().map(|(from, to)| (*from, *to))
    }

    fn take(&mut self, at: Offset, bytes: &[u8]) -> Result<(), String> {
        let batch = Batch::parse(bytes).map_err(|error| error.to_string())?;
        let entry = EntryView::parse(batch).map_err(|error| error.to_string())?;
        debug_assert_eq!(entry.offset(), at);
        if !entry.armed_alone() || entry.deciders().next() != Some(REDRIVE) {
            return Ok(());
        }
        entry.sub_batches().try_for_each(|part| self.take_part(&part))
    }

    fn take_part(&mut self, part: &SubBatchView<'_>) -> Result<(), String> {
        let batch = part.batch();
        let section = batch
            .records_section(DECOMPRESSED_BYTES_MAX)
            .map_err(|error| error.to_string())?;
        for record in Records::new(&section, batch.record_count()) {
            let record = record.map_err(|error| error.to_string())?;
            let from = record.headers.all(REDRIVEN_FROM_HEADER).last().flatten();
            let offset = from
                .and_then(offset_of)
                .ok_or("a record does not say which letter it was")?;
            self.offsets.add(offset);
        }
        Ok(())
    }
}

fn offset_of(from: &[u8]) -> Option<i64> {
    std::str::from_utf8(from).ok()?.rsplit_once('/')?.1.parse().ok()
}

/// Offsets as stretches: those that are redriven are mostly neighbours.
#[derive(Debug, Default)]
struct Ranges(BTreeMap<i64, i64>);

impl Ranges {
    fn has(&self, offset: i64) -> bool {
        self.0
            .range(..=offset)
            .next_back()
            .is_some_and(|(_, end)| offset < *end)
    }

    fn add(&mut self, offset: i64) {
        if self.has(offset) {
            return;
        }
        let end = self.0.remove(&(offset + 1)).unwrap_or(offset + 1);
        match self.0.range_mut(..offset).next_back() {
            Some((_, before)) if *before == offset => *before = end,
            _ => drop(self.0.insert(offset, end)),
        }
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|(from, to)| (to - from).unsigned_abs()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_stretch() {
        let mut ranges = Ranges::default();
        for offset in [5, 7, 6, 1, 6, 2, 9] {
            ranges.add(offset);
        }
        assert_eq!(ranges.0, BTreeMap::from([(1, 3), (5, 8), (9, 10)]));
        let has: Vec<i64> = (0..12).filter(|offset| ranges.has(*offset)).collect();
        assert_eq!(has, [1, 2, 5, 6, 7, 9]);
        assert_eq!(ranges.count(), 6);
    }
}
