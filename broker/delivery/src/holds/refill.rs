//! Finding the holds that are due next among those that are known by name only.

use std::collections::{BTreeMap, BTreeSet};

use corvid_record::{Offset, Timestamp};

use super::{HeldAt, Key, NEVER, page_of};

/// A search under way: it looks through pages of the log in their order, and keeps the first ones.
///
/// What begins to be held meanwhile is offered, too, so that the result is right as of its end.
#[derive(Debug)]
pub(super) struct Refill {
    /// Those before it are near already.
    horizon: Key,
    found: BTreeSet<HeldAt>,
    found_max: usize,
    /// Everything from here on was left out.
    left_out_from: Key,
    /// Page → the last hold that was seen there.
    latest: BTreeMap<u64, Key>,
    page: u64,
}

impl Refill {
    pub fn new(found_max: usize, horizon: Key) -> Self {
        Self {
            horizon,
            found: BTreeSet::new(),
            found_max,
            left_out_from: NEVER,
            latest: BTreeMap::new(),
            page: 0,
        }
    }

    /// The next page that may have something to keep.
    pub fn next_page(&mut self, far: &BTreeMap<u64, Timestamp>) -> Option<u64> {
        let bound: Key = (self.left_out_from.0, Offset(0), Offset(0));
        let mut pages = far.range(self.page..);
        let (page, _) = pages.find(|(_, due)| (**due, Offset(0), Offset(0)) <= bound)?;
        self.page = *page;
        self.latest.insert(*page, (Timestamp(i64::MIN), Offset(0), Offset(0)));
        Some(*page)
    }

    pub fn page_done(&mut self) {
        self.page += 1;
    }

    pub fn offer(&mut self, held: HeldAt) {
        let key = held.key();
        if let Some(latest) = self.latest.get_mut(&page_of(held.name)) {
            *latest = key.max(*latest);
        }
        if key < self.horizon || key >= self.left_out_from {
            return;
        }
        self.found.insert(held);
        if self.found.len() > self.found_max
            && let Some(last) = self.found.pop_last()
        {
            self.left_out_from = last.key();
        }
    }

    /// What was found, the new horizon, and the last hold of each page that was looked through.
    pub fn finish(self) -> (BTreeSet<HeldAt>, Key, BTreeMap<u64, Key>) {
        (self.found, self.left_out_from, self.latest)
    }
}
