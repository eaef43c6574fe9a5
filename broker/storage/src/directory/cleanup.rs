//! What is done with a directory before its logs are opened.

use std::io;

use corvid_env::fs::Dir;

use super::CHECKPOINT_BYTES_MAX;
use crate::checkpoint_file::OffsetCheckpoint;
use crate::disk_space::is_out_of_space;
use crate::error::OpenError;
use crate::flushed_file::FlushedFile;
use crate::names;

/// A directory with a failed sync is not used again before somebody has looked at it.
pub(super) fn refuse_poisoned(dir: &Dir) -> Result<(), OpenError> {
    if !dir.exists(names::POISONED) {
        return Ok(());
    }
    let text = dir.read(names::POISONED, CHECKPOINT_BYTES_MAX).unwrap_or_default();
    let reason = String::from_utf8_lossy(&text).trim().to_owned();
    Err(OpenError::Poisoned {
        path: dir.path().to_path_buf(),
        reason,
    })
}

/// Whether the last shutdown was clean. The mark is gone for good before anything else is written.
pub(super) fn take_clean_mark(dir: &Dir) -> io::Result<bool> {
    let clean = dir.exists(names::CLEAN_SHUTDOWN);
    if clean {
        dir.remove(names::CLEAN_SHUTDOWN)?;
        dir.sync()?;
    }
    Ok(clean)
}

/// Removes logs that were being deleted, and frees slots without a log, durably: a new log must not inherit one.
pub(super) async fn finish_deletions(dir: &Dir, flushed_file: &mut FlushedFile) -> io::Result<()> {
    let deleted: Vec<_> = dir
        .list()?
        .into_iter()
        .filter(|entry| entry.is_dir && entry.name.ends_with(names::DELETED_DIRECTORY))
        .collect();
    for entry in &deleted {
        dir.remove_dir_all(&entry.name)?;
    }
    let names = log_names(dir)?;
    for name in flushed_file.names() {
        if names.binary_search(&name).is_err() {
            flushed_file.release(&name)?;
        }
    }
    if let Some(file) = flushed_file.take_unsynced() {
        file.sync_data().await?;
    }
    Ok(())
}

/// The names of all logs in the directory, sorted.
pub(super) fn log_names(dir: &Dir) -> io::Result<Vec<String>> {
    let is_log = |entry: &corvid_env::fs::Entry| entry.is_dir && names::parse_log_name(&entry.name).is_some();
    Ok(dir.list()?.into_iter().filter(is_log).map(|entry| entry.name).collect())
}

/// Reads a checkpoint that the logs can do without: a damaged one is as good as none. Logs that are gone are forgotten, durably: a new
/// one of the same name must not inherit their lines.
pub(super) async fn read_checkpoint(dir: &Dir, name: &str) -> io::Result<OffsetCheckpoint> {
    let mut checkpoint = read_whole_checkpoint(dir, name);
    if !checkpoint.retain(|log| dir.exists(log)) {
        return Ok(checkpoint);
    }
    match dir.write_atomic(name, checkpoint.text().as_bytes()).await {
        // What is there must be read and deleted all the same.
        Err(error) if is_out_of_space(&error) => {
            tracing::warn!(file = name, %error, "no room to forget logs that are gone");
            Ok(checkpoint)
        }
        other => other.map(|()| checkpoint),
    }
}

fn read_whole_checkpoint(dir: &Dir, name: &str) -> OffsetCheckpoint {
    let text = match dir.read(name, CHECKPOINT_BYTES_MAX) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return OffsetCheckpoint::default(),
        Err(error) => {
            tracing::warn!(file = name, %error, "a checkpoint can't be read");
            return OffsetCheckpoint::default();
        }
    };
    OffsetCheckpoint::parse(&String::from_utf8_lossy(&text)).unwrap_or_else(|error| {
        tracing::warn!(file = name, %error, "a checkpoint is damaged; it is made anew");
        OffsetCheckpoint::default()
    })
}
