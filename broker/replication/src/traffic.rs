//! What clients have sent to a partition, and have fetched from it.

use std::iter::Sum;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since this node has begun to lead the partition. They go with it.
#[derive(Debug, Default)]
pub struct Traffic {
    messages_in: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    failed_produces: AtomicU64,
    failed_fetches: AtomicU64,
}

/// [`Traffic`] at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrafficTotals {
    /// Records that clients have sent, before hooks; duplicates of what is in the log are not counted again.
    pub messages_in: u64,
    /// Bytes of their batches, as sent.
    pub bytes_in: u64,
    /// Bytes of batches that were answered to fetches.
    pub bytes_out: u64,
    /// Batches that were answered with an error.
    pub failed_produces: u64,
    /// Fetches that were answered with an error.
    pub failed_fetches: u64,
}

impl Traffic {
    /// A client's batch was taken.
    pub fn produced(&self, messages: u64, bytes: u64) {
        self.messages_in.fetch_add(messages, Ordering::Relaxed);
        self.bytes_in.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A client's batch was not taken.
    pub fn produce_failed(&self) {
        self.failed_produces.fetch_add(1, Ordering::Relaxed);
    }

    /// A client was given batches.
    pub fn fetched(&self, bytes: u64) {
        self.bytes_out.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A client was given an error instead.
    pub fn fetch_failed(&self) {
        self.failed_fetches.fetch_add(1, Ordering::Relaxed);
    }

    /// The counts by now.
    pub fn totals(&self) -> TrafficTotals {
        TrafficTotals {
            messages_in: self.messages_in.load(Ordering::Relaxed),
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
            failed_produces: self.failed_produces.load(Ordering::Relaxed),
            failed_fetches: self.failed_fetches.load(Ordering::Relaxed),
        }
    }
}

impl Sum for TrafficTotals {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            messages_in: sum.messages_in + one.messages_in,
            bytes_in: sum.bytes_in + one.bytes_in,
            bytes_out: sum.bytes_out + one.bytes_out,
            failed_produces: sum.failed_produces + one.failed_produces,
            failed_fetches: sum.failed_fetches + one.failed_fetches,
        })
    }
}
