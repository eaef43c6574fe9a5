//! Opening a log: from its sidecars after a clean shutdown, by walking its batches otherwise.

mod clean;
mod inventory;
mod rebuild;
mod tail;
mod walk;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use corvid_env::clock::WallTime;
use corvid_env::fs::{Dir, File};
use corvid_record::{LeaderEpoch, Offset};

pub(crate) use rebuild::{Surroundings, rebuild_sidecars};

use crate::config::LogConfig;
use crate::epochs::LeaderEpochs;
use crate::error::OpenError;
use crate::facts::BatchFacts;
use crate::links::Links;
use crate::names;
use crate::producer_state::ProducerState;
use crate::segment::{ActiveSegment, SealedSegment, replace};

/// What is known of a log from elsewhere when it is opened.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// Up to here a completed sync covered the log: nothing below may be cut.
    pub flushed: Offset,
    /// Segments wholly below were being deleted.
    pub start: Offset,
    /// What clients are told to be the start, where that is known.
    pub visible_start: Option<Offset>,
    /// It was compacted once, whatever its cleanup is now.
    pub was_compacted: bool,
    /// The last shutdown was clean: sidecars of active segments count.
    pub clean: bool,
    /// The time that producers found in the log were last seen.
    pub now: WallTime,
}

/// A log as it was found.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub sealed: BTreeMap<Offset, Arc<SealedSegment>>,
    pub active: ActiveSegment,
    pub derived: Derived,
    pub visible_start: Offset,
    /// Files that were written on the way, and must be synced before anything counts as flushed.
    pub unsynced: Vec<File>,
    /// Names were added or removed, and must be synced, too.
    pub directory_unsynced: bool,
    /// Where the snapshot is that says what was known of producers before anything was walked, or after.
    pub snapshot: Option<Offset>,
    /// Other snapshots, which nobody needs once that one is durable.
    pub superseded: Vec<Offset>,
    /// Nothing was walked, and nothing is to be synced before there is something new.
    pub resumed: bool,
}

/// What is known of a log as a whole: all of it follows from the batches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Derived {
    pub epochs: LeaderEpochs,
    pub producers: ProducerState,
    pub links: Links,
}

impl Derived {
    /// Remembers a batch of the log.
    pub fn note(&mut self, batch: &BatchFacts, now: WallTime) {
        if batch.leader_epoch > LeaderEpoch::NONE {
            self.epochs.assign(batch.leader_epoch, batch.base_offset);
        }
        self.producers.note(batch, now);
        self.links.note(batch);
    }
}

/// Opens the log in `dir`.
pub(crate) fn recover(dir: &Dir, config: &LogConfig, known: &Known) -> Result<Recovered, OpenError> {
    let io_error = |error| OpenError::Io {
        path: dir.path().to_path_buf(),
        error,
    };
    let inventory = inventory::take(dir, known.start)?;
    // A log without a segment is new: there is nothing that a shutdown could have left of it.
    let shut_down = known.clean && !inventory.segments.is_empty();
    let resumed = shut_down.then(|| clean::resume(dir, &inventory, known)).flatten();
    let mut recovered = match resumed {
        Some(recovered) => recovered,
        None => walk::recover(dir, config, known, &inventory)?,
    };
    inventory
        .remove_snapshots_behind(dir, recovered.active.next)
        .map_err(io_error)?;
    keep_producers(dir, &mut recovered).map_err(io_error)?;
    recovered.superseded = inventory.superseded(&recovered);
    Ok(recovered)
}

/// Writes down what is known of producers, unless that is what was read: a power cut may have taken the snapshot at a segment's base, and
/// when what lies before it is deleted, the next recovery would know less.
///
/// A snapshot that is there is never written again: the next power cut could leave half of it, and it may be all there is.
fn keep_producers(dir: &Dir, recovered: &mut Recovered) -> io::Result<()> {
    let end = recovered.active.next;
    let name = names::segment_file(end, names::SNAPSHOT);
    let file = if recovered.snapshot == Some(end) {
        // Whoever wrote it may have been killed before a sync.
        dir.open_file(&name)?
    } else if recovered.derived.producers.iter().next().is_some() {
        recovered.snapshot = Some(end);
        replace(dir, &name, &recovered.derived.producers.encode())?
    } else {
        return Ok(());
    };
    recovered.unsynced.push(file);
    recovered.directory_unsynced = true;
    Ok(())
}

/// Whether offsets may be missing where one segment ends and the next begins.
fn gaps_are_normal(config: &LogConfig, known: &Known) -> bool {
    config.cleanup.compacts() || known.was_compacted
}
