//! Where the newest batches of an active segment lie: what most reads ask for.

use std::collections::VecDeque;

use corvid_record::Offset;

/// So many batches are remembered.
const BATCHES_MAX: usize = 64;

/// The newest batches: base offset and position of each.
#[derive(Debug, Default)]
pub(crate) struct Recent {
    batches: VecDeque<(Offset, u64)>,
}

impl Recent {
    pub fn push(&mut self, base_offset: Offset, position: u64) {
        if self.batches.len() == BATCHES_MAX {
            self.batches.pop_front();
        }
        self.batches.push_back((base_offset, position));
    }

    /// Where the batch lies that `offset` is in; `None` if it is not one of the newest.
    pub fn find(&self, offset: Offset) -> Option<u64> {
        let behind = self.batches.partition_point(|&(base, _)| base <= offset);
        behind.checked_sub(1).map(|index| self.batches[index].1)
    }
}
