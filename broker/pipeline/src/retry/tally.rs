//! What became of the records of retry topics, in numbers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::forgetful::Forgetful;
use crate::fates::{Fate, Fates};

/// One topic's numbers since the node's start.
#[derive(Debug, Default)]
pub struct RetryMeter {
    held: AtomicU64,
    dead_letters: AtomicU64,
    dropped: AtomicU64,
    uncounted: AtomicU64,
    repeated: AtomicU64,
    fallbacks: AtomicU64,
    forgetful: Forgetful,
}

/// The numbers, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RetryTotals {
    /// Records that come back, or came back.
    pub held: u64,
    /// Records that went to the dead-letter topic.
    pub dead_letters: u64,
    /// Records that the policy dropped.
    pub dropped: u64,
    /// Records that came without a count of their attempts: first failures, and those of clients that lose headers.
    pub uncounted: u64,
    /// Of those, records that had come without a count shortly before: a client loses headers.
    pub repeated: u64,
    /// Records of which a policy that failed decided nothing, so that the settings did.
    pub fallbacks: u64,
}

/// What is to be counted of a batch once it is in the log.
#[derive(Debug, Default)]
pub struct Tally {
    /// Records without a count, by their print.
    pub uncounted: Vec<u64>,
    /// Records of which the policy failed to decide.
    pub fallbacks: u32,
}

impl RetryMeter {
    /// Counts a batch of this topic that is in the log now.
    pub fn note(&self, topic: &str, tally: &Tally, fates: &Fates) {
        for (_, fate) in fates.leaving() {
            let counter = match fate {
                Fate::Hold(_) => &self.held,
                Fate::DeadLetter(_) => &self.dead_letters,
                Fate::Drop => &self.dropped,
                Fate::Stay | Fate::Move(_) | Fate::Refuse(_) | Fate::Retry(_) => continue,
            };
            counter.fetch_add(1, Relaxed);
        }
        self.uncounted.fetch_add(tally.uncounted.len() as u64, Relaxed);
        self.fallbacks.fetch_add(u64::from(tally.fallbacks), Relaxed);
        let repeated = self.forgetful.note(topic, &tally.uncounted);
        self.repeated.fetch_add(repeated, Relaxed);
    }

    /// The numbers now.
    pub fn totals(&self) -> RetryTotals {
        RetryTotals {
            held: self.held.load(Relaxed),
            dead_letters: self.dead_letters.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            uncounted: self.uncounted.load(Relaxed),
            repeated: self.repeated.load(Relaxed),
            fallbacks: self.fallbacks.load(Relaxed),
        }
    }
}
