//! Cutting the end of a log that has parted from its leader's.

use std::io;

use corvid_env::clock;
use corvid_record::Offset;

use super::Log;
use super::state::{Condition, Doomed, State};
use crate::error::ChangeError;
use crate::names;
use crate::recovery::{self, Known};
use crate::segment::find_batch;

/// A log that takes nothing while it waits to be cut. Whoever stops waiting leaves it as it was.
struct Held<'l>(&'l Log);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        if state.condition == Condition::Truncating {
            state.condition = Condition::Open;
            drop(state);
            self.0.request_flush();
        }
    }
}

impl Log {
    /// Cuts everything at and above `to`, which must be where a batch begins or inside of one.
    ///
    /// The flushed position and its durable copy are lowered first, a running round with them, and no other round begins before the cut
    /// is done. Otherwise a round that began before the cut would raise the position over batches that are gone, or a power cut in between would make a sound
    /// replica look short.
    pub async fn truncate(&self, to: Offset) -> Result<(), ChangeError> {
        let _alone = self.maintenance.lock().await;
        let to = self.batch_start(to)?;
        if !self.lower_flushed(to)? {
            return Ok(());
        }
        let _held = Held(self);
        self.enqueue();
        let durable = self.shared.queue.durable().await;
        let mut state = self.state.lock();
        if state.condition != Condition::Truncating {
            return state.check_changeable();
        }
        if !durable {
            return Err(ChangeError::Poisoned(
                self.shared.poisoned().unwrap_or("the flusher is gone").to_owned(),
            ));
        }
        if let Err(error) = self.cut(&mut state, to) {
            state.condition = Condition::Failed(error.to_string());
            drop(state);
            self.tell_failed();
            return Err(error);
        }
        if state.visible_start < to {
            // Or records that are appended here later would count as deleted.
            self.shared.set_visible_start(&self.name, Some(state.visible_start));
        }
        self.publish_end(&state);
        drop(state);
        self.request_flush();
        Ok(())
    }

    /// Where the batch begins that `to` is in: the cut is between batches.
    fn batch_start(&self, to: Offset) -> Result<Offset, ChangeError> {
        let (start, end) = (self.start(), self.end());
        if to <= start || to >= end {
            return Ok(to);
        }
        let segment = self.segment_at(to, end)?;
        let Some(stretch) = self.find(&segment, to)? else {
            return Ok(to);
        };
        let batch = find_batch(&stretch.file, stretch.from, stretch.to, Offset(-1))?;
        Ok(batch.map_or(to, |batch| batch.base_offset.min(to)))
    }

    /// Lowers what says "flushed". Returns whether there is something to cut.
    fn lower_flushed(&self, to: Offset) -> Result<bool, ChangeError> {
        let mut state = self.state.lock();
        state.check_changeable()?;
        let (start, end) = (state.start(), state.active.next);
        if to >= end {
            return Ok(false);
        }
        if to < start {
            return Err(ChangeError::OutOfRange { start, end });
        }
        if state.visible_start > to {
            // Or records that are appended here later would count as deleted.
            state.visible_start = to;
            self.shared.set_visible_start(&self.name, Some(to));
        }
        state.condition = Condition::Truncating;
        state.flush.flushed = state.flush.flushed.min(to);
        state.flush.target = state.flush.target.map(|target| target.min(to));
        self.flushed
            .store(state.flush.flushed.0, std::sync::atomic::Ordering::Release);
        Ok(true)
    }

    /// Cuts the files, and makes the state of what is left.
    fn cut(&self, state: &mut State, to: Offset) -> Result<(), ChangeError> {
        self.cut_files(state, to)?;
        let known = Known {
            flushed: state.flush.flushed,
            start: state.start().min(to),
            visible_start: Some(state.visible_start.min(to)),
            was_compacted: self.was_compacted(),
            clean: false,
            now: clock::wall_clock(),
        };
        let recovered = recovery::recover(&self.dir, &state.config, &known)
            .map_err(|error| ChangeError::Failed(error.to_string()))?;
        let mut doomed = std::mem::take(&mut state.flush.doomed);
        // Of snapshots, recovery knows better: the one at the cut may be the newest now.
        doomed.retain(|doomed| matches!(doomed, Doomed::Segment(_)));
        *state = State::new(state.config.clone(), recovered, known.flushed);
        state.flush.doomed.append(&mut doomed);
        state.active.taint();
        Ok(())
    }

    /// Removes the segments behind the cut, the newest first, then cuts the one it is in: at any time a whole log is left.
    fn cut_files(&self, state: &State, to: Offset) -> io::Result<()> {
        let bases: Vec<Offset> = state.sealed.keys().copied().chain([state.active.base]).collect();
        let holds = bases
            .iter()
            .rev()
            .find(|&&base| base <= to)
            .copied()
            .unwrap_or(state.start());
        for base in bases.into_iter().rev().take_while(|&base| base > holds) {
            self.dir.remove(&names::segment_file(base, names::LOG))?;
        }
        // Durably: one that comes back would overlap what is appended next.
        self.dir.sync()?;
        let file = self.dir.open_file(&names::segment_file(holds, names::LOG))?;
        let bytes = if holds == state.active.base {
            state.active.size
        } else {
            file.len()?
        };
        if let Some(first_gone) = find_batch(&file, 0, bytes, to)? {
            file.truncate(first_gone.position)?;
        }
        // They may describe batches that are gone.
        for entry in self.dir.list()? {
            let stale = match names::parse_segment_file(&entry.name) {
                Some((offset, names::SNAPSHOT)) => offset > to,
                Some((base, suffix)) => base >= holds && suffix != names::LOG,
                None => false,
            };
            if stale {
                self.dir.remove(&entry.name)?;
            }
        }
        Ok(())
    }
}
