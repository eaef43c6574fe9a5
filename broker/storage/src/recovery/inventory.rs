//! What lies in a log's directory, after what crashes left there has been cleared away.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use corvid_env::fs::Dir;
use corvid_record::Offset;

use super::Recovered;
use crate::compaction;
use crate::error::OpenError;
use crate::names;

/// The files of a log.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    /// The segments: base offset and bytes of the log.
    pub segments: BTreeMap<Offset, u64>,
    /// Where there are producer snapshots.
    pub snapshots: BTreeSet<Offset>,
}

/// Lists the log's files; finishes or undoes what a crash interrupted; removes segments wholly below `start`.
pub(super) fn take(dir: &Dir, start: Offset) -> Result<Inventory, OpenError> {
    take_files(dir, start).map_err(|error| OpenError::Io {
        path: dir.path().to_path_buf(),
        error,
    })
}

fn take_files(dir: &Dir, start: Offset) -> io::Result<Inventory> {
    let mut entries = dir.list()?;
    if compaction::finish_swaps(dir, &entries)? {
        entries = dir.list()?;
    }
    let mut inventory = Inventory::default();
    let mut beside = Vec::new();
    for entry in entries {
        match names::parse_segment_file(&entry.name) {
            Some((base, names::LOG)) => drop(inventory.segments.insert(base, entry.len)),
            Some((offset, names::SNAPSHOT)) => drop(inventory.snapshots.insert(offset)),
            Some((base, _)) => beside.push((base, entry.name)),
            None if entry.name.ends_with(names::UNFINISHED) => dir.remove(&entry.name)?,
            None => {}
        }
    }
    inventory.remove_below(dir, start)?;
    for (_, name) in beside.iter().filter(|(base, _)| !inventory.segments.contains_key(base)) {
        dir.remove(name)?;
    }
    Ok(inventory)
}

impl Inventory {
    /// Segments that end at or below `start` were being deleted; a crash may have left any of them.
    fn remove_below(&mut self, dir: &Dir, start: Offset) -> io::Result<()> {
        let keep_from = self
            .segments
            .range(..=start)
            .next_back()
            .map_or(Offset::ZERO, |(&base, _)| base);
        let kept = self.segments.split_off(&keep_from);
        for &base in self.segments.keys() {
            dir.remove(&names::segment_file(base, names::LOG))?;
        }
        self.segments = kept;
        Ok(())
    }

    /// Removes the producer snapshots behind the log's end. They must not be back after the next power cut: what is written there by then
    /// is something else.
    pub fn remove_snapshots_behind(&self, dir: &Dir, end: Offset) -> io::Result<()> {
        let stale: Vec<_> = self.snapshots.range(end.next()..).collect();
        for offset in &stale {
            dir.remove(&names::segment_file(**offset, names::SNAPSHOT))?;
        }
        if stale.is_empty() { Ok(()) } else { dir.sync() }
    }

    /// The producer snapshots that no later recovery needs once the one that this recovery has kept is durable: those of earlier
    /// recoveries and shutdowns. The ones at the segments' bases stay.
    pub fn superseded(&self, recovered: &Recovered) -> Vec<Offset> {
        let Some(kept) = recovered.snapshot else {
            return Vec::new();
        };
        let is_base = |offset| recovered.sealed.contains_key(offset) || *offset == recovered.active.base;
        let below = self.snapshots.range(..kept);
        below.filter(|offset| !is_base(offset)).copied().collect()
    }
}
