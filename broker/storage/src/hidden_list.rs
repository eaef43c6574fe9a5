//! Where a segment's hidden batches are: what clients never see, and links look for.

use corvid_record::Offset;

/// Why a batch is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HiddenKind {
    /// An outbox entry.
    Entry,
    /// An outbox entry that may begin or end holds.
    Holding,
    /// A link checkpoint.
    Checkpoint,
    /// A batch without records.
    Empty,
    /// A control batch of ours that this release has no use for.
    Other,
    /// None at all: compaction has taken what was there, right before a hidden batch. It has no bytes.
    Gap,
}

impl HiddenKind {
    pub fn code(self) -> u8 {
        match self {
            Self::Entry => 1,
            Self::Checkpoint => 2,
            Self::Empty => 3,
            Self::Other => 4,
            Self::Holding => 5,
            Self::Gap => 6,
        }
    }

    pub fn from_code(code: u8) -> Option<Self> {
        use HiddenKind::{Checkpoint, Empty, Entry, Gap, Holding, Other};
        [Entry, Checkpoint, Empty, Other, Holding, Gap]
            .into_iter()
            .find(|kind| kind.code() == code)
    }

    pub fn is_entry(self) -> bool {
        matches!(self, Self::Entry | Self::Holding)
    }
}

/// A hidden batch, relative to its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HiddenBatch {
    /// Where it begins in the file.
    pub position: u32,
    /// Its size.
    pub bytes: u32,
    /// Its base offset less the segment's.
    pub first: u32,
    /// Its last offset less the segment's base offset.
    pub last: u32,
    /// Why it is hidden.
    pub kind: HiddenKind,
}

impl HiddenBatch {
    fn end_position(&self) -> u64 {
        u64::from(self.position) + u64::from(self.bytes)
    }
}

/// The hidden batches of a segment, in the order of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct HiddenList {
    batches: Vec<HiddenBatch>,
}

impl HiddenList {
    pub fn new(batches: Vec<HiddenBatch>) -> Self {
        Self { batches }
    }

    pub fn push(&mut self, batch: HiddenBatch) {
        debug_assert!(
            self.batches
                .last()
                .is_none_or(|last| last.end_position() <= u64::from(batch.position))
        );
        self.batches.push(batch);
    }

    pub fn batches(&self) -> &[HiddenBatch] {
        &self.batches
    }

    /// Cuts the hidden batches out of `from..to`, until `take` has enough: it is given `(position, bytes)` of each
    /// visible stretch in order, and says whether to go on.
    pub fn visible_stretches(&self, from: u64, to: u64, mut take: impl FnMut(u64, u64) -> bool) {
        let first = self.batches.partition_point(|batch| batch.end_position() <= from);
        let mut at = from;
        for batch in &self.batches[first..] {
            let position = u64::from(batch.position);
            if position >= to {
                break;
            }
            if position > at && !take(at, position - at) {
                return;
            }
            at = batch.end_position();
        }
        if at < to {
            take(at, to - at);
        }
    }

    /// Steps back from `limit` over the hidden batches that end there; `floor` is where to stop looking.
    ///
    /// What it returns is `limit`, or the base offset of the first of an unbroken run of hidden batches up to it. Gaps before them don't
    /// break it.
    pub fn step_back(&self, base: Offset, limit: Offset, floor: Offset) -> Offset {
        let below = self
            .batches
            .partition_point(|batch| base.0 + i64::from(batch.first) < limit.0);
        let mut at = limit;
        for batch in self.batches[..below].iter().rev() {
            let (first, end) = (base + i64::from(batch.first), base + i64::from(batch.last) + 1);
            // A limit inside a hidden batch is as good as one at its end: nothing of the batch is visible.
            if end < at || at <= floor {
                break;
            }
            at = first;
        }
        at
    }

    /// The outbox entries at or above `from` and below `limit`.
    pub fn entries(&self, base: Offset, from: Offset, limit: Offset) -> impl Iterator<Item = &HiddenBatch> {
        let first = self
            .batches
            .partition_point(|batch| base.0 + i64::from(batch.first) < from.0);
        self.batches[first..]
            .iter()
            .take_while(move |batch| base + i64::from(batch.first) < limit)
            .filter(|batch| batch.kind.is_entry())
    }

    /// The entries that may begin or end holds, and reach to or beyond `from`, below `limit`.
    pub fn holding(&self, base: Offset, from: Offset, limit: Offset) -> impl Iterator<Item = &HiddenBatch> {
        let first = self
            .batches
            .partition_point(|batch| base.0 + i64::from(batch.last) < from.0);
        self.batches[first..]
            .iter()
            .take_while(move |batch| base + i64::from(batch.first) < limit)
            .filter(|batch| batch.kind == HiddenKind::Holding)
    }

    /// Whether a link checkpoint begins the segment and ends below `limit`.
    pub fn begins_with_checkpoint(&self, base: Offset, limit: Offset) -> bool {
        self.batches.first().is_some_and(|batch| {
            batch.kind == HiddenKind::Checkpoint && batch.position == 0 && base + i64::from(batch.last) < limit
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Batches of 100 bytes and one offset each; `h` is hidden, `v` visible, `e` an entry.
    fn list(shape: &str) -> HiddenList {
        let mut list = HiddenList::default();
        for (number, batch) in shape.chars().enumerate() {
            let kind = match batch {
                'h' => HiddenKind::Empty,
                'e' => HiddenKind::Entry,
                _ => continue,
            };
            let number = number as u32;
            list.push(HiddenBatch {
                position: number * 100,
                bytes: 100,
                first: number,
                last: number,
                kind,
            });
        }
        list
    }

    fn stretches(list: &HiddenList, from: u64, to: u64) -> Vec<(u64, u64)> {
        let mut found = Vec::new();
        list.visible_stretches(from, to, |position, bytes| {
            found.push((position, bytes));
            true
        });
        found
    }

    #[test]
    fn hidden_batches_are_cut_out_wherever_the_read_begins_and_ends() {
        let list = list("hvvhhv");
        assert_eq!(stretches(&list, 0, 600), [(100, 200), (500, 100)]);
        assert_eq!(stretches(&list, 200, 550), [(200, 100), (500, 50)]);
        assert_eq!(stretches(&list, 300, 500), []);
        assert_eq!(stretches(&list, 350, 600), [(500, 100)]);
        assert_eq!(stretches(&HiddenList::default(), 7, 9), [(7, 2)]);
    }

    #[test]
    fn steps_back_over_an_unbroken_run_only() {
        let list = list("vhvhh");
        let back = |limit| list.step_back(Offset(10), Offset(limit), Offset(0)).0;
        assert_eq!(
            [back(15), back(14), back(13), back(12), back(11), back(10)],
            [13, 13, 13, 11, 11, 10]
        );
    }

    /// The bug: compaction takes an entry between two hidden batches, and the run seems to begin behind it, where nothing visible ends.
    #[test]
    fn steps_back_over_what_compaction_has_taken() {
        let mut list = HiddenList::default();
        let hidden = |position, bytes, first, last, kind| HiddenBatch {
            position,
            bytes,
            first,
            last,
            kind,
        };
        list.push(hidden(100, 0, 1, 4, HiddenKind::Gap));
        list.push(hidden(100, 100, 5, 5, HiddenKind::Empty));
        assert_eq!(list.step_back(Offset(10), Offset(16), Offset(0)), Offset(11));
        assert_eq!(stretches(&list, 0, 300), [(0, 100), (200, 100)]);
        assert_eq!(list.entries(Offset(10), Offset(10), Offset(16)).count(), 0);
    }

    #[test]
    fn entries_are_found_by_offset() {
        let list = list("evehe");
        let found: Vec<u32> = list
            .entries(Offset(10), Offset(11), Offset(14))
            .map(|batch| batch.first)
            .collect();
        assert_eq!(found, [2]);
    }
}
