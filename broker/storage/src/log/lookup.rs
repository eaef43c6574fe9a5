//! Looking offsets up by time.

use corvid_record::{Batch, LeaderEpoch, Offset, Records, Timestamp, TimestampType};

use super::Log;
use super::read::Segment;
use crate::batch_reader::{BatchReader, Next};
use crate::error::ReadError;
use crate::names;
use crate::segment::{Times, time_floor_offset};

/// A record that was looked up: its offset, its timestamp, its batch's leader epoch.
type Found = (Offset, Timestamp, LeaderEpoch);

/// Records sections are decompressed up to this size; in a larger one, the whole batch is the answer.
const SECTION_BYTES_MAX: usize = 128 << 20;

/// The part of a log that clients see.
#[derive(Debug, Clone, Copy)]
struct Visible {
    start: Offset,
    limit: Offset,
}

/// A segment to be looked through.
struct Candidate {
    segment: Segment,
    times: Times,
    /// An offset that is not behind what is looked for.
    from: Offset,
}

impl Log {
    /// The first visible record below `limit` with a timestamp of `timestamp` or later. Reads and decompresses.
    pub fn offset_for_timestamp(&self, timestamp: Timestamp, limit: Offset) -> Result<Option<Found>, ReadError> {
        let visible = self.visible(limit);
        for candidate in self.candidates(visible, Some(timestamp))? {
            if candidate.times.largest_visible < timestamp {
                continue;
            }
            let found = self.walk(&candidate, visible, |batch| {
                (batch.max_timestamp() >= timestamp)
                    .then(|| first_record(batch, visible, timestamp))
                    .flatten()
            })?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The visible record below `limit` with the largest timestamp, the first of several. Reads and decompresses.
    pub fn max_timestamp(&self, limit: Offset) -> Result<Option<Found>, ReadError> {
        let visible = self.visible(limit);
        let mut best: Option<Found> = None;
        for mut candidate in self.candidates(visible, None)? {
            let known_best = best.map_or(Timestamp::NONE, |(_, timestamp, _)| timestamp);
            let largest = candidate.times.largest_visible;
            if largest <= known_best {
                continue;
            }
            let at = candidate.times.largest_visible_at;
            if at >= visible.start && at < visible.limit {
                candidate.from = at;
                let found = self.walk(&candidate, visible, |batch| Some(first_record(batch, visible, largest)))?;
                best = found.flatten().or(best);
            } else {
                // The largest is not to be seen: the others have to be looked at.
                self.walk(&candidate, visible, |batch| -> Option<()> {
                    if batch.max_timestamp() > best.map_or(Timestamp::NONE, |(_, timestamp, _)| timestamp) {
                        best = first_record(batch, visible, batch.max_timestamp()).or(best);
                    }
                    None
                })?;
            }
        }
        Ok(best)
    }

    fn visible(&self, limit: Offset) -> Visible {
        Visible {
            start: self.visible_start(limit),
            limit: limit.min(self.end()),
        }
    }

    /// The segments that have a part of `visible`, oldest first.
    fn candidates(&self, visible: Visible, timestamp: Option<Timestamp>) -> Result<Vec<Candidate>, ReadError> {
        let (sealed, active) = {
            let state = self.state.lock();
            let sealed: Vec<_> = state
                .sealed
                .values()
                .filter(|segment| segment.end > visible.start)
                .cloned()
                .collect();
            let floor = timestamp.map(|timestamp| (timestamp, state.active.time_floor(timestamp)));
            (sealed, (state.active.base, state.active.times, floor))
        };
        let mut candidates = Vec::with_capacity(sealed.len() + 1);
        for segment in sealed.into_iter().filter(|segment| segment.base < visible.limit) {
            let times = segment.times()?;
            let from = match timestamp {
                Some(timestamp) if times.largest_visible >= timestamp => {
                    segment.time_floor(&*self.shared.open_files.get(&segment)?, timestamp)
                }
                Some(_) | None => segment.base,
            };
            candidates.push(Candidate {
                segment: Segment::Sealed(segment),
                times,
                from,
            });
        }
        let (base, times, floor) = active;
        let from = floor.map_or(base, |(timestamp, floor)| {
            time_floor_offset(floor, &self.dir, base, timestamp)
        });
        if from < visible.limit {
            candidates.extend(
                self.still_there(from, visible)?
                    .map(|segment| Candidate { segment, times, from }),
            );
        }
        Ok(candidates)
    }

    /// The segment that `from` is in; `None` if it was deleted since it became a candidate: what is looked for is in a later one.
    fn still_there(&self, from: Offset, visible: Visible) -> Result<Option<Segment>, ReadError> {
        match self.segment_at(from, visible.limit) {
            Ok(segment) => Ok(Some(segment)),
            Err(ReadError::OutOfRange { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Looks at the visible batches of a segment in order, until `look` has found what it looks for.
    fn walk<T>(
        &self,
        candidate: &Candidate,
        visible: Visible,
        mut look: impl FnMut(&Batch<'_>) -> Option<T>,
    ) -> Result<Option<T>, ReadError> {
        let from = candidate.from.max(visible.start);
        let name = names::segment_file(candidate.segment.base(), names::LOG);
        // Looked for again: what the candidate knows of the active segment is of another offset.
        let Some(segment) = self.still_there(from, visible)? else {
            return Ok(None);
        };
        let Some(start) = self.find(&segment, from)? else {
            return Ok(None);
        };
        let mut reader = BatchReader::new(&start.file, start.from, start.to);
        loop {
            match reader.next().map_err(|error| ReadError::of_file(&name, error))? {
                Next::Batch { batch, .. } if batch.base_offset() >= visible.limit => return Ok(None),
                Next::Batch { batch, .. } => {
                    let hidden = corvid_record::hidden::is_hidden(&batch);
                    if !hidden && let Some(found) = look(&batch) {
                        return Ok(Some(found));
                    }
                }
                Next::End => return Ok(None),
                Next::Bad { position, why } => {
                    return Err(ReadError::Corrupt {
                        file: name,
                        why: format!("byte {position}: {why}"),
                    });
                }
            }
        }
    }
}

/// The first record of the batch that is seen and has a timestamp of at least `timestamp`.
fn first_record(batch: &Batch<'_>, visible: Visible, timestamp: Timestamp) -> Option<Found> {
    let epoch = batch.leader_epoch();
    let seen = |offset: Offset| offset >= visible.start && offset < visible.limit;
    if batch.attributes().timestamp_type == TimestampType::LogAppendTime {
        let offset = batch.base_offset().max(visible.start);
        return (seen(offset) && batch.max_timestamp() >= timestamp).then_some((offset, batch.max_timestamp(), epoch));
    }
    let Ok(section) = batch.records_section(SECTION_BYTES_MAX) else {
        // It was taken as it is; what is in it is between its producer and its consumers.
        return seen(batch.base_offset()).then_some((batch.base_offset(), batch.max_timestamp(), epoch));
    };
    Records::new(&section, batch.record_count())
        .map_while(Result::ok)
        .find_map(|record| {
            let offset = batch.base_offset() + i64::from(record.offset_delta);
            let at = batch.timestamp_of(record.timestamp_delta);
            (seen(offset) && at >= timestamp).then_some((offset, at, epoch))
        })
}

#[cfg(test)]
mod tests {
    use super::super::Reason;
    use super::*;
    use crate::testing::{log_of_small_segments, open_directory};

    /// The bug: a segment that retention takes away during a look-up is looked for in the active one, and the answer is an offset far
    /// behind the first that is young enough.
    #[tokio::test]
    async fn a_segment_that_is_deleted_meanwhile_has_nothing() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = open_directory(temporary.path()).await;
        let log = log_of_small_segments(&directory, 20);
        let visible = log.visible(log.end());
        let candidates = log.candidates(visible, Some(Timestamp(0))).unwrap();
        log.advance_start(Offset(10), Reason::Retention).unwrap();
        let first_of = |candidate| {
            let found = log.walk(candidate, visible, |batch| Some(batch.base_offset()));
            found.unwrap()
        };
        assert_eq!(first_of(&candidates[0]), None);
        let first = candidates.iter().find_map(first_of);
        assert_eq!(first, Some(log.start()));
        directory.shutdown().await.unwrap();
    }
}
