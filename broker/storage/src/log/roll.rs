//! Rolling: the active segment is sealed, and a new one begins.

use std::sync::Arc;
use std::{io, mem};

use corvid_env::clock::WallTime;
use corvid_env::fault;
use corvid_env::fs::File;
use corvid_record::Offset;

use super::Log;
use super::append::{WRITES_MAX, Written, checkpoint_if_first};
use super::state::State;
use crate::error::AppendError;
use crate::segment::{ActiveSegment, Piece, SealedSegment, WritePieces};

impl Log {
    /// Rolls the active segment if it is older than `segment.ms`. Called by the leader only.
    pub fn roll_if_due(&self, now: WallTime) -> Result<bool, AppendError> {
        let mut state = self.state.lock();
        let rolled = state.check_open().and_then(|()| {
            let due = state.roll_is_due(now);
            if due {
                self.roll_and_checkpoint(&mut state, now)?;
            }
            Ok(due)
        });
        self.unlock(state);
        if matches!(rolled, Ok(true)) {
            self.enqueue();
        }
        rolled
    }

    /// Rolls, and writes the links' positions at once: there may be no append for long, and until then the log could not begin here.
    pub(super) fn roll_and_checkpoint(&self, state: &mut State, now: WallTime) -> Result<(), AppendError> {
        for _ in 0..WRITES_MAX {
            self.roll(state)?;
            let Some((bytes, facts)) = checkpoint_if_first(state, now)? else {
                return Ok(());
            };
            let epoch = state.derived.epochs.latest();
            let checkpoint = Piece::place(&bytes, &facts, state.active.next, epoch);
            let facts = checkpoint.facts;
            let pieces = WritePieces {
                checkpoint: Some(checkpoint),
                entry: None,
                batch: None,
            };
            if self.write(state, &pieces)? == Written::All {
                state.note(&self.dir, &facts, now);
                self.publish_end(state);
                return Ok(());
            }
        }
        Err(AppendError::Io(io::ErrorKind::WriteZero.into()))
    }

    /// Seals the active segment and begins a new one. An empty one stays. On an error nothing has changed.
    pub(super) fn roll(&self, state: &mut State) -> Result<(), AppendError> {
        if state.active.is_empty() {
            return self.begin_anew(state);
        }
        let end = state.active.next;
        let visible_end = state.visible_end_in_active(end);
        let (files, next) = self.seal(state, visible_end).map_err(|error| self.write_error(error))?;
        let old = mem::replace(&mut state.active, next);
        let summary = old.summary(Some(state.derived.links.positions()));
        let base = old.base;
        state.flush.files.extend(files);
        state.flush.files.push(old.file.clone());
        state.flush.directory = true;
        let sealed = Arc::new(SealedSegment::with_open(self.dir.clone(), end, old.file, summary));
        state.sealed.insert(base, sealed.clone());
        state.just_sealed.push(sealed);
        state.visible_end_memo = (end, visible_end);
        Ok(())
    }

    /// An empty segment has nothing to be sealed; one that was cut to nothing goes on in another file of the same name.
    fn begin_anew(&self, state: &mut State) -> Result<(), AppendError> {
        if !state.active.is_tainted() {
            return Ok(());
        }
        let (base, visible_before) = (state.active.base, state.active.visible_before);
        let created = ActiveSegment::create(&self.dir, base, visible_before);
        state.active = created.map_err(|error| self.write_error(error))?;
        state.flush.directory = true;
        Ok(())
    }

    /// Writes the sidecars of the active segment and creates the next one's file.
    fn seal(&self, state: &mut State, visible_end: Offset) -> io::Result<(Vec<File>, ActiveSegment)> {
        let end = state.active.next;
        let files = state
            .active
            .write_sidecars(&self.dir, Some(state.derived.links.positions()))?;
        state.write_snapshot(&self.dir)?;
        fault::check("log.roll")?;
        Ok((files, ActiveSegment::create(&self.dir, end, visible_end)?))
    }
}
