//! What a log's lock guards.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use corvid_env::clock::WallTime;
use corvid_env::fs::{Dir, File};
use corvid_record::Offset;

use crate::config::LogConfig;
use crate::error::{AppendError, ChangeError};
use crate::facts::BatchFacts;
use crate::names;
use crate::recovery::{Derived, Recovered};
use crate::segment::{ActiveSegment, SealedSegment, replace};

/// What a log's lock guards.
#[derive(Debug)]
pub(super) struct State {
    pub config: LogConfig,
    pub condition: Condition,
    /// What clients are told to be the start.
    pub visible_start: Offset,
    pub sealed: BTreeMap<Offset, Arc<SealedSegment>>,
    pub active: ActiveSegment,
    pub derived: Derived,
    /// Where the newest whole producer snapshot is.
    pub snapshot: Option<Offset>,
    /// A limit and its visible end, from which later ones are found quickly.
    pub visible_end_memo: (Offset, Offset),
    pub flush: Flush,
    /// Segments that were sealed under this lock, and are to be counted as open after it.
    pub just_sealed: Vec<Arc<SealedSegment>>,
}

/// Whether a log takes appends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    Open,
    /// It is being cut.
    Truncating,
    /// Its directory is being shut down.
    Closed,
    /// It was deleted.
    Deleted,
    /// Its file may have garbage behind the last batch.
    Failed(String),
}

/// What is to be synced, and how far syncs have come.
#[derive(Debug, Default)]
pub(super) struct Flush {
    /// A completed sync covers everything below.
    pub flushed: Offset,
    /// Where a running round will bring `flushed`. A truncation lowers it.
    pub target: Option<Offset>,
    /// Sealed segments and sidecars.
    pub files: Vec<File>,
    /// Names were added to the directory or removed from it.
    pub directory: bool,
    /// Somebody asked for a round, whatever the durability.
    pub forced: bool,
    /// To be deleted once all of this is durable, and the start.
    pub doomed: Vec<Doomed>,
}

/// Files that nobody needs any more once something else is durable.
#[derive(Debug, Clone)]
pub(crate) enum Doomed {
    /// A segment that the log does not begin with any more.
    Segment(Arc<SealedSegment>),
    /// A producer snapshot at this offset: there is a newer one.
    Snapshot(Offset),
}

impl State {
    pub fn new(config: LogConfig, recovered: Recovered, flushed: Offset) -> Self {
        let Recovered {
            sealed,
            active,
            derived,
            visible_start,
            unsynced,
            directory_unsynced,
            snapshot,
            superseded,
            resumed: _,
        } = recovered;
        let flush = Flush {
            flushed,
            files: unsynced,
            directory: directory_unsynced,
            doomed: superseded.into_iter().map(Doomed::Snapshot).collect(),
            ..Flush::default()
        };
        let mut state = Self {
            config,
            condition: Condition::Open,
            visible_start,
            visible_end_memo: (active.base, active.visible_before),
            sealed,
            active,
            derived,
            snapshot,
            flush,
            just_sealed: Vec::new(),
        };
        // Of a log that was cut there may be less left than clients were told was deleted.
        let end = state.visible_end_in_active(state.active.next);
        state.visible_start = state.visible_start.min(end);
        state
    }

    /// The first offset of the log.
    pub fn start(&self) -> Offset {
        self.sealed
            .first_key_value()
            .map_or(self.active.base, |(&base, _)| base)
    }

    /// Remembers a batch that was written behind the last one.
    pub fn note(&mut self, dir: &Dir, batch: &BatchFacts, now: WallTime) {
        self.active.note(dir, batch, self.config.index_interval_bytes, now);
        self.derived.note(batch, now);
    }

    /// Writes what is known of producers at the log's end; durable after the next round. What stands there already is not written again: a
    /// power cut could leave half of it, and it may be all there is.
    pub fn write_snapshot(&mut self, dir: &Dir) -> io::Result<()> {
        let end = self.active.next;
        if self.snapshot != Some(end) {
            let name = names::segment_file(end, names::SNAPSHOT);
            self.flush
                .files
                .push(replace(dir, &name, &self.derived.producers.encode())?);
            self.flush.directory = true;
            self.snapshot = Some(end);
        }
        Ok(())
    }

    pub fn check_open(&self) -> Result<(), AppendError> {
        match &self.condition {
            Condition::Open => Ok(()),
            Condition::Truncating | Condition::Closed | Condition::Deleted => Err(AppendError::Closed),
            Condition::Failed(why) => Err(AppendError::Failed(why.clone())),
        }
    }

    pub fn check_changeable(&self) -> Result<(), ChangeError> {
        match &self.condition {
            Condition::Open => Ok(()),
            Condition::Truncating | Condition::Closed | Condition::Deleted => Err(ChangeError::Closed),
            Condition::Failed(why) => Err(ChangeError::Failed(why.clone())),
        }
    }

    /// Just behind the last visible batch below `limit`, which is not below the active segment's base.
    pub fn visible_end_in_active(&mut self, limit: Offset) -> Offset {
        let (known_limit, known_end) = self.visible_end_memo;
        let floor = if known_limit <= limit {
            known_limit
        } else {
            self.active.base
        };
        let at = self.active.hidden.step_back(self.active.base, limit, floor);
        let end = if at <= floor && floor == known_limit {
            known_end
        } else if at <= self.active.base {
            self.active.visible_before
        } else {
            at
        };
        self.visible_end_memo = (limit, end);
        end
    }

    /// Whether the active segment is to be rolled for its age. One that has nothing but the links' positions is not: an idle
    /// log would grow a segment at a time.
    pub fn roll_is_due(&self, now: WallTime) -> bool {
        let age = now.0.saturating_sub(self.active.times.began_at.0);
        age > self.config.roll_after_ms() && !self.active.has_checkpoint_only()
    }

    /// Bytes of all segments.
    pub fn size_bytes(&self) -> u64 {
        self.sealed.values().map(|segment| segment.bytes).sum::<u64>() + self.active.size
    }
}
