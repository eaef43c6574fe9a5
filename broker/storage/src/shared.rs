//! What the logs of a directory have in common.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use corvid_env::clock::{self, WallTime};
use corvid_env::fs::Dir;
use corvid_record::Offset;
use parking_lot::Mutex;

use crate::checkpoint_file::OffsetCheckpoint;
use crate::config::LogDirectoryConfig;
use crate::disk_space::DiskSpace;
use crate::flush_queue::FlushQueue;
use crate::flushed_file::FlushedFile;
use crate::log::Log;
use crate::names;
use crate::open_files::OpenFiles;
use crate::retention::TrustedClock;
use crate::segment::replace;

/// A jump of the wall clock forwards by more than this is not believed by retention at once …
const JUMP_MAX: Duration = Duration::from_hours(1);
/// … but when the clock has stayed there for so long.
const BELIEVED_AFTER: Duration = Duration::from_hours(1);

/// What the logs of a directory have in common.
pub(crate) struct Shared {
    pub root: Dir,
    pub config: LogDirectoryConfig,
    pub open_files: OpenFiles,
    pub space: DiskSpace,
    pub queue: FlushQueue,
    pub flushed_file: Mutex<FlushedFile>,
    pub visible_starts: Mutex<OffsetCheckpoint>,
    /// `visible_starts` has changed since its file was written.
    pub visible_starts_unwritten: AtomicBool,
    pub cleaned: Mutex<OffsetCheckpoint>,
    /// Held while the file of `cleaned` is written: its writers take turns.
    cleaned_file: tokio::sync::Mutex<()>,
    pub clock: Mutex<TrustedClock>,
    pub logs: Mutex<BTreeMap<Arc<str>, Arc<Log>>>,
    /// A log's directory was created since the root was synced, or may have been, by who was killed before the sync.
    pub root_unsynced: AtomicBool,
    poisoned: OnceLock<String>,
}

impl Shared {
    pub fn new(
        root: Dir,
        config: LogDirectoryConfig,
        flushed_file: FlushedFile,
        visible_starts: OffsetCheckpoint,
        cleaned: OffsetCheckpoint,
    ) -> Self {
        Self {
            open_files: OpenFiles::new(config.sealed_files_max),
            space: DiskSpace::open(root.clone(), config.reserve_bytes),
            queue: FlushQueue::default(),
            flushed_file: Mutex::new(flushed_file),
            visible_starts: Mutex::new(visible_starts),
            visible_starts_unwritten: AtomicBool::new(false),
            cleaned: Mutex::new(cleaned),
            cleaned_file: tokio::sync::Mutex::default(),
            clock: Mutex::new(TrustedClock::new(JUMP_MAX, BELIEVED_AFTER)),
            logs: Mutex::default(),
            root_unsynced: AtomicBool::new(true),
            poisoned: OnceLock::new(),
            root,
            config,
        }
    }

    /// Why nothing may be written here any more.
    pub fn poisoned(&self) -> Option<&str> {
        self.poisoned.get().map(String::as_str)
    }

    /// A sync has failed, or something that is as bad. Nothing is tried again: pages that could not be written may be marked clean, and
    /// the next sync would succeed without them ("Can Applications Recover from fsync Failures?", USENIX ATC 2020).
    pub fn poison(&self, error: &io::Error) {
        let reason = error.to_string();
        if self.poisoned.set(reason.clone()).is_err() {
            return;
        }
        tracing::error!(directory = %self.root.path().display(), error = reason, "a sync failed: the log directory takes nothing any more");
        let text = format!("A sync of this directory failed at {}: {reason}\n", clock::wall_clock());
        if let Err(error) = replace(&self.root, names::POISONED, text.as_bytes()).and_then(|_| self.root.sync()) {
            tracing::error!(%error, "the failed sync could not be recorded either");
        }
        let logs: Vec<_> = self.logs.lock().values().cloned().collect();
        for log in logs {
            log.tell_failed();
        }
    }

    /// Sets what clients are told to be a log's start; durable after the next round.
    pub fn set_visible_start(&self, log: &str, start: Option<Offset>) {
        if self.visible_starts.lock().set(log, start) {
            self.visible_starts_unwritten.store(true, Ordering::Release);
        }
    }

    /// Sets up to where a log is clean, durably.
    pub async fn set_cleaned(&self, log: &str, to: Option<Offset>) -> io::Result<()> {
        let _turn = self.cleaned_file.lock().await;
        let text = {
            let mut cleaned = self.cleaned.lock();
            cleaned.set(log, to);
            cleaned.text()
        };
        self.root.write_atomic(names::CLEANER_CHECKPOINT, text.as_bytes()).await
    }

    /// The wall clock, as far as it is believed.
    pub fn trusted(&self, now: WallTime) -> WallTime {
        self.clock.lock().believe(now, clock::now())
    }
}
