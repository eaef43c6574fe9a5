//! A segment that grows no more.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use corvid_env::fs::{Dir, File};
use corvid_record::{Offset, Timestamp};
use parking_lot::Mutex;

use super::{Summary, Times, find_batch, read_summary};
use crate::error::ReadError;
use crate::index::{OffsetEntry, SealedIndex, TimeEntry};
use crate::names;
use crate::recovery::{Surroundings, rebuild_sidecars};
use crate::segment::Found;

/// A segment that grows no more. Its files are opened when they are needed, and closed when many others are.
#[derive(Debug)]
pub(crate) struct SealedSegment {
    dir: Dir,
    pub base: Offset,
    /// Where the next segment begins.
    pub end: Offset,
    pub bytes: u64,
    times: OnceLock<Times>,
    open: Mutex<Option<Arc<OpenSegment>>>,
    /// Whether it was used since [`SealedSegment::take_used`]: what the table of open files goes by.
    used: AtomicBool,
    /// Whether the files stay open, because their names are about to go.
    pinned: AtomicBool,
}

/// The files of a sealed segment while they are open.
#[derive(Debug)]
pub(crate) struct OpenSegment {
    pub file: File,
    pub summary: Summary,
    index: OnceLock<Option<SealedIndex<OffsetEntry>>>,
    time_index: OnceLock<Option<SealedIndex<TimeEntry>>>,
}

impl SealedSegment {
    pub fn new(dir: Dir, base: Offset, end: Offset, bytes: u64) -> Self {
        Self {
            dir,
            base,
            end,
            bytes,
            times: OnceLock::new(),
            open: Mutex::new(None),
            used: AtomicBool::new(false),
            pinned: AtomicBool::new(false),
        }
    }

    /// A segment that was active until now, with its file still open.
    pub fn with_open(dir: Dir, end: Offset, file: File, summary: Summary) -> Self {
        let segment = Self::new(dir, summary.base, end, summary.log_bytes);
        let _ = segment.times.set(summary.times);
        *segment.open.lock() = Some(Arc::new(OpenSegment::new(file, summary)));
        segment
    }

    /// The file's name.
    pub fn log_name(&self) -> String {
        names::segment_file(self.base, names::LOG)
    }

    /// The files, if they are open.
    pub fn if_open(&self) -> Option<Arc<OpenSegment>> {
        self.used.store(true, Ordering::Relaxed);
        self.open.lock().clone()
    }

    /// Opens the files. Only the table of open files does this, which counts them.
    pub fn open(&self) -> Result<Arc<OpenSegment>, ReadError> {
        let mut open = self.open.lock();
        if let Some(already) = &*open {
            return Ok(already.clone());
        }
        let file = self
            .dir
            .open_file(&self.log_name())
            .map_err(|error| self.io_error(error))?;
        let summary = self.load_summary()?;
        let opened = Arc::new(OpenSegment::new(file, summary));
        *open = Some(opened.clone());
        Ok(opened)
    }

    /// Closes the files; who reads them now keeps them until done.
    pub fn close(&self) {
        let mut open = self.open.lock();
        if !self.pinned.load(Ordering::Acquire) {
            *open = None;
        }
    }

    /// Opens the files for as long as the segment is used by anyone: their names are about to go.
    pub fn pin(&self) -> Result<Arc<OpenSegment>, ReadError> {
        self.pinned.store(true, Ordering::Release);
        self.open()
    }

    /// Whether it was used since this was called last.
    pub fn take_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    /// What is known of its times. Reads the sidecar the first time.
    pub fn times(&self) -> Result<Times, ReadError> {
        if let Some(times) = self.times.get() {
            return Ok(*times);
        }
        let times = self.load_summary()?.times;
        Ok(*self.times.get_or_init(|| times))
    }

    /// The first batch that ends behind `target`; `None` if the segment has none.
    pub fn find(&self, files: &OpenSegment, target: Offset) -> Result<Option<Found>, ReadError> {
        let from = files
            .index(&self.dir)
            .and_then(|index| index.floor((target.0 - self.base.0).max(0) as u32));
        let from = from.map_or(0, |entry| u64::from(entry.position));
        match find_batch(&files.file, from.min(self.bytes), self.bytes, target) {
            Ok(Some(found)) if found.base_offset >= self.base && plausible(&found, from, target) => Ok(Some(found)),
            Ok(None) if from == 0 => Ok(None),
            // What the index says may be damaged; the log has the last word.
            Ok(_) | Err(_) => find_batch(&files.file, 0, self.bytes, target).map_err(|error| self.io_error(error)),
        }
    }

    /// An offset that is not behind the first batch with a timestamp at or above `timestamp`.
    pub fn time_floor(&self, files: &OpenSegment, timestamp: Timestamp) -> Offset {
        let entry = files
            .time_index(&self.dir)
            .and_then(|index| index.floor(super::active::below(timestamp)));
        entry.map_or(self.base, |entry| {
            (self.base + i64::from(entry.last_offset)).min(self.end)
        })
    }

    /// An error of the segment's log.
    pub fn io_error(&self, error: io::Error) -> ReadError {
        ReadError::of_file(&self.log_name(), error)
    }

    fn load_summary(&self) -> Result<Summary, ReadError> {
        match read_summary(&self.dir, self.base, self.bytes) {
            Ok(summary) => Ok(summary),
            Err(error) => {
                tracing::warn!(dir = %self.dir.path().display(), base = self.base.0, %error, "rebuilding a segment's sidecars");
                // What lies around the segment is not known here: the batch before counts as visible.
                rebuild_sidecars(
                    &self.dir,
                    self.base,
                    self.bytes,
                    &Surroundings {
                        visible_before: self.base,
                        links: None,
                        began_at: None,
                    },
                )
            }
        }
    }
}

impl OpenSegment {
    fn new(file: File, summary: Summary) -> Self {
        Self {
            file,
            summary,
            index: OnceLock::new(),
            time_index: OnceLock::new(),
        }
    }

    fn index(&self, dir: &Dir) -> Option<&SealedIndex<OffsetEntry>> {
        self.index
            .get_or_init(|| open_index(dir, self.summary.base, names::INDEX))
            .as_ref()
    }

    fn time_index(&self, dir: &Dir) -> Option<&SealedIndex<TimeEntry>> {
        self.time_index
            .get_or_init(|| open_index(dir, self.summary.base, names::TIME_INDEX))
            .as_ref()
    }
}

/// A batch that is found where the index points holds the target, or the index is damaged.
fn plausible(found: &Found, from: u64, target: Offset) -> bool {
    found.position > from || from == 0 || found.base_offset <= target
}

/// Without an index a segment is looked through from its start: slower, not wrong.
fn open_index<E: crate::index::IndexEntry>(dir: &Dir, base: Offset, suffix: &str) -> Option<SealedIndex<E>> {
    let name = names::segment_file(base, suffix);
    SealedIndex::open(dir, &name)
        .inspect_err(|error| tracing::warn!(index = name, %error, "an index can't be opened"))
        .ok()
}
