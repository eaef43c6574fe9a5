//! A full disk: appends are refused, reads go on, and all goes on by itself when there is room again.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use corvid_env::clock::{self, WallTime};
use corvid_env::fault;
use corvid_env::fs::Dir;
use parking_lot::Mutex;

use crate::index::open_or_create;
use crate::names;

/// Whether a directory's disk is full, and the room that is kept for when it is.
///
/// The reserve is a file with blocks and without length. It is given up when the disk fills, so that checkpoints, deletions and
/// the metadata's log can still be written; from then on appends are refused until there is room for twice the reserve, or
/// they would take what it freed. Only what lets retention delete is taken, down to half the reserve.
#[derive(Debug)]
pub(crate) struct DiskSpace {
    root: Dir,
    reserve_bytes: u64,
    full: AtomicBool,
    full_since: Mutex<Option<WallTime>>,
}

impl DiskSpace {
    /// Takes the reserve. A disk without room for it is told of, and used all the same.
    pub fn open(root: Dir, reserve_bytes: u64) -> Self {
        let space = Self {
            root,
            reserve_bytes,
            full: AtomicBool::new(false),
            full_since: Mutex::new(None),
        };
        if let Err(error) = space.take_reserve() {
            tracing::warn!(%error, bytes = reserve_bytes, "no room for the reserve: a full disk will be harder to get out of");
        }
        space
    }

    /// Whether an append may be tried.
    pub fn admits(&self) -> bool {
        // Relaxed: an append that was begun in the same instant finds out from its own write.
        !self.is_full() || self.look_again()
    }

    /// Whether an append may be tried that lets retention delete. On a full disk, half the reserve stays for what else has to be written.
    pub fn admits_what_makes_room(&self) -> bool {
        self.admits() || self.has_room(self.reserve_bytes / 2)
    }

    /// Whether the disk is full.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// A write found the disk full.
    pub fn filled(&self) {
        let mut since = self.full_since.lock();
        if since.is_none() {
            *since = Some(clock::wall_clock());
            self.full.store(true, Ordering::Relaxed);
            tracing::error!(directory = %self.root.path().display(), "the disk is full: logs are read-only until there is room again");
            if let Err(error) = self.give_reserve_up() {
                tracing::warn!(%error, "the reserve can't be given up");
            }
        }
    }

    /// Since when the disk is full.
    pub fn full_since(&self) -> Option<WallTime> {
        *self.full_since.lock()
    }

    #[cold]
    fn look_again(&self) -> bool {
        let mut since = self.full_since.lock();
        if since.is_none() {
            return true;
        }
        // A test keeps the disk full here, whatever the machine's has.
        let room = fault::check("space.again").is_ok() && self.has_room(2 * self.reserve_bytes);
        if !room || self.take_reserve().is_err() {
            return false;
        }
        tracing::info!(directory = %self.root.path().display(), "there is room on the disk again");
        *since = None;
        self.full.store(false, Ordering::Relaxed);
        true
    }

    fn has_room(&self, bytes: u64) -> bool {
        self.root.available_bytes().is_ok_and(|available| available >= bytes)
    }

    fn take_reserve(&self) -> io::Result<()> {
        open_or_create(&self.root, names::RESERVE)?.preallocate(0, self.reserve_bytes)
    }

    fn give_reserve_up(&self) -> io::Result<()> {
        open_or_create(&self.root, names::RESERVE)?.truncate(0)
    }
}

/// Whether the system says that there is no room.
pub(crate) fn is_out_of_space(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
