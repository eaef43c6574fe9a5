//! Recovery proper: walking the batches from where they may not be trusted.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use corvid_env::clock::WallTime;
use corvid_env::fault;
use corvid_env::fs::{Dir, File};
use corvid_record::{BatchError, Offset, Timestamp};

use super::clean::{read_epochs, sealed_segments};
use super::inventory::Inventory;
use super::tail::{self, find_good_batch, has_lost_its_front, looks_lost};
use super::{Derived, Known, Recovered, gaps_are_normal};
use crate::batch_reader::{BatchReader, Next};
use crate::config::LogConfig;
use crate::epochs::LeaderEpochs;
use crate::error::OpenError;
use crate::facts::BatchFacts;
use crate::names;
use crate::producer_state::{ProducerState, SNAPSHOT_BYTES_MAX};
use crate::segment::{ActiveSegment, RELATIVE_OFFSET_MAX, SealedSegment, Summary, read_summary};

/// Recovers the log by walking it from the segment that holds the flushed position, or from further back.
pub(super) fn recover(
    dir: &Dir,
    config: &LogConfig,
    known: &Known,
    inventory: &Inventory,
) -> Result<Recovered, OpenError> {
    let mut walk = Walk::begin(dir, config, known, inventory);
    let active = walk.run()?;
    if active.next < known.flushed {
        let why = "the log ends here, and was longer".to_owned();
        return Err(walk.quarantine(&active, why));
    }
    walk.finish(active).map_err(|error| OpenError::Io {
        path: dir.path().to_path_buf(),
        error,
    })
}

/// A walk under way.
struct Walk<'a> {
    dir: &'a Dir,
    config: &'a LogConfig,
    known: &'a Known,
    derived: Derived,
    /// The snapshot that the walk began with.
    snapshot: Option<Offset>,
    /// Producers are known up to here from it, or have no batches below.
    producers_to: Offset,
    visible_start: Offset,
    /// Just behind the last visible batch of what was walked or trusted.
    visible_before: Offset,
    sealed: BTreeMap<Offset, Arc<SealedSegment>>,
    /// The segments to be walked: base and bytes.
    ahead: Vec<(Offset, u64)>,
    unsynced: Vec<File>,
}

/// Where a walk through one segment stopped before its end.
struct Stop {
    position: u64,
    what: What,
    why: String,
}

/// What a walk stopped at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// Something that is no batch, or not the next one.
    Bad,
    /// The beginning of a batch, and the file's end.
    EndsEarly,
    /// What an earlier cut took away, and a power cut brought back: the next segment has these offsets.
    Leftover,
}

impl Stop {
    fn new(position: u64, what: What, why: impl ToString) -> Self {
        Self {
            position,
            what,
            why: why.to_string(),
        }
    }
}

impl<'a> Walk<'a> {
    fn begin(dir: &'a Dir, config: &'a LogConfig, known: &'a Known, inventory: &Inventory) -> Self {
        let from = Start::choose(dir, known, inventory);
        let sealed = sealed_segments(dir, inventory, from.base);
        let start = inventory
            .segments
            .first_key_value()
            .map_or(known.start, |(&base, _)| base);
        let visible_start = known.visible_start.unwrap_or(start);
        let visible_before = from
            .before
            .as_ref()
            .map_or(visible_start.min(from.base), Summary::visible_end);
        let links = from.before.and_then(|summary| summary.links).unwrap_or_default();
        let mut epochs = from.epochs;
        // What begins behind is found again; a compacted segment no longer shows where its first epoch began.
        epochs.truncate_end(from.base.next());
        Self {
            dir,
            config,
            known,
            derived: Derived {
                epochs,
                producers: from.producers,
                links: crate::links::Links::new(links),
            },
            snapshot: from.snapshot,
            producers_to: from.producers_to,
            visible_start,
            visible_before,
            sealed: sealed.into_iter().map(|segment| (segment.base, segment)).collect(),
            ahead: inventory
                .segments
                .range(from.base..)
                .rev()
                .map(|(&base, &bytes)| (base, bytes))
                .collect(),
            unsynced: Vec::new(),
        }
    }

    /// Walks all segments; the one where it ends is the active one.
    fn run(&mut self) -> Result<ActiveSegment, OpenError> {
        let Some((base, bytes)) = self.ahead.pop() else {
            let created = ActiveSegment::create(self.dir, self.known.start, self.visible_before);
            return created.map_err(|error| self.io_error(names::LOG, error));
        };
        let mut segment = self.walk_segment(base, bytes)?;
        while let Some(&(base, bytes)) = self.ahead.last() {
            if !self.follows(&segment, base)? {
                self.remove_ahead().map_err(|error| self.io_error(names::LOG, error))?;
                break;
            }
            self.ahead.pop();
            self.seal(&mut segment, base)
                .map_err(|error| self.io_error(names::LOG, error))?;
            segment = self.walk_segment(base, bytes)?;
        }
        Ok(segment)
    }

    /// Walks one segment and cuts a torn tail. Afterwards `ahead` is empty if the log ends there.
    fn walk_segment(&mut self, base: Offset, bytes: u64) -> Result<ActiveSegment, OpenError> {
        let name = names::segment_file(base, names::LOG);
        let io_error = |walk: &Self, error| walk.io_error(&name, error);
        let file = self.dir.open_file(&name).map_err(|error| io_error(self, error))?;
        let mut segment = ActiveSegment::empty(file.clone(), base, self.visible_before);
        let stop = self
            .note_batches(&mut segment, &file, bytes)
            .map_err(|error| io_error(self, error))?;
        if let Some(stop) = stop {
            let goes_on = stop.what == What::Leftover || self.next_base() == Some(segment.next);
            let is_rot = || Ok(segment.next < self.known.flushed || self.is_rot(&segment, bytes, &stop)?);
            if !goes_on && is_rot().map_err(|error| io_error(self, error))? {
                return Err(self.quarantine(&segment, stop.why));
            }
            tracing::warn!(log = %self.dir.path().display(), file = name, position = stop.position, offset = segment.next.0, bytes = bytes - stop.position, why = stop.why, "cutting a tail that no completed sync covered");
            file.truncate(stop.position).map_err(|error| io_error(self, error))?;
            segment.taint();
            if !goes_on {
                self.remove_ahead().map_err(|error| io_error(self, error))?;
            }
        }
        Ok(segment)
    }

    /// Where the segment behind the one that is walked begins.
    fn next_base(&self) -> Option<Offset> {
        self.ahead.last().map(|&(base, _)| base)
    }

    fn note_batches(&mut self, segment: &mut ActiveSegment, file: &File, bytes: u64) -> io::Result<Option<Stop>> {
        let next_base = self.next_base().unwrap_or(Offset(i64::MAX));
        let mut reader = BatchReader::new(file, 0, bytes);
        loop {
            let (position, batch) = match reader.next()? {
                Next::Batch { position, batch } => (position, batch),
                Next::Bad { position, why } => {
                    let ends_early = matches!(why, BatchError::Truncated { .. });
                    let what = if ends_early { What::EndsEarly } else { What::Bad };
                    return Ok(Some(Stop::new(position, what, why)));
                }
                Next::End => return Ok(None),
            };
            let facts = BatchFacts::of(&batch);
            if facts.base_offset >= next_base {
                return Ok(Some(Stop::new(
                    position,
                    What::Leftover,
                    "the next segment begins here",
                )));
            }
            if facts.base_offset < segment.next || facts.last_offset().0 - segment.base.0 > RELATIVE_OFFSET_MAX {
                let why = format!("offset {} behind {}", facts.base_offset, segment.next);
                return Ok(Some(Stop::new(position, What::Bad, why)));
            }
            if let Err(error) = self.derived.links.restore(&batch, &facts) {
                return Ok(Some(Stop::new(position, What::Bad, error)));
            }
            self.note(&facts);
            segment.note(
                self.dir,
                &facts,
                self.config.index_interval_bytes,
                began_at(&facts, self.known.now),
            );
        }
    }

    fn note(&mut self, facts: &BatchFacts) {
        if facts.leader_epoch < self.derived.epochs.latest() {
            // The file is of a log that was cut here since.
            self.derived.epochs.truncate_end(facts.base_offset);
        }
        if facts.base_offset >= self.producers_to {
            return self.derived.note(facts, self.known.now);
        }
        // The snapshot has its producer already, in a later state.
        let mut without = *facts;
        if facts.is_producers() {
            without.producer = corvid_record::Producer::NONE;
        }
        self.derived.note(&without, self.known.now);
    }

    /// Whether what is bad behind `segment` is rot, rather than what a crash leaves of writes that no sync covered.
    fn is_rot(&self, segment: &ActiveSegment, bytes: u64, stop: &Stop) -> io::Result<bool> {
        if let Some(is_rot) = tail::is_rot(&segment.file, segment.size, bytes, segment.next)? {
            return Ok(is_rot);
        }
        // With a good batch in a later segment, this one must have had all of its own once.
        let lost = stop.what == What::EndsEarly
            || looks_lost(&segment.file, segment.size, bytes, bytes)?
            || has_lost_its_front(&segment.file, segment.size, bytes, segment.next)?;
        Ok(!lost && self.good_batch_ahead(segment.next)?)
    }

    fn good_batch_ahead(&self, expected: Offset) -> io::Result<bool> {
        for &(base, bytes) in &self.ahead {
            let file = self.dir.open_file(&names::segment_file(base, names::LOG))?;
            if find_good_batch(&file, 0, bytes, expected)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether the segment at `base` goes on where `segment` ends. If not, what is between them was lost, and nothing of
    /// it may have been flushed.
    fn follows(&self, segment: &ActiveSegment, base: Offset) -> Result<bool, OpenError> {
        if segment.next == base || (segment.next < base && gaps_are_normal(self.config, self.known)) {
            return Ok(true);
        }
        let why = format!("the next segment begins at offset {base}");
        if segment.next < self.known.flushed || segment.next > base {
            return Err(self.quarantine(segment, why));
        }
        tracing::warn!(log = %self.dir.path().display(), end = segment.next.0, next = base.0, "the end of a segment was lost before any sync covered it: removing what lies behind");
        Ok(false)
    }

    fn seal(&mut self, segment: &mut ActiveSegment, end: Offset) -> io::Result<()> {
        let files = segment.write_sidecars(self.dir, Some(self.derived.links.positions()))?;
        self.unsynced.extend(files);
        self.unsynced.push(segment.file.clone());
        self.visible_before = segment.summary(None).visible_end();
        let sealed = SealedSegment::new(self.dir.clone(), segment.base, end, segment.size);
        self.sealed.insert(segment.base, Arc::new(sealed));
        Ok(())
    }

    /// Removes the segments that are not walked yet, the newest first: what is left is always a whole log. Durably, or one
    /// that comes back would overlap what is appended next.
    fn remove_ahead(&mut self) -> io::Result<()> {
        if self.ahead.is_empty() {
            return Ok(());
        }
        for (base, _) in std::mem::take(&mut self.ahead) {
            self.dir.remove(&names::segment_file(base, names::LOG))?;
        }
        self.dir.sync()
    }

    fn finish(mut self, active: ActiveSegment) -> io::Result<Recovered> {
        // An epoch without a batch is its leader's to begin again.
        self.derived.epochs.truncate_end(active.next);
        let Self {
            sealed,
            derived,
            visible_start,
            unsynced,
            snapshot,
            ..
        } = self;
        Ok(Recovered {
            sealed,
            active,
            derived,
            visible_start,
            unsynced,
            directory_unsynced: true,
            snapshot,
            superseded: Vec::new(),
            resumed: false,
        })
    }

    fn quarantine(&self, segment: &ActiveSegment, why: String) -> OpenError {
        OpenError::Quarantined {
            log: self.dir.path().to_path_buf(),
            file: names::segment_file(segment.base, names::LOG),
            position: segment.size,
            offset: segment.next,
            flushed: self.known.flushed,
            why,
        }
    }

    fn io_error(&self, name: &str, error: io::Error) -> OpenError {
        OpenError::Io {
            path: self.dir.path().join(name),
            error,
        }
    }
}

/// When a segment that begins with this batch began, as far as can be told afterwards: not later than its own time.
fn began_at(batch: &BatchFacts, now: WallTime) -> WallTime {
    if batch.max_timestamp > Timestamp::NONE {
        now.min(WallTime(batch.max_timestamp.0))
    } else {
        now
    }
}

/// Where a walk begins, and what is known there.
struct Start {
    base: Offset,
    before: Option<Summary>,
    epochs: LeaderEpochs,
    producers: ProducerState,
    snapshot: Option<Offset>,
    producers_to: Offset,
}

impl Start {
    /// The segment that holds the flushed position, or as far back as something can't be trusted.
    fn choose(dir: &Dir, known: &Known, inventory: &Inventory) -> Self {
        let first = inventory.segments.keys().next().copied().unwrap_or(known.start);
        let floor = |offset: Offset| {
            inventory
                .segments
                .range(..=offset)
                .next_back()
                .map_or(first, |(&base, _)| base)
        };
        let (snapshot, producers) = match fault::hit("recovery.producers") {
            None => newest_snapshot(dir, known.flushed.max(first), inventory).unzip(),
            // A test plants a bug here: nobody knows who has produced what.
            Some(_) => (Some(Offset(i64::MAX)), Some(ProducerState::default())),
        };
        let producers_to = snapshot.unwrap_or(first);
        let epochs = read_epochs(dir).filter(|epochs| *epochs != LeaderEpochs::default());
        let mut base = if epochs.is_some() {
            floor(known.flushed.min(producers_to))
        } else {
            first
        };
        // Links and hidden runs go on from the end of the segment before.
        let mut before = None;
        while base > first {
            before = summary_before(dir, base, inventory);
            if before.is_some() {
                break;
            }
            base = floor(Offset(base.0 - 1));
        }
        Self {
            base,
            before,
            epochs: epochs.unwrap_or_default(),
            producers: producers.unwrap_or_default(),
            snapshot,
            producers_to,
        }
    }
}

/// The summary of the segment before the one at `base`, if it is whole and knows its links.
fn summary_before(dir: &Dir, base: Offset, inventory: &Inventory) -> Option<Summary> {
    let (&before, &bytes) = inventory.segments.range(..base).next_back()?;
    let summary = read_summary(dir, before, bytes).inspect_err(|error| {
        tracing::warn!(log = %dir.path().display(), base = before.0, %error, "a segment's sidecar can't be used; walking it, too");
    });
    summary.ok().filter(|summary| summary.links.is_some())
}

/// The newest sound snapshot up to `limit`: one that describes nothing which may yet be cut.
fn newest_snapshot(dir: &Dir, limit: Offset, inventory: &Inventory) -> Option<(Offset, ProducerState)> {
    inventory.snapshots.range(..=limit).rev().find_map(|&offset| {
        let bytes = dir
            .read(&names::segment_file(offset, names::SNAPSHOT), SNAPSHOT_BYTES_MAX)
            .ok()?;
        let state = ProducerState::decode(&bytes).inspect_err(|error| {
            tracing::warn!(log = %dir.path().display(), offset = offset.0, %error, "a producer snapshot can't be used");
        });
        Some((offset, state.ok()?))
    })
}
