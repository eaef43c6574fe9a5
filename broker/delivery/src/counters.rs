//! What delivery has done, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the node started.
#[derive(Debug, Default)]
pub struct Counters {
    delivered: AtomicU64,
    dropped: AtomicU64,
    blocked: AtomicU64,
    entries: AtomicU64,
    released: AtomicU64,
    cancelled: AtomicU64,
    held_again: AtomicU64,
    damaged: AtomicU64,
}

impl Counters {
    pub(crate) fn delivered(&self, records: u32) {
        self.delivered.fetch_add(u64::from(records), Ordering::Relaxed);
    }

    pub(crate) fn dropped(&self, records: u32) {
        self.dropped.fetch_add(u64::from(records), Ordering::Relaxed);
    }

    pub(crate) fn blocked(&self) {
        self.blocked.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn entry_read(&self) {
        self.entries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn released(&self, records: u32) {
        self.released.fetch_add(u64::from(records), Ordering::Relaxed);
    }

    pub(crate) fn cancelled(&self, holds: usize) {
        self.cancelled.fetch_add(holds as u64, Ordering::Relaxed);
    }

    pub(crate) fn held_again(&self, holds: u64) {
        self.held_again.fetch_add(holds, Ordering::Relaxed);
    }

    pub(crate) fn damaged(&self) {
        self.damaged.fetch_add(1, Ordering::Relaxed);
    }

    /// Held records that came back when they were due.
    pub fn records_released(&self) -> u64 {
        self.released.load(Ordering::Relaxed)
    }

    /// Holds that were cancelled.
    pub fn holds_cancelled(&self) -> u64 {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Holds that were carried to the end of their log, so that retention could go on.
    pub fn holds_carried(&self) -> u64 {
        self.held_again.load(Ordering::Relaxed)
    }

    /// Holds whose bytes are damaged: they stay where they are.
    pub fn holds_damaged(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// Outbox entries that were read, once for each time.
    pub fn entries_read(&self) -> u64 {
        self.entries.load(Ordering::Relaxed)
    }

    /// Records that were appended at their targets.
    pub fn records_delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Records whose target was deleted.
    pub fn records_dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// How often a target took nothing for a while.
    pub fn times_blocked(&self) -> u64 {
        self.blocked.load(Ordering::Relaxed)
    }
}
