//! What views have done.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counters of a node.
#[derive(Debug, Default)]
pub struct ViewFigures {
    from_files: AtomicU64,
    from_views: AtomicU64,
    asked: AtomicU64,
    kept: AtomicU64,
    hidden: AtomicU64,
    failed: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewTotals {
    /// Bytes of records that were answered as ranges of files.
    pub bytes_from_files: u64,
    /// Bytes of records that were answered from memory, after views.
    pub bytes_from_views: u64,
    /// Batches that plugins were asked about.
    pub asked: u64,
    /// Batches whose result was still there.
    pub kept: u64,
    /// Batches of which nothing was shown.
    pub hidden: u64,
    /// Times that a partition was not shown, because a view failed.
    pub failed: u64,
}

impl ViewFigures {
    /// Records are answered: so many bytes as ranges of files, and so many that views have shown.
    pub fn answered(&self, from_files: u64, from_views: u64) {
        if from_files > 0 {
            self.from_files.fetch_add(from_files, Relaxed);
        }
        if from_views > 0 {
            self.from_views.fetch_add(from_views, Relaxed);
        }
    }

    pub(super) fn asked(&self) {
        self.asked.fetch_add(1, Relaxed);
    }

    pub(super) fn kept(&self) {
        self.kept.fetch_add(1, Relaxed);
    }

    pub(super) fn hid(&self) {
        self.hidden.fetch_add(1, Relaxed);
    }

    pub(super) fn failed(&self) {
        self.failed.fetch_add(1, Relaxed);
    }

    /// All of them.
    pub fn totals(&self) -> ViewTotals {
        ViewTotals {
            bytes_from_files: self.from_files.load(Relaxed),
            bytes_from_views: self.from_views.load(Relaxed),
            asked: self.asked.load(Relaxed),
            kept: self.kept.load(Relaxed),
            hidden: self.hidden.load(Relaxed),
            failed: self.failed.load(Relaxed),
        }
    }
}
