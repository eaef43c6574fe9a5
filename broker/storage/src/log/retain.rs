//! Where a log begins: retention, and DeleteRecords.

use std::sync::Arc;

use corvid_env::clock::WallTime;
use corvid_record::Offset;

use super::state::{Doomed, State};
use super::{DeletedSegment, Log, Reason};
use crate::error::{AppendError, ChangeError};
use crate::retention::{Candidate, Situation, how_many_go, is_old};
use crate::segment::SealedSegment;

impl Log {
    /// Moves the start forward; returns the visible start. Durable soon after.
    ///
    /// What clients see begins just behind a visible batch, if `to` is behind hidden ones: whoever stands there has read all below,
    /// and must not be out of range.
    pub fn advance_start(&self, to: Offset, reason: Reason) -> Result<Offset, ChangeError> {
        let visible_end = self.visible_end(to);
        let mut state = self.state.lock();
        let advanced = self.advance_locked(&mut state, to, visible_end, reason);
        self.unlock(state);
        self.enqueue();
        advanced
    }

    fn advance_locked(
        &self,
        state: &mut State,
        to: Offset,
        visible_end: Offset,
        reason: Reason,
    ) -> Result<Offset, ChangeError> {
        state.check_changeable()?;
        let (start, end) = (state.start(), state.active.next);
        if to > end {
            return Err(ChangeError::OutOfRange { start, end });
        }
        match reason {
            Reason::DeleteRecords => state.visible_start = state.visible_start.max(visible_end),
            Reason::Retention => {
                let gone = state.sealed.values().take_while(|segment| segment.end <= to).count();
                self.doom(state, gone);
            }
        }
        self.shared.set_visible_start(&self.name, Some(state.visible_start));
        Ok(state.visible_start)
    }

    /// Deletes sealed segments that are too old, too many, or below the visible start, and forgets expired producers.
    ///
    /// Nothing at or above `not_beyond` goes: the caller gives the least of the high watermark and what links still need. Where all that
    /// is left is too old, the active segment is rolled, so that it can go next time.
    pub fn retain(&self, now: WallTime, not_beyond: Offset) -> Result<Vec<DeletedSegment>, ChangeError> {
        let now = self.shared.trusted(now);
        let expiration_ms = self.shared.config.producer_id_expiration.as_millis() as i64;
        self.load_times()?;
        let mut state = self.state.lock();
        let retained = state.check_changeable().and_then(|()| {
            state
                .derived
                .producers
                .expire(WallTime(now.0.saturating_sub(expiration_ms)));
            self.roll_if_all_is_old(&mut state, now)?;
            let gone = self.how_many_go(&state, now, not_beyond)?;
            Ok(self.doom(&mut state, gone))
        });
        if matches!(&retained, Ok(gone) if !gone.is_empty()) {
            self.shared.set_visible_start(&self.name, Some(state.visible_start));
        }
        self.unlock(state);
        self.enqueue();
        retained
    }

    /// Where the log would begin after [`Log::retain`], if nothing but the high watermark stopped it.
    pub fn retainable(&self, now: WallTime, high_watermark: Offset) -> Result<Offset, ChangeError> {
        let now = self.shared.trusted(now);
        self.load_times()?;
        let state = self.state.lock();
        state.check_changeable()?;
        let gone = self.how_many_go(&state, now, high_watermark)?;
        let last = gone.checked_sub(1).and_then(|last| state.sealed.values().nth(last));
        Ok(last.map_or(state.start(), |segment| segment.end))
    }

    /// Reads what the sidecars say of their segments' times, before the lock is taken.
    pub(super) fn load_times(&self) -> Result<(), ChangeError> {
        let sealed: Vec<_> = self.state.lock().sealed.values().cloned().collect();
        for segment in sealed {
            segment.times()?;
        }
        Ok(())
    }

    fn how_many_go(&self, state: &State, now: WallTime, not_beyond: Offset) -> Result<usize, ChangeError> {
        let situation = Situation {
            now,
            not_beyond,
            visible_start: state.visible_start,
            log_bytes: state.size_bytes(),
            has_links: !state.derived.links.is_empty(),
        };
        let mut failed = None;
        let candidates = state.sealed.values().map_while(|segment| {
            let times = segment.times().map_err(|error| failed = Some(error)).ok()?;
            Some(Candidate {
                end: segment.end,
                bytes: segment.bytes,
                newest_at: times.newest_at(segment.bytes),
                checkpoint_behind: situation.has_links && self.begins_with_checkpoint(state, segment.end, not_beyond),
            })
        });
        let gone = how_many_go(&state.config, &situation, candidates);
        failed.map_or(Ok(gone), |error| Err(error.into()))
    }

    /// Whether the segment at `base` begins with a link checkpoint that is committed: below `not_beyond`.
    pub(super) fn begins_with_checkpoint(&self, state: &State, base: Offset, not_beyond: Offset) -> bool {
        if base == state.active.base {
            return state.active.hidden.begins_with_checkpoint(base, not_beyond);
        }
        let files = state
            .sealed
            .get(&base)
            .map(|segment| self.shared.open_files.get(segment));
        matches!(files, Some(Ok(files)) if files.summary.hidden.begins_with_checkpoint(base, not_beyond))
    }

    /// As Kafka: an active segment is never deleted, but does not keep old records for ever either.
    fn roll_if_all_is_old(&self, state: &mut State, now: WallTime) -> Result<(), ChangeError> {
        let Some(limit_ms) = state.config.retention_ms else {
            return Ok(());
        };
        let active = &state.active;
        let candidate = Candidate {
            end: active.next,
            bytes: active.size,
            newest_at: active.times.newest_at(active.size),
            checkpoint_behind: false,
        };
        let skip = active.is_empty() || active.has_checkpoint_only() || !state.config.cleanup.deletes();
        if skip || !is_old(&candidate, now, limit_ms) {
            return Ok(());
        }
        match self.roll_and_checkpoint(state, now) {
            Ok(()) => Ok(()),
            Err(AppendError::Failed(why)) => Err(ChangeError::Failed(why)),
            // It is tried again next time; on a full disk, what is sealed already must go all the same.
            Err(error) => {
                tracing::warn!(log = self.name(), %error, "an old active segment can't be rolled");
                Ok(())
            }
        }
    }

    /// Takes the oldest segments out of the log. Their files go once the new start is durable.
    fn doom(&self, state: &mut State, count: usize) -> Vec<DeletedSegment> {
        let gone: Vec<Arc<SealedSegment>> = state.sealed.values().take(count).cloned().collect();
        let Some(start) = gone.last().map(|last| last.end) else {
            return Vec::new();
        };
        state.visible_start = state.visible_start.max(self.visible_end_at(state, start));
        for segment in &gone {
            state.sealed.remove(&segment.base);
        }
        state.derived.epochs.truncate_start(start);
        state.flush.doomed.extend(gone.iter().cloned().map(Doomed::Segment));
        gone.iter()
            .map(|segment| DeletedSegment {
                base_offset: segment.base,
                bytes: segment.bytes,
            })
            .collect()
    }
}
