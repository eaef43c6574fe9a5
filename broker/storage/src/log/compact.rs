//! A pass of compaction over a log.

use std::io;
use std::sync::Arc;

use corvid_env::clock::WallTime;
use corvid_env::fault;
use corvid_record::{Offset, Timestamp};

use super::state::Condition;
use super::{Compacted, Log};
use crate::batch_reader::{BatchReader, Next};
use crate::compaction::{self, Keep, KeyMap, Lag, Plan, Rewritten};
use crate::error::{ChangeError, ReadError};
use crate::producer_state::ProducerState;
use crate::recovery::{Surroundings, rebuild_sidecars};
use crate::segment::SealedSegment;

/// Memory for the keys of one pass.
const KEYS_BYTES_MAX: usize = 32 << 20;

impl Log {
    /// Compacts the sealed segments of a log whose cleanup says so, if enough of it is new. It blocks for as long as it
    /// reads and writes; the log goes on meanwhile.
    ///
    /// `None` if there was nothing to do. What is not flushed, or at or above `not_beyond`, is left alone. `go_on` is asked for each
    /// stretch that is read, and may do something else meanwhile, but for retention of this log; where it says no, or where the log is
    /// closed or deleted, the rest is left for the next time.
    pub async fn compact(
        &self,
        now: WallTime,
        not_beyond: Offset,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<Option<Compacted>, ChangeError> {
        let _alone = self.maintenance.lock().await;
        let now = self.shared.trusted(now).0;
        self.load_times()?;
        let Some((plan, producers)) = self.plan(now, not_beyond)? else {
            return Ok(None);
        };
        let mut go_on = || {
            self.state.lock().check_changeable()?;
            Ok(go_on())
        };
        let Some(keys) = self.map_keys(&plan, &mut go_on)? else {
            return Ok(Some(Compacted::default()));
        };
        let config = self.config();
        let keep = Keep {
            keys: &keys,
            first_dirty: plan.first_dirty,
            now: Timestamp(now),
            horizon: Timestamp(now.saturating_add(config.delete_retention_ms)),
            visible_end: self.visible_end(not_beyond.min(self.flushed())),
            producers: &producers,
        };
        // Said before offsets are missing: a log whose cleanup is changed later is recovered with its gaps.
        self.remember_clean(plan.first_dirty).await?;
        let mut compacted = Compacted::default();
        let touched: Vec<_> = plan
            .segments
            .iter()
            .take_while(|segment| segment.base < keys.mapped_to())
            .cloned()
            .collect();
        for group in compaction::group(&touched, config.segment_bytes) {
            let Some(rewritten) = self.compact_group(&group, &keep, &mut go_on).await? else {
                return Ok(Some(compacted));
            };
            compacted.bytes_before += rewritten.bytes_before;
            compacted.bytes_after += rewritten.bytes_after;
            compacted.records_removed += rewritten.records_removed;
        }
        self.remember_clean(keys.mapped_to()).await?;
        Ok(Some(compacted))
    }

    fn plan(&self, now: i64, not_beyond: Offset) -> Result<Option<(Plan, ProducerState)>, ChangeError> {
        let clean_to = self.shared.cleaned.lock().get(&self.name).unwrap_or(Offset::ZERO);
        let state = self.state.lock();
        state.check_changeable()?;
        if !state.config.cleanup.compacts() {
            return Ok(None);
        }
        let limit = not_beyond.min(state.flush.flushed);
        let mut segments: Vec<_> = state
            .sealed
            .values()
            .filter(|segment| segment.end <= limit)
            .cloned()
            .collect();
        let lag = Lag::new(&state.config, now, clean_to);
        lag.leave_young(&mut segments)?;
        // Where links stand must be known from what is not touched: stamps go with their records.
        while !state.derived.links.is_empty()
            && let Some(last) = segments.last()
            && !self.begins_with_checkpoint(&state, last.end, limit)
        {
            segments.pop();
        }
        // Whatever of it is new.
        let permille = match lag.is_overdue(&segments)? {
            true => 0,
            false => state.config.min_cleanable_dirty_permille,
        };
        let plan = compaction::plan(segments, clean_to, permille);
        Ok(plan.map(|plan| (plan, state.derived.producers.clone())))
    }

    /// `None` where `go_on` says no.
    fn map_keys(
        &self,
        plan: &Plan,
        mut go_on: impl FnMut() -> Result<bool, ChangeError>,
    ) -> Result<Option<KeyMap>, ChangeError> {
        let mut keys = KeyMap::new(plan.first_dirty, KEYS_BYTES_MAX);
        for segment in plan.segments.iter().filter(|segment| segment.end > plan.first_dirty) {
            let files = self.shared.open_files.get(segment)?;
            let mut reader = BatchReader::new(&files.file, 0, segment.bytes);
            loop {
                if reader.take_filled() && !go_on()? {
                    return Ok(None);
                }
                match reader.next().map_err(|error| segment.io_error(error))? {
                    Next::Batch { batch, .. } if batch.next_offset() <= plan.first_dirty || keys.add(&batch) => {}
                    Next::Batch { .. } => return Ok(Some(keys)),
                    Next::End => break,
                    Next::Bad { position, why } => {
                        let why = format!("byte {position}: {why}");
                        return Err(ReadError::Corrupt {
                            file: segment.log_name(),
                            why,
                        }
                        .into());
                    }
                }
            }
            keys.mapped_whole(segment.end);
        }
        Ok(Some(keys))
    }

    /// `None` where `go_on` says no: the group stays as it was.
    async fn compact_group(
        &self,
        group: &[Arc<SealedSegment>],
        keep: &Keep<'_>,
        mut go_on: impl FnMut() -> Result<bool, ChangeError>,
    ) -> Result<Option<Rewritten>, ChangeError> {
        if !go_on()? {
            return Ok(None);
        }
        let compacted = match compaction::rewrite(&self.dir, group, keep, go_on).await {
            Ok(Some(rewritten)) => self.replace(group, &rewritten).map(|()| Some(rewritten)),
            other => other,
        };
        if !matches!(compacted, Ok(Some(_))) {
            // What was written so far is on a disk that may be full.
            compaction::abandon(&self.dir, group[0].base);
        }
        compacted
    }

    /// Puts the rewritten group in the place of the old one, on the disk and in the log.
    fn replace(&self, group: &[Arc<SealedSegment>], rewritten: &Rewritten) -> Result<(), ChangeError> {
        if !rewritten.changed {
            compaction::abandon(&self.dir, rewritten.base);
            return Ok(());
        }
        // Their names are about to be another's: who reads them must have them open by then.
        let files = group
            .iter()
            .map(|segment| segment.pin())
            .collect::<Result<Vec<_>, _>>()?;
        let (first, last) = (&files[0].summary, &files[files.len() - 1].summary);
        let around = Surroundings {
            visible_before: first.visible_before,
            links: last.links.clone(),
            began_at: files.iter().map(|files| files.summary.times.began_at).min(),
        };
        compaction::commit(&self.dir, rewritten.base)?;
        if let Err(error) = compaction::swap_in(&self.dir, group) {
            self.fail(&error);
            return Err(error.into());
        }
        let sidecars = fault::check("compaction.sidecars")
            .map_err(ChangeError::from)
            .and_then(|()| {
                Ok(rebuild_sidecars(
                    &self.dir,
                    rewritten.base,
                    rewritten.bytes_after,
                    &around,
                )?)
            });
        // With or without sidecars: the disk has nothing else any more. Who opens the segment next makes them, if it has none.
        let end = group[group.len() - 1].end;
        let new = SealedSegment::new(self.dir.clone(), rewritten.base, end, rewritten.bytes_after);
        let mut state = self.state.lock();
        for old in group {
            state.sealed.remove(&old.base);
        }
        state.sealed.insert(rewritten.base, Arc::new(new));
        sidecars.map(drop)
    }

    /// What is on the disk is neither the old segments nor the new ones: nothing is changed any more before a start has finished it.
    fn fail(&self, error: &io::Error) {
        let mut state = self.state.lock();
        if state.condition == Condition::Open {
            state.condition = Condition::Failed(format!("a swap of compacted segments is unfinished: {error}"));
            drop(state);
            self.tell_failed();
        }
    }

    async fn remember_clean(&self, to: Offset) -> Result<(), ChangeError> {
        // Lost, it only makes the next pass do more.
        Ok(self.shared.set_cleaned(&self.name, Some(to)).await?)
    }
}
