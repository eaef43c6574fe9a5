//! A disk that forgets: what reads see, what is on the platter, and what lies between.
//!
//! # The fault model
//!
//! - A write is seen by every later read at once. It is on the platter when a sync of its file that began after it
//!   has returned. Until then a power cut finds each sector as it was at some moment since the last sync, whatever its
//!   neighbours are, and the file's length likewise: writes are torn, later ones survive without earlier ones, holes read
//!   as zeros, and what was cut off may be back.
//! - A name (created, renamed, removed) is on the platter when its directory was synced; until then a power cut
//!   keeps the changes of a directory up to some point, in order. A rename is one change. A file whose name is lost
//!   is lost, synced or not.
//! - A failed sync leaves its pages clean: reads go on seeing them, no later sync writes them.
//! - Rot and misdirected writes are not modelled here: tests write them with a file of their own.
//!
//! Directories are synced in no time; [`crate::fs::File::sync_data`] takes its time around [`Disk::begin_sync`] and
//! [`Disk::end_sync`].

mod file_node;
mod kept;
mod names;
mod power;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use file_node::FileNode;
pub(super) use kept::SECTOR_BYTES;
use names::DirNode;

/// What a power cut leaves of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// Nothing.
    Nothing,
    /// Some of it, drawn from the run's random numbers: see the fault model in `sim/disk.rs`.
    Random,
}

/// A file or a directory, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NodeId(u64);

/// The point that a sync covers: every change before it.
#[derive(Clone, Copy)]
pub(super) struct SyncTicket(u64);

enum Node {
    File(FileNode),
    Dir(DirNode),
}

pub(super) struct Disk {
    nodes: BTreeMap<NodeId, Node>,
    next_node: u64,
    next_change: u64,
    capacity: u64,
    locks: BTreeSet<PathBuf>,
    /// Whether a name was taken from some node since all nodes were last found to have one.
    may_have_garbage: bool,
}

const ROOT: NodeId = NodeId(0);

impl Disk {
    pub(super) fn new() -> Self {
        Self {
            nodes: BTreeMap::from([(ROOT, Node::Dir(DirNode::default()))]),
            next_node: 1,
            next_change: 0,
            capacity: u64::MAX,
            locks: BTreeSet::new(),
            may_have_garbage: false,
        }
    }

    pub(super) fn set_capacity(&mut self, bytes: u64) {
        self.capacity = bytes;
    }

    pub(super) fn available_bytes(&self) -> u64 {
        self.capacity.saturating_sub(self.used_bytes())
    }

    /// Takes a lock; false when it is taken.
    pub(super) fn lock(&mut self, path: &Path) -> bool {
        self.locks.insert(path.to_owned())
    }

    pub(super) fn unlock(&mut self, path: &Path) {
        self.locks.remove(path);
    }

    /// Writes as much as there is room for, at least one byte.
    pub(super) fn write(&mut self, node: NodeId, at: u64, mut bytes: Vec<u8>) -> io::Result<usize> {
        let end = at + bytes.len() as u64;
        let growth = end.saturating_sub(self.len(node));
        let missing = growth.saturating_sub(self.available_bytes()) as usize;
        if missing > 0 && missing >= bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        bytes.truncate(bytes.len() - missing);
        let written = bytes.len();
        let change = self.count_change();
        self.file_mut(node).write(change, at, bytes);
        Ok(written)
    }

    pub(super) fn truncate(&mut self, node: NodeId, len: u64) {
        let change = self.count_change();
        self.file_mut(node).set_len(change, len);
    }

    pub(super) fn read(&self, node: NodeId, at: u64, buf: &mut [u8]) -> usize {
        self.file(node).read(at, buf)
    }

    pub(super) fn len(&self, node: NodeId) -> u64 {
        self.file(node).len()
    }

    pub(super) fn begin_sync(&self) -> SyncTicket {
        SyncTicket(self.next_change)
    }

    pub(super) fn end_sync(&mut self, node: NodeId, covered: SyncTicket) {
        self.file_mut(node).sync(covered.0);
    }

    pub(super) fn forget_unsynced(&mut self, node: NodeId) {
        self.file_mut(node).forget_unsynced();
    }

    /// One handle less; a file that nobody has open and that has no name is gone.
    pub(super) fn close(&mut self, node: NodeId) {
        // After a power cut the node of an old handle may be gone already.
        if let Some(Node::File(file)) = self.nodes.get_mut(&node) {
            file.handles = file.handles.saturating_sub(1);
        }
        if self.may_have_garbage {
            self.collect();
        }
    }

    fn used_bytes(&self) -> u64 {
        let file_len = |node: &Node| match node {
            Node::File(file) => file.len(),
            Node::Dir(_) => 0,
        };
        self.nodes.values().map(file_len).sum()
    }

    fn count_change(&mut self) -> u64 {
        self.next_change += 1;
        self.next_change - 1
    }

    fn file(&self, node: NodeId) -> &FileNode {
        match self.nodes.get(&node) {
            Some(Node::File(file)) => file,
            Some(Node::Dir(_)) | None => panic!("{node:?} is no file: a handle has outlived a power cut"),
        }
    }

    fn file_mut(&mut self, node: NodeId) -> &mut FileNode {
        match self.nodes.get_mut(&node) {
            Some(Node::File(file)) => file,
            Some(Node::Dir(_)) | None => panic!("{node:?} is no file: a handle has outlived a power cut"),
        }
    }
}
