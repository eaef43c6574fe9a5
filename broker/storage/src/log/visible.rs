//! The log as clients are told it is: without the hidden batches at either end.

use std::sync::Arc;

use corvid_record::Offset;

use super::Log;
use super::state::State;
use crate::error::ReadError;
use crate::segment::SealedSegment;

impl Log {
    /// The end that clients are told: just behind the last visible batch below `limit`.
    ///
    /// Clients go astray behind it: some turn in a hot loop where there are only batches without records.
    pub fn visible_end(&self, limit: Offset) -> Offset {
        let sealed = {
            let mut state = self.state.lock();
            let limit = limit.min(state.active.next);
            if limit >= state.active.base {
                return state.visible_end_in_active(limit);
            }
            state
                .sealed
                .range(..limit)
                .next_back()
                .map(|(_, segment)| segment.clone())
        };
        sealed.map_or(limit, |segment| self.visible_end_in(&segment, limit))
    }

    /// The start that clients are told: where `DeleteRecords` put it, or just behind the last visible batch below the
    /// log's start. Never behind the visible end below `limit`.
    pub fn visible_start(&self, limit: Offset) -> Offset {
        let start = self.state.lock().visible_start;
        start.min(self.visible_end(limit))
    }

    fn visible_end_in(&self, segment: &Arc<SealedSegment>, limit: Offset) -> Offset {
        match visible_end_below(self, segment, limit) {
            Ok(end) => end,
            Err(error) => {
                // Too high an end costs a client a fetch; there is no better answer.
                tracing::warn!(log = self.name(), %error, "a segment's hidden batches can't be looked up");
                limit
            }
        }
    }

    /// Just behind the last visible batch below `start`, where the log is to begin: what is told once it does.
    pub(super) fn visible_end_at(&self, state: &State, start: Offset) -> Offset {
        match state.sealed.range(..start).next_back() {
            Some((_, segment)) => self.visible_end_in(segment, start),
            None => state.visible_start.min(start),
        }
    }
}

fn visible_end_below(log: &Log, segment: &Arc<SealedSegment>, limit: Offset) -> Result<Offset, ReadError> {
    let files = log.shared.open_files.get(segment)?;
    let summary = &files.summary;
    let at = summary
        .hidden
        .step_back(summary.base, limit.min(summary.end), summary.base);
    Ok(if at > summary.base { at } else { summary.visible_before })
}
