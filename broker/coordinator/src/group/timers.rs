//! The timers of one group, by deadline.

use std::collections::{BTreeMap, BTreeSet};

use corvid_env::clock::Instant;

/// What a timer is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// The join phase of a rebalance ends, or its initial delay.
    Join,
    /// Members that have not asked for their assignment are removed.
    Sync,
    /// A member, or one that was only given its id yet, counts as dead.
    Session(String),
}

/// A group's timers: each at most once.
#[derive(Debug, Clone, Default)]
pub(super) struct Timers {
    by_time: BTreeSet<(Instant, Timer)>,
    by_timer: BTreeMap<Timer, Instant>,
}

impl Timers {
    /// Sets a timer, in place of its former setting.
    pub fn set(&mut self, timer: Timer, at: Instant) {
        if let Some(former) = self.by_timer.insert(timer.clone(), at) {
            self.by_time.remove(&(former, timer.clone()));
        }
        self.by_time.insert((at, timer));
    }

    pub fn cancel(&mut self, timer: &Timer) {
        if let Some((timer, at)) = self.by_timer.remove_entry(timer) {
            self.by_time.remove(&(at, timer));
        }
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// When the next timer is due.
    pub fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// Takes the next timer that is due.
    pub fn pop(&mut self, now: Instant) -> Option<Timer> {
        if self.next()? > now {
            return None;
        }
        let (_, timer) = self.by_time.pop_first()?;
        self.by_timer.remove(&timer);
        Some(timer)
    }
}
