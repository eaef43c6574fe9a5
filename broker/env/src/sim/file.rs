//! Files of the simulated disk.

use std::fmt;
use std::future::pending;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::dir;
use super::disk::{NodeId, SECTOR_BYTES};
use super::host::Host;
use super::mapping::Mapping;
use super::random::one_in;
use crate::random::below;

/// How a file is opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It must not exist yet.
    CreateNew,
    /// It must exist.
    Existing,
    /// It must exist, and is not written to.
    ReadOnly,
    /// It is created, or emptied.
    Truncated,
}

#[derive(Clone)]
pub(crate) struct File {
    open: Arc<Open>,
}

/// The node lives as long as somebody has it open, whatever its names become.
struct Open {
    host: Arc<Host>,
    node: NodeId,
    path: PathBuf,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.host.disk().close(self.node);
    }
}

impl File {
    pub(crate) fn open(path: &Path, mode: Mode) -> io::Result<Self> {
        let host = dir::alive()?;
        let node = {
            let mut disk = host.disk();
            match (mode, disk.exists(path)) {
                (Mode::CreateNew, _) | (Mode::Truncated, false) => disk.create_file(path)?,
                (Mode::Existing | Mode::ReadOnly, _) => disk.open_file(path)?,
                (Mode::Truncated, true) => {
                    let node = disk.open_file(path)?;
                    disk.truncate(node, 0);
                    node
                }
            }
        };
        let path = path.to_owned();
        Ok(Self {
            open: Arc::new(Open { host, node, path }),
        })
    }

    pub(crate) fn write_at(&self, at: u64, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.alive()?;
        let mut bytes: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
        if bytes.len() > 1 && one_in(SHORT_ONE_IN) {
            bytes.truncate(short(at, bytes.len() as u64) as usize);
        }
        self.open.host.disk().write(self.open.node, at, bytes)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the real one can fail")]
    pub(crate) fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut wanted = buf.len();
        if wanted > 1 && one_in(SHORT_ONE_IN) {
            wanted = 1 + below(wanted as u64 - 1) as usize;
        }
        Ok(self.open.host.disk().read(self.open.node, at, &mut buf[..wanted]))
    }

    /// There is nothing to reserve: a full disk says so when it is written to.
    pub(crate) fn preallocate(&self, _at: u64, _len: u64) -> io::Result<()> {
        self.alive()
    }

    pub(crate) fn truncate(&self, len: u64) -> io::Result<()> {
        self.alive()?;
        self.open.host.disk().truncate(self.open.node, len);
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "the real one can fail")]
    pub(crate) fn len(&self) -> io::Result<u64> {
        Ok(self.open.host.disk().len(self.open.node))
    }

    /// Covers what was written before the call and nothing that is written while it runs; durable when it returns.
    pub(crate) async fn sync_data(&self) -> io::Result<()> {
        self.alive()?;
        let ticket = self.open.host.disk().begin_sync();
        tokio::time::sleep(sync_duration()).await;
        if self.open.host.is_dead() {
            return pending().await;
        }
        self.open.host.disk().end_sync(self.open.node, ticket);
        Ok(())
    }

    pub(crate) fn sync_data_blocking(&self) -> io::Result<()> {
        self.alive()?;
        let mut disk = self.open.host.disk();
        let covered = disk.begin_sync();
        disk.end_sync(self.open.node, covered);
        Ok(())
    }

    /// What a sync that was left out does: its time passes.
    pub(crate) async fn sync_skipped(&self) {
        tokio::time::sleep(sync_duration()).await;
        if self.open.host.is_dead() {
            pending().await
        }
    }

    /// What a failed sync does: the pages count as clean, reads still see them, and no later sync writes them.
    pub(crate) fn sync_failed(&self) {
        self.open.host.disk().forget_unsynced(self.open.node);
    }

    pub(crate) fn map(&self) -> io::Result<Mapping> {
        let mut bytes = vec![0; self.len()? as usize];
        self.open.host.disk().read(self.open.node, 0, &mut bytes);
        Ok(Mapping { bytes })
    }

    /// Now and then a range seems cold, so that the path for cold ones is taken too.
    #[expect(clippy::unused_self, reason = "the real one asks the kernel about this file")]
    pub(crate) fn resident(&self, _at: u64, _len: u64) -> bool {
        !one_in(COLD_ONE_IN)
    }

    pub(crate) fn path_for_trace(&self) -> &Path {
        &self.open.path
    }

    fn alive(&self) -> io::Result<()> {
        if self.open.host.is_dead() {
            Err(dir::dead())
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.open.host.name, self.open.path.display())
    }
}

/// A read or a write in this many moves fewer bytes than it was asked to.
const SHORT_ONE_IN: u64 = 32;
/// So near to a sector's end, half of the short writes end.
const NEAR_BYTES: u64 = 9;
/// A range in this many is not in memory.
const COLD_ONE_IN: u64 = 8;
/// A sync in this many meets a busy disk.
const SLOW_SYNC_ONE_IN: u64 = 64;

/// How many bytes of a write of `len` bytes at `at` are taken: any number, or one that ends just in front of a sector's end, where what is
/// missing of the sector is easily overlooked.
fn short(at: u64, len: u64) -> u64 {
    let anywhere = 1 + below(len - 1);
    if one_in(2) {
        return anywhere;
    }
    let sector_end = (at + anywhere).next_multiple_of(SECTOR_BYTES);
    let near = sector_end - 1 - below(NEAR_BYTES);
    if (at + 1..at + len).contains(&near) {
        near - at
    } else {
        anywhere
    }
}

fn sync_duration() -> Duration {
    let most_ms = if one_in(SLOW_SYNC_ONE_IN) { 60 } else { 4 };
    Duration::from_micros(100 + below(most_ms * 1000))
}
