//! The log's side of a flush round.

use std::sync::atomic::Ordering;

use corvid_env::fs::File;

use super::Log;
use super::state::{Condition, Doomed};
use crate::config::Durability;
use crate::flushed_file::SlotValue;

/// What a round is to sync of one log.
#[derive(Debug, Default)]
pub(crate) struct Round {
    pub files: Vec<File>,
    pub directory: bool,
    /// The text of the epoch checkpoint, if it is to be written.
    pub epochs: Option<String>,
    /// What may be deleted once the log's start is durable, and where it is flushed.
    pub doomed: Vec<Doomed>,
}

impl Log {
    /// Starts or joins a flush round, whatever the durability.
    pub fn request_flush(&self) {
        self.state.lock().flush.forced = true;
        self.enqueue();
    }

    /// What the round is to sync; `None` if a truncation holds rounds back, or the log is deleted. What is appended from here on belongs to the next.
    pub(crate) fn begin_round(&self) -> Option<Round> {
        self.queued.store(false, Ordering::Release);
        let mut state = self.state.lock();
        if matches!(state.condition, Condition::Truncating | Condition::Deleted) {
            return None;
        }
        let mut round = Round {
            files: std::mem::take(&mut state.flush.files),
            directory: std::mem::take(&mut state.flush.directory),
            doomed: std::mem::take(&mut state.flush.doomed),
            epochs: None,
        };
        let forced = std::mem::take(&mut state.flush.forced);
        let all = forced || state.config.durability == Durability::Disk;
        let target = if all { state.active.next } else { state.active.base };
        // A cut is synced, too: a clean shutdown counts on it, and the next life writes where it was.
        if all && (target > state.flush.flushed || state.active.is_tainted()) {
            round.files.push(state.active.file.clone());
        }
        if state.derived.epochs.is_due(target) {
            round.epochs = Some(state.derived.epochs.take_text());
        }
        state.flush.target = Some(target);
        Some(round)
    }

    /// The round's syncs are done: raises the flushed position. Returns what the log's slot is to say, before anybody is told: so the
    /// slot is exact after a SIGKILL. A deleted log has no slot to say anything in: it may be another log's by now, of the same name.
    pub(crate) fn finish_round(&self) -> Option<SlotValue> {
        let mut state = self.state.lock();
        if state.condition == Condition::Deleted {
            return None;
        }
        if let Some(target) = state.flush.target.take() {
            state.flush.flushed = state.flush.flushed.max(target);
        }
        Some(SlotValue {
            flushed: state.flush.flushed,
            start: state.start(),
        })
    }

    /// Tells how far the log is flushed, if that is further than was told before.
    pub(crate) fn tell_flushed(&self) {
        let (before, flushed) = {
            // Under the lock, or a truncation could be overtaken by an older, higher value.
            let state = self.state.lock();
            let flushed = state.flush.flushed;
            (self.flushed.swap(flushed.0, Ordering::AcqRel), flushed)
        };
        if flushed.0 > before {
            self.listener(|listener| listener.flushed(flushed));
        }
    }

    /// The epoch checkpoint could not be written for lack of room; it is due again.
    pub(crate) fn epochs_not_written(&self) {
        self.state.lock().derived.epochs.touch();
    }

    /// The flusher is to look at this log.
    pub(super) fn enqueue(&self) {
        if self.shared.poisoned().is_none()
            && !self.queued.swap(true, Ordering::AcqRel)
            && let Some(this) = self.this.upgrade()
        {
            self.shared.queue.push(this);
        }
    }
}
