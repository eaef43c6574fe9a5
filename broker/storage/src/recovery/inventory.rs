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

    /// Removes the producer snapshots that no later recovery would begin with: those of earlier shutdowns, and what lies behind the
    /// end. The ones at the segments' bases stay, and the newest.
    pub fn remove_snapshots(&self, dir: &Dir, recovered: &Recovered) -> io::Result<()> {
        let active = &recovered.active;
        let newest = self.snapshots.range(..=active.next).next_back();
        let is_base = |offset| recovered.sealed.contains_key(offset) || *offset == active.base;
        let mut stale = false;
        for offset in &self.snapshots {
            if !is_base(offset) && Some(offset) != newest {
                dir.remove(&names::segment_file(*offset, names::SNAPSHOT))?;
                stale |= *offset > active.next;
            }
        }
        // It must not be back after the next power cut: what is written there by then is something else.
        if stale { dir.sync() } else { Ok(()) }
    }
}
