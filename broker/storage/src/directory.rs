//! A directory of logs: one disk, one lock, one flusher.

mod cleanup;
mod meta_properties;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use corvid_env::clock::WallTime;
use corvid_env::fs::{Dir, DirLock};
use corvid_env::random;
use corvid_env::task::{self, ThreadHandle};
use parking_lot::Mutex;

use crate::config::{LogConfig, LogDirectoryConfig};
use crate::disk_space::is_out_of_space;
use crate::error::{ChangeError, OpenError};
use crate::flush_queue::Stop;
use crate::flushed_file::FlushedFile;
use crate::flusher;
use crate::log::Log;
use crate::names;
use crate::shared::Shared;
use meta_properties::MetaProperties;

/// A directory of logs: one disk, one lock, one flusher.
///
/// Dropping it without [`LogDirectory::shutdown`] is like a crash: the next start recovers.
pub struct LogDirectory {
    shared: Arc<Shared>,
    properties: MetaProperties,
    was_clean: bool,
    /// Logs that are being opened right now.
    opening: Mutex<BTreeSet<String>>,
    closed: AtomicBool,
    flusher: Mutex<Option<ThreadHandle>>,
    /// Let go at the shutdown, so that the next one need not wait for the last handle to this one.
    lock: Mutex<Option<DirLock>>,
}

/// The longest checkpoint file that is read.
const CHECKPOINT_BYTES_MAX: u64 = 64 << 20;

impl LogDirectory {
    /// Takes the directory and starts its flusher. No log is opened yet.
    ///
    /// Blocks for a few syncs, as every `async` function here does that writes a checkpoint.
    pub async fn open(dir: Dir, config: LogDirectoryConfig) -> Result<Arc<Self>, OpenError> {
        let lock = dir.lock()?;
        cleanup::refuse_poisoned(&dir)?;
        let properties = MetaProperties::read_or_create(&dir, &config).await?;
        let io_error = |error| OpenError::Io {
            path: dir.path().to_path_buf(),
            error,
        };
        let was_clean = cleanup::take_clean_mark(&dir).map_err(io_error)?;
        let mut flushed_file = FlushedFile::open(&dir).await?;
        cleanup::finish_deletions(&dir, &mut flushed_file)
            .await
            .map_err(io_error)?;
        let visible_starts = cleanup::read_checkpoint(&dir, names::LOG_START_CHECKPOINT)
            .await
            .map_err(io_error)?;
        let cleaned = cleanup::read_checkpoint(&dir, names::CLEANER_CHECKPOINT)
            .await
            .map_err(io_error)?;
        let shared = Arc::new(Shared::new(dir, config, flushed_file, visible_starts, cleaned));
        let flusher = task::spawn_thread("flusher", {
            let shared = shared.clone();
            move || flusher::run(shared)
        });
        Ok(Arc::new(Self {
            shared,
            properties,
            was_clean,
            opening: Mutex::default(),
            closed: AtomicBool::new(false),
            flusher: Mutex::new(Some(flusher)),
            lock: Mutex::new(Some(lock)),
        }))
    }

    /// Opens the log `<topic>-<partition>`: creates it, or recovers it if the last shutdown was not clean. Blocks.
    ///
    /// A log that is open already is given again, with the new settings.
    pub fn open_log(&self, name: &str, config: LogConfig) -> Result<Arc<Log>, OpenError> {
        if names::parse_log_name(name).is_none() {
            return Err(OpenError::BadName(name.to_owned()));
        }
        self.check_open()
            .map_err(|error| OpenError::Closed(error.to_string()))?;
        if let Some(log) = self.log(name) {
            log.set_config(config);
            return Ok(log);
        }
        if !self.opening.lock().insert(name.to_owned()) {
            return Err(OpenError::Closed(format!("{name} is being opened already")));
        }
        let opened = Log::open(name, config, &self.shared, self.was_clean);
        if let Ok(log) = &opened {
            self.shared.logs.lock().insert(name.into(), log.clone());
        }
        self.opening.lock().remove(name);
        opened
    }

    /// Closes the log and removes its files.
    ///
    /// Once this returns, a log of the same name can be created, and has nothing of the old one.
    pub async fn delete_log(&self, name: &str) -> Result<(), ChangeError> {
        if names::parse_log_name(name).is_none() {
            return Err(ChangeError::Closed);
        }
        self.check_open()?;
        let log = self.shared.logs.lock().remove(name);
        let _alone = match &log {
            Some(log) => {
                log.close(true);
                log.tell_failed();
                Some(log.exclusive().await)
            }
            None => None,
        };
        // No round may be at work in the directory when its name changes.
        self.durable().await?;
        if !self.shared.root.exists(name) {
            return Ok(());
        }
        let deleted = names::deleted_directory(name, random::u64());
        self.shared.root.rename(name, &deleted)?;
        self.shared.root.sync()?;
        self.shared.set_visible_start(name, None);
        self.shared.flushed_file.lock().release(name)?;
        self.durable().await?;
        self.shared.root.remove_dir_all(&deleted)?;
        // Not before: there is room now.
        self.forget_cleaned(name).await
    }

    /// The open log of that name.
    pub fn log(&self, name: &str) -> Option<Arc<Log>> {
        self.shared.logs.lock().get(name).cloned()
    }

    /// The open logs, by name.
    pub fn logs(&self) -> Vec<Arc<Log>> {
        self.shared.logs.lock().values().cloned().collect()
    }

    /// The names of all logs on the disk, open or not.
    pub fn names(&self) -> Result<Vec<String>, ChangeError> {
        Ok(cleanup::log_names(&self.shared.root)?)
    }

    /// The directory's own id, made when it was first used.
    pub fn id(&self) -> [u8; 16] {
        self.properties.directory_id
    }

    /// The cluster that the directory belongs to, once one is known.
    pub fn cluster_id(&self) -> Option<String> {
        self.properties.cluster_id.clone()
    }

    /// Whether the last shutdown was clean, so that nothing had to be recovered.
    pub fn was_clean(&self) -> bool {
        self.was_clean
    }

    /// Why the directory takes no writes any more: a sync has failed.
    pub fn poisoned(&self) -> Option<String> {
        self.shared.poisoned().map(str::to_owned)
    }

    /// Since when the disk is full, so that logs are only read.
    pub fn read_only_since(&self) -> Option<WallTime> {
        self.shared.space.full_since()
    }

    /// Returns when all that was asked for before is durable: requested flushes, moved starts, deletions.
    pub async fn sync(&self) -> Result<(), ChangeError> {
        self.durable().await
    }

    /// Closes every log, flushes, and leaves the mark of a clean shutdown. Appends are refused from now on.
    pub async fn shutdown(&self) -> Result<(), ChangeError> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let logs = self.logs();
        for log in &logs {
            log.close(false);
            // A compaction under way sees that, and ends.
            drop(log.exclusive().await);
            log.request_flush();
        }
        self.durable().await?;
        for log in &logs {
            log.write_clean_state()?;
        }
        self.shared.queue.stop(Stop::Clean);
        let flusher = self.flusher.lock().take();
        if let Some(flusher) = flusher
            && let Err(panicked) = flusher.join().await
        {
            return Err(ChangeError::Io(io::Error::other(panicked)));
        }
        self.shared.logs.lock().clear();
        drop(self.lock.lock().take());
        match self.shared.poisoned() {
            Some(reason) => Err(ChangeError::Poisoned(reason.to_owned())),
            None => Ok(()),
        }
    }

    /// A later log of that name would count as clean where it is not.
    async fn forget_cleaned(&self, name: &str) -> Result<(), ChangeError> {
        if self.shared.cleaned.lock().get(name).is_none() {
            return Ok(());
        }
        match self.shared.set_cleaned(name, None).await {
            Err(error) if is_out_of_space(&error) => {
                self.shared.space.filled();
                Ok(self.shared.set_cleaned(name, None).await?)
            }
            other => Ok(other?),
        }
    }

    /// Returns when all that was asked of the flusher is durable.
    async fn durable(&self) -> Result<(), ChangeError> {
        if self.shared.queue.durable().await {
            return Ok(());
        }
        Err(ChangeError::Poisoned(
            self.shared.poisoned().unwrap_or("the flusher is gone").to_owned(),
        ))
    }

    fn check_open(&self) -> Result<(), ChangeError> {
        if let Some(reason) = self.shared.poisoned() {
            return Err(ChangeError::Poisoned(reason.to_owned()));
        }
        if self.closed.load(Ordering::Acquire) {
            Err(ChangeError::Closed)
        } else {
            Ok(())
        }
    }
}

impl Drop for LogDirectory {
    fn drop(&mut self) {
        self.shared.queue.stop(Stop::Unclean);
        self.shared.logs.lock().clear();
    }
}

impl fmt::Debug for LogDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogDirectory({})", self.shared.root.path().display())
    }
}
