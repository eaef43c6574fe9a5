//! What one partition holds until later: which holds are pending, and which is due next.
//!
//! A pure state: it is told what the log says, in the log's order, and what was released; it knows no log and no clock.
//!
//! # Memory
//!
//! Each pending hold costs a bit or two: a compressed bitmap has their names. Only the [`NEAR_MAX`] that are due first are known
//! by time (the *near* ones, those below the *horizon*); of the others, a page of the log's offsets at a time remembers the least due
//! time. When few near ones are left, the pages are read again, and the next ones are found (a *refill*, a page at a time).

pub(crate) mod checkpoint;
mod refill;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use corvid_record::{Offset, Timestamp};
use roaring::RoaringTreemap;

use refill::Refill;

/// How many holds are known by time, at 40 bytes each.
pub(crate) const NEAR_MAX: usize = 1 << 17;
/// With fewer near ones than this, the next ones are looked for.
const NEAR_FEW: usize = NEAR_MAX / 4;
/// A page has so many bits of offsets.
const PAGE_BITS: u32 = 12;

/// A hold, and where its records lie in the log.
///
/// Ordered as they are released: by due time, and those of one time by the offset that they were first held under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct HeldAt {
    /// When it is due.
    pub due: Timestamp,
    /// The offset that it was first held under.
    pub first: Offset,
    /// The offset that names it now.
    pub name: Offset,
    /// How far behind its entry's offset the name is.
    pub behind_entry: u32,
    /// Where its batch begins, counted from the entry's first byte.
    pub begin: u32,
    /// How many bytes its batch has.
    pub len: u32,
}

/// The order of releases.
type Key = (Timestamp, Offset, Offset);

impl HeldAt {
    /// The offset of the entry that it is in.
    pub fn entry(&self) -> Offset {
        Offset(self.name.0 - i64::from(self.behind_entry))
    }

    fn key(&self) -> Key {
        (self.due, self.first, self.name)
    }
}

/// After everything.
const NEVER: Key = (Timestamp(i64::MAX), Offset(i64::MAX), Offset(i64::MAX));

/// What happens next, by what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing is held.
    Nothing,
    /// This one is the next that is due.
    Held(HeldAt),
    /// That is known only when a refill is over.
    Unknown,
}

/// The holds of a partition, as of [`Holds::looked_to`].
#[derive(Debug)]
pub(crate) struct Holds {
    looked_to: Offset,
    pending: RoaringTreemap,
    /// Pending ones that can't be released: they are damaged.
    aside: RoaringTreemap,
    near: BTreeSet<HeldAt>,
    near_max: usize,
    /// Every pending hold before this is near.
    horizon: Key,
    /// Page → nothing on it that is pending and not near is due before this.
    far: BTreeMap<u64, Timestamp>,
    refill: Option<Refill>,
    /// What was released at or behind `looked_to`, or is not on the disk yet: the release's end, and the hold.
    released: VecDeque<(Offset, HeldAt)>,
}

impl Holds {
    /// Nothing is held below `from`.
    pub fn new(from: Offset) -> Self {
        Self::with_near(from, NEAR_MAX)
    }

    fn with_near(from: Offset, near_max: usize) -> Self {
        Self {
            looked_to: from,
            pending: RoaringTreemap::new(),
            aside: RoaringTreemap::new(),
            near: BTreeSet::new(),
            near_max,
            horizon: NEVER,
            far: BTreeMap::new(),
            refill: None,
            released: VecDeque::new(),
        }
    }

    /// The log has been looked through up to here.
    pub fn looked_to(&self) -> Offset {
        self.looked_to
    }

    /// It was looked through up to `to`, and `flushed` of it is on the disk.
    pub fn look_to(&mut self, to: Offset, flushed: Offset) {
        self.looked_to = self.looked_to.max(to);
        let settled = self.looked_to.min(flushed);
        while self.released.front().is_some_and(|(end, _)| *end <= settled) {
            self.released.pop_front();
        }
    }

    /// How many are pending.
    pub fn len(&self) -> u64 {
        self.pending.len()
    }

    /// Whether the hold of this name is pending.
    pub fn contains(&self, name: Offset) -> bool {
        self.pending.contains(name.0 as u64)
    }

    /// The names of pending holds from `from` on, in their order.
    pub fn names(&self, from: Offset) -> impl Iterator<Item = Offset> + '_ {
        let mut names = self.pending.iter();
        names.advance_to(from.0 as u64);
        names.map(|name| Offset(name as i64))
    }

    /// The log is needed from here on: there is what is pending, and what was released by a batch that may still be lost.
    pub fn needed_from(&self) -> Offset {
        let pending = self.pending.min().map_or(self.looked_to, |name| Offset(name as i64));
        let unsettled = self.released.iter().map(|(_, held)| held.name);
        unsettled.fold(pending.min(self.looked_to), Offset::min)
    }

    /// A hold begins.
    pub fn begin(&mut self, held: HeldAt) {
        self.pending.insert(held.name.0 as u64);
        if held.key() >= self.horizon {
            self.set_far(&held);
            if let Some(refill) = &mut self.refill {
                refill.offer(held);
            }
            return;
        }
        self.near.insert(held);
        if self.near.len() > self.near_max
            && let Some(last) = self.near.pop_last()
        {
            self.horizon = last.key();
            // It looks for what is behind a horizon that is no more.
            self.refill = None;
            if self.contains(last.name) {
                self.set_far(&last);
            }
        }
    }

    /// A hold ends, as the log says: it was cancelled, or held again under another name, or (when the log is read after a start) released.
    pub fn end(&mut self, name: Offset) -> bool {
        self.aside.remove(name.0 as u64);
        // A near one is passed over when its turn comes.
        self.pending.remove(name.0 as u64)
    }

    /// A hold was released, by a batch that ends at `end`.
    pub fn release(&mut self, held: &HeldAt, end: Offset) {
        self.near.remove(held);
        self.pending.remove(held.name.0 as u64);
        self.released.push_back((end, *held));
    }

    /// A hold that can't be released: its bytes are damaged. It stays pending, so that nothing of it is deleted, and is not tried again.
    pub fn set_aside(&mut self, held: &HeldAt) {
        self.near.remove(held);
        self.pending.insert(held.name.0 as u64);
        self.aside.insert(held.name.0 as u64);
    }

    /// How many releases a sync has not covered.
    pub fn unsettled(&self) -> usize {
        self.released.len()
    }

    /// Where the first release ends that a sync has not covered.
    pub fn first_unsettled(&self) -> Option<Offset> {
        self.released.front().map(|(end, _)| *end)
    }

    /// What is released next.
    pub fn next(&mut self) -> Next {
        while let Some(first) = self.near.first() {
            if self.pending.contains(first.name.0 as u64) {
                return Next::Held(*first);
            }
            self.near.pop_first();
        }
        if self.far.is_empty() {
            Next::Nothing
        } else {
            Next::Unknown
        }
    }

    /// The first of those that are released next, in their order, as far as they are known.
    pub fn first_few(&self, most: usize) -> impl Iterator<Item = HeldAt> + '_ {
        let pending = |held: &&HeldAt| self.pending.contains(held.name.0 as u64);
        self.near.iter().filter(pending).take(most).copied()
    }

    /// The offsets that are to be looked through next, if a refill is under way or is needed: what is held there is told by [`Holds::found`].
    pub fn page_to_read(&mut self) -> Option<Range<Offset>> {
        if self.refill.is_none() {
            if self.far.is_empty() || self.near.len() >= NEAR_FEW.min(self.near_max / 4 + 1) {
                return None;
            }
            self.refill = Some(Refill::new(self.near_max, self.horizon));
        }
        let refill = self.refill.as_mut()?;
        if let Some(page) = refill.next_page(&self.far) {
            let begin = page << PAGE_BITS;
            return Some(Offset(begin as i64)..Offset((begin + (1 << PAGE_BITS)) as i64));
        }
        self.finish_refill();
        None
    }

    /// What is held on the page that was to be looked through: all of it, of what is pending.
    pub fn found(&mut self, held: impl IntoIterator<Item = HeldAt>) {
        let Some(refill) = &mut self.refill else { return };
        for held in held {
            let name = held.name.0 as u64;
            if self.pending.contains(name) && !self.aside.contains(name) {
                refill.offer(held);
            }
        }
        refill.page_done();
    }

    fn finish_refill(&mut self) {
        let Some(refill) = self.refill.take() else { return };
        let (found, horizon, left) = refill.finish();
        self.near.extend(found);
        self.horizon = horizon;
        for (page, latest) in left {
            if latest < horizon {
                self.far.remove(&page);
            } else if let Some(bound) = self.far.get_mut(&page) {
                *bound = horizon.0.max(*bound);
            }
        }
    }

    fn set_far(&mut self, held: &HeldAt) {
        let bound = self.far.entry(page_of(held.name)).or_insert(held.due);
        *bound = held.due.min(*bound);
    }
}

fn page_of(name: Offset) -> u64 {
    name.0 as u64 >> PAGE_BITS
}
