//! How long what is new stays as it is, at least and at most. As Kafka: by segments, the youngest of which is never looked at.

use std::sync::Arc;

use corvid_record::Offset;

use crate::config::LogConfig;
use crate::error::ReadError;
use crate::segment::SealedSegment;

/// `min.compaction.lag.ms` and `max.compaction.lag.ms` of a log, at a time.
#[derive(Debug)]
pub(crate) struct Lag {
    min_ms: i64,
    max_ms: i64,
    now: i64,
    /// What ends at or below was compacted before.
    clean_to: Offset,
}

impl Lag {
    /// `now` in ms since the epoch.
    pub fn new(config: &LogConfig, now: i64, clean_to: Offset) -> Self {
        Self {
            min_ms: config.min_compaction_lag_ms,
            max_ms: config.max_compaction_lag_ms,
            now,
            clean_to,
        }
    }

    /// Takes away what is new from the first segment on that has a record which is too young.
    pub fn leave_young(&self, segments: &mut Vec<Arc<SealedSegment>>) -> Result<(), ReadError> {
        if self.min_ms == 0 {
            return Ok(());
        }
        let mut old = 0;
        for segment in &*segments {
            if segment.end > self.clean_to && self.age_of_newest(segment)? < self.min_ms {
                break;
            }
            old += 1;
        }
        segments.truncate(old);
        Ok(())
    }

    /// Whether something is new that began too long ago.
    pub fn is_overdue(&self, segments: &[Arc<SealedSegment>]) -> Result<bool, ReadError> {
        let mut new = segments.iter().filter(|segment| segment.end > self.clean_to);
        new.try_fold(false, |overdue, segment| {
            let age = self.now.saturating_sub(segment.times()?.began_at.0);
            Ok(overdue || age > self.max_ms)
        })
    }

    fn age_of_newest(&self, segment: &SealedSegment) -> Result<i64, ReadError> {
        let newest_at = segment.times()?.newest_at(segment.bytes);
        Ok(self.now.saturating_sub(newest_at.0))
    }
}
