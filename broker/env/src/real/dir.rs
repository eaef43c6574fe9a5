//! Directories of the machine.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use rustix::fs::{FlockOperation, flock, statvfs};
use rustix::io::Errno;

use crate::fs::Entry;

pub(crate) fn create_all(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    create_all(parent)?;
    create(path)?;
    sync(parent)
}

pub(crate) fn create(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        other => other,
    }
}

pub(crate) fn is_dir(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.is_dir())
}

pub(crate) fn exists(path: &Path) -> bool {
    path.exists()
}

pub(crate) fn list(path: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        match entry.metadata() {
            Ok(metadata) => {
                let is_dir = metadata.is_dir();
                let len = if is_dir { 0 } else { metadata.len() };
                entries.push(Entry { name, is_dir, len });
            }
            // It was removed while we were looking.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(entries)
}

pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

pub(crate) fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)
}

pub(crate) fn remove_all(path: &Path) -> io::Result<()> {
    fs::remove_dir_all(path)
}

pub(crate) fn sync(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

pub(crate) fn available_bytes(path: &Path) -> io::Result<u64> {
    let stat = statvfs(path)?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// The open lock file: the kernel lets go of the lock when it is closed, also by SIGKILL.
pub(crate) struct Held {
    _file: fs::File,
}

/// The lock, or else the process id of who has it, where the file says so.
pub(crate) fn lock(_dir: &Path, path: &Path) -> io::Result<Result<Held, Option<u32>>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            file.set_len(0)?;
            writeln!(file, "{}", std::process::id())?;
            Ok(Ok(Held { _file: file }))
        }
        Err(Errno::WOULDBLOCK) => {
            let mut text = String::new();
            // The process id is for the message only: without it the message is still right.
            let _ = file.take(32).read_to_string(&mut text);
            Ok(Err(text.trim().parse().ok()))
        }
        Err(error) => Err(error.into()),
    }
}
