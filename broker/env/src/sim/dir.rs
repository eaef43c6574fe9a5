//! Directories of the simulated disk.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::host::Host;
use super::state;
use crate::fs::Entry;

pub(crate) fn create_all(path: &Path) -> io::Result<()> {
    let host = alive()?;
    let mut disk = host.disk();
    let ancestors: Vec<&Path> = path.ancestors().collect();
    for pair in ancestors.windows(2).rev() {
        let (inner, outer) = (pair[0], pair[1]);
        if inner.as_os_str().is_empty() || disk.exists(inner) {
            continue;
        }
        disk.create_dir(inner)?;
        disk.sync_dir(outer)?;
    }
    Ok(())
}

pub(crate) fn create(path: &Path) -> io::Result<()> {
    let host = alive()?;
    let mut disk = host.disk();
    if disk.is_dir(path).unwrap_or(false) {
        return Ok(());
    }
    disk.create_dir(path)
}

pub(crate) fn is_dir(path: &Path) -> io::Result<bool> {
    state::current().disk().is_dir(path)
}

pub(crate) fn exists(path: &Path) -> bool {
    state::current().disk().exists(path)
}

pub(crate) fn list(path: &Path) -> io::Result<Vec<Entry>> {
    state::current().disk().list(path)
}

pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    alive()?.disk().rename(from, to)
}

pub(crate) fn remove(path: &Path) -> io::Result<()> {
    alive()?.disk().remove_file(path)
}

pub(crate) fn remove_all(path: &Path) -> io::Result<()> {
    alive()?.disk().remove_tree(path)
}

pub(crate) fn sync(path: &Path) -> io::Result<()> {
    alive()?.disk().sync_dir(path)
}

#[expect(clippy::unnecessary_wraps, reason = "the real one asks the system")]
pub(crate) fn available_bytes(_path: &Path) -> io::Result<u64> {
    Ok(state::current().disk().available_bytes())
}

/// The host, or the error that everything on a dead one gets.
pub(super) fn alive() -> io::Result<Arc<Host>> {
    let host = state::current();
    if host.is_dead() { Err(dead()) } else { Ok(host) }
}

pub(super) fn dead() -> io::Error {
    io::Error::other("the simulated host has lost its power")
}

/// A lock is a name in the host's memory: a power cut and the end of its holder let go of it.
pub(crate) struct Held {
    host: Arc<Host>,
    path: PathBuf,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.host.disk().unlock(&self.path);
    }
}

pub(crate) fn lock(dir: &Path, path: &Path) -> io::Result<Result<Held, Option<u32>>> {
    let host = alive()?;
    host.disk().is_dir(dir)?;
    let taken = host.disk().lock(path);
    Ok(if taken {
        Ok(Held {
            host,
            path: path.to_owned(),
        })
    } else {
        Err(None)
    })
}
