//! A directory of logs: one disk, one lock, one flusher.

use std::sync::Arc;

use corvid_env::clock::WallTime;
use corvid_env::fs::Dir;

use crate::config::{LogConfig, LogDirectoryConfig};
use crate::error::{ChangeError, OpenError};
use crate::log::Log;

/// A directory of logs: one disk, one lock, one flusher.
pub struct LogDirectory {}

impl LogDirectory {
    /// Takes the directory and starts its flusher. No log is opened yet.
    pub async fn open(dir: Dir, config: LogDirectoryConfig) -> Result<Arc<Self>, OpenError> {
        let _ = (dir, config);
        todo!()
    }

    /// Opens the log `<topic>-<partition>`: creates it, or recovers it if the last shutdown was not clean. Blocks.
    pub fn open_log(&self, name: &str, config: LogConfig) -> Result<Arc<Log>, OpenError> {
        let _ = (name, config);
        todo!()
    }

    /// Closes the log and removes its files.
    pub async fn delete_log(&self, name: &str) -> Result<(), ChangeError> {
        let _ = name;
        todo!()
    }

    /// The open log of that name.
    pub fn log(&self, name: &str) -> Option<Arc<Log>> {
        let _ = name;
        todo!()
    }

    /// The open logs, by name.
    pub fn logs(&self) -> Vec<Arc<Log>> {
        todo!()
    }

    /// The names of all logs on the disk, open or not.
    pub fn names(&self) -> Result<Vec<String>, ChangeError> {
        todo!()
    }

    /// The directory's own id, made when it was first used.
    pub fn id(&self) -> [u8; 16] {
        todo!()
    }

    /// The cluster that the directory belongs to, once one is known.
    pub fn cluster_id(&self) -> Option<String> {
        todo!()
    }

    /// Whether the last shutdown was clean, so that nothing had to be recovered.
    pub fn was_clean(&self) -> bool {
        todo!()
    }

    /// Why the directory takes no writes any more: a sync has failed.
    pub fn poisoned(&self) -> Option<String> {
        todo!()
    }

    /// Since when the disk is full, so that logs are only read.
    pub fn read_only_since(&self) -> Option<WallTime> {
        todo!()
    }

    /// Closes every log, flushes, and leaves the mark of a clean shutdown. Appends are refused from now on.
    pub async fn shutdown(&self) -> Result<(), ChangeError> {
        todo!()
    }
}
