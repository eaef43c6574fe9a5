//! Reading: where batches lie, as ranges of files.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use corvid_env::fs::{File, FileRange};
use corvid_record::{Offset, size_at_front};

use super::Log;
use super::state::State;
use crate::error::ReadError;
use crate::hidden_list::{HiddenBatch, HiddenList};
use crate::names;
use crate::read::{Entries, EntryAt, Slices, Which};
use crate::segment::{Place, SealedSegment, find_batch};

/// The segment that an offset is in.
pub(super) enum Segment {
    Active(ActiveView),
    Sealed(Arc<SealedSegment>),
}

/// What is known of the active segment without its lock.
pub(super) struct ActiveView {
    pub base: Offset,
    pub size: u64,
    pub file: File,
    from: Place,
    to: Place,
}

/// A stretch of a segment's file.
pub(super) struct Stretch {
    pub file: File,
    pub from: u64,
    pub to: u64,
}

impl Log {
    /// Reads from `from` up to `limit` (exclusive), at most `max_bytes` unless `at_least_one` and the first batch is larger.
    ///
    /// `from` may be in the middle of a batch: the batch is given whole. Nothing to give is an empty answer; so is a first batch that
    /// doesn't fit. Later ones may be cut: there are clients that take a part of a first batch for the end of what they can read.
    pub fn read(
        &self,
        from: Offset,
        limit: Offset,
        max_bytes: u32,
        at_least_one: bool,
        which: Which,
    ) -> Result<Slices, ReadError> {
        let (limit, mut next) = self.check_range(from, limit, which)?;
        let mut slices = Slices::default();
        let mut left = u64::from(max_bytes);
        while next < limit && (left > 0 || (at_least_one && slices.bytes == 0)) {
            let segment = self.segment_at(next, limit)?;
            let stretch = self.stretch(&segment, next, limit)?;
            let before = slices.bytes;
            self.take(&segment, &stretch, which, left, &mut slices)?;
            if before == 0 {
                whole_first_batch(&segment, &stretch, &mut slices)?;
                if !at_least_one && slices.bytes > left {
                    return Ok(Slices::default());
                }
            }
            left = left.saturating_sub(slices.bytes - before);
            next = segment.end_or(limit);
        }
        Ok(slices)
    }

    /// As [`Log::read`], copied, whole batches only.
    pub fn read_bytes(
        &self,
        from: Offset,
        limit: Offset,
        max_bytes: u32,
        at_least_one: bool,
        which: Which,
    ) -> Result<Bytes, ReadError> {
        let slices = self.read(from, limit, max_bytes, at_least_one, which)?;
        let mut bytes = BytesMut::zeroed(slices.bytes as usize);
        let mut at = 0;
        for range in &slices.ranges {
            let to = at + range.len as usize;
            range
                .file
                .read_exact_at(range.offset, &mut bytes[at..to])
                .map_err(|error| ReadError::of_file(&self.name, error))?;
            at = to;
        }
        bytes.truncate(whole_batches(&bytes));
        Ok(bytes.freeze())
    }

    /// The outbox entries at or above `from` and below `limit`.
    pub fn entries(&self, from: Offset, limit: Offset) -> Result<Entries, ReadError> {
        self.some_entries(from, limit, |hidden, base| {
            first_few(hidden.entries(base, from, limit), base)
        })
    }

    /// Those of them that may begin or end holds; one that `from` is in the middle of is among them.
    pub fn holding_entries(&self, from: Offset, limit: Offset) -> Result<Entries, ReadError> {
        self.some_entries(from, limit, |hidden, base| {
            first_few(hidden.holding(base, from, limit), base)
        })
    }

    fn some_entries(
        &self,
        from: Offset,
        limit: Offset,
        find: impl Fn(&HiddenList, Offset) -> Vec<(EntryAt, Offset)>,
    ) -> Result<Entries, ReadError> {
        let (limit, mut next) = self.check_range(from, limit, Which::All)?;
        let mut entries = Vec::new();
        while next < limit {
            let segment = self.segment_at(next, limit)?;
            let base = segment.base();
            self.with_hidden(&segment, |hidden| entries.extend(find(hidden, base)))?;
            if entries.len() > Entries::MAX {
                entries.truncate(Entries::MAX);
                let looked_to = entries.last().map_or(limit, |&(_, end)| end);
                return Ok(Entries {
                    entries: entries.into_iter().map(|(entry, _)| entry).collect(),
                    looked_to,
                });
            }
            next = segment.end_or(limit);
        }
        Ok(Entries {
            entries: entries.into_iter().map(|(entry, _)| entry).collect(),
            looked_to: limit,
        })
    }

    /// The limit to go by, and where to begin; equal if there is nothing to read.
    fn check_range(&self, from: Offset, limit: Offset, which: Which) -> Result<(Offset, Offset), ReadError> {
        let (first, start, end) = {
            let state = self.state.lock();
            let start = state.start();
            let first = if which == Which::Visible {
                state.visible_start
            } else {
                start
            };
            (first, start, state.active.next)
        };
        if from < first || from > end {
            return Err(ReadError::OutOfRange { start: first, end });
        }
        let limit = limit.min(end);
        // A client behind the visible end waits there; looking through the hidden batches each time would be dear.
        let nothing = from >= limit || (which == Which::Visible && from >= self.visible_end(limit));
        Ok(if nothing {
            (limit, limit)
        } else {
            (limit, from.max(start))
        })
    }

    /// The segment that `from` is in. What lies in a gap is in the segment before it.
    ///
    /// Whoever checked the range did so under another lock: the segment may have been deleted since, and then `from` is out of range.
    pub(super) fn segment_at(&self, from: Offset, limit: Offset) -> Result<Segment, ReadError> {
        let state = self.state.lock();
        if from >= state.active.base {
            return Ok(Segment::Active(ActiveView::of(&state, from, limit)));
        }
        let sealed = state.sealed.range(..=from).next_back();
        sealed
            .map(|(_, segment)| Segment::Sealed(segment.clone()))
            .ok_or_else(|| ReadError::OutOfRange {
                start: state.start(),
                end: state.active.next,
            })
    }

    /// The part of the segment's file from the batch that `from` is in to its end; `None` if nothing is there.
    pub(super) fn find(&self, segment: &Segment, from: Offset) -> Result<Option<Stretch>, ReadError> {
        let stretch = match segment {
            Segment::Active(view) => Stretch {
                file: view.file.clone(),
                from: self.position(view, view.from, from)?,
                to: view.size,
            },
            Segment::Sealed(sealed) => self.stretch(segment, from, sealed.end)?,
        };
        Ok(Some(stretch).filter(|stretch| stretch.from < stretch.to))
    }

    /// The part of the segment's file that has `from..limit`.
    fn stretch(&self, segment: &Segment, from: Offset, limit: Offset) -> Result<Stretch, ReadError> {
        match segment {
            Segment::Active(view) => {
                let to = self.position(view, view.to, limit)?;
                Ok(Stretch {
                    file: view.file.clone(),
                    from: self.position(view, view.from, from)?.min(to),
                    to,
                })
            }
            Segment::Sealed(sealed) => {
                let files = self.shared.open_files.get(sealed)?;
                let position = |offset| {
                    sealed
                        .find(&files, offset)
                        .map(|found| found.map_or(sealed.bytes, |found| found.position))
                };
                let to = if limit >= sealed.end {
                    sealed.bytes
                } else {
                    position(limit)?
                };
                Ok(Stretch {
                    file: files.file.clone(),
                    from: position(from)?.min(to),
                    to,
                })
            }
        }
    }

    fn position(&self, view: &ActiveView, place: Place, offset: Offset) -> Result<u64, ReadError> {
        if let Place::Exactly(position) = place {
            return Ok(position);
        }
        let from = place.resolve(&self.dir, view.base);
        let found = find_batch(&view.file, from, view.size, offset);
        match found {
            Ok(Some(found)) => Ok(found.position),
            Ok(None) => Ok(view.size),
            Err(error) => Err(ReadError::of_file(&names::segment_file(view.base, names::LOG), error)),
        }
    }

    /// Adds the stretch to the slices, without what is not to be read, and not more than `left` bytes.
    fn take(
        &self,
        segment: &Segment,
        stretch: &Stretch,
        which: Which,
        mut left: u64,
        slices: &mut Slices,
    ) -> Result<(), ReadError> {
        let mut take = |offset: u64, bytes: u64| {
            let len = bytes.min(left.max(1));
            slices.ranges.push(FileRange {
                file: stretch.file.clone(),
                offset,
                len,
            });
            slices.bytes += len;
            left = left.saturating_sub(len);
            left > 0
        };
        if which == Which::All {
            if stretch.from < stretch.to {
                take(stretch.from, stretch.to - stretch.from);
            }
            return Ok(());
        }
        self.with_hidden(segment, |hidden| {
            hidden.visible_stretches(stretch.from, stretch.to, take);
        })
    }

    /// Looks at the hidden batches of a segment, which may have been sealed since it was found.
    fn with_hidden(&self, segment: &Segment, look: impl FnOnce(&HiddenList)) -> Result<(), ReadError> {
        let sealed = match segment {
            Segment::Sealed(sealed) => sealed.clone(),
            Segment::Active(view) => {
                let state = self.state.lock();
                if state.active.base == view.base {
                    look(&state.active.hidden);
                    return Ok(());
                }
                match state.sealed.get(&view.base) {
                    Some(sealed) => sealed.clone(),
                    // It was deleted or cut meanwhile: there is nothing to see.
                    None => return Ok(()),
                }
            }
        };
        look(&self.shared.open_files.get(&sealed)?.summary.hidden);
        Ok(())
    }
}

impl Segment {
    pub fn base(&self) -> Offset {
        match self {
            Self::Active(view) => view.base,
            Self::Sealed(sealed) => sealed.base,
        }
    }

    /// Where the next segment begins; `limit` if there is none.
    pub fn end_or(&self, limit: Offset) -> Offset {
        match self {
            Self::Active(_) => limit,
            Self::Sealed(sealed) => sealed.end,
        }
    }
}

impl ActiveView {
    fn of(state: &State, from: Offset, limit: Offset) -> Self {
        let active = &state.active;
        Self {
            base: active.base,
            size: active.size,
            file: active.file.clone(),
            from: active.locate(from),
            to: active.locate(limit),
        }
    }
}

/// Makes the first range long enough for the first batch, however large; it is the only one then.
fn whole_first_batch(segment: &Segment, stretch: &Stretch, slices: &mut Slices) -> Result<(), ReadError> {
    let Some(first) = slices.ranges.first_mut() else {
        return Ok(());
    };
    if first.offset + first.len == stretch.to {
        return Ok(());
    }
    let found = find_batch(&first.file, first.offset, stretch.to, Offset(-1));
    let name = || names::segment_file(segment.base(), names::LOG);
    let batch = found.map_err(|error| ReadError::of_file(&name(), error))?;
    if let Some(batch) = batch.filter(|batch| batch.bytes > first.len) {
        first.len = batch.bytes;
        slices.ranges.truncate(1);
        slices.bytes = batch.bytes;
    }
    Ok(())
}

/// A page of entries, and one more that tells that there are more; each with the offset behind it.
fn first_few<'a>(found: impl Iterator<Item = &'a HiddenBatch>, base: Offset) -> Vec<(EntryAt, Offset)> {
    let entry = |batch: &HiddenBatch| {
        let at = EntryAt {
            offset: base + i64::from(batch.first),
            bytes: batch.bytes,
        };
        (at, base + i64::from(batch.last) + 1)
    };
    found.take(Entries::MAX + 1).map(entry).collect()
}

/// How many of the bytes are whole batches.
fn whole_batches(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Ok(size) = size_at_front(&bytes[at..])
        && size <= bytes.len() - at
    {
        at += size;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::super::Reason;
    use super::*;
    use crate::testing::{log_of_small_segments, open_directory};

    /// The bug: retention takes a segment away between the check of the range and the look for the segment, and the reader is sent to
    /// the active one: it skips all that lies between.
    #[tokio::test]
    async fn a_segment_that_is_gone_is_out_of_range() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = open_directory(temporary.path()).await;
        let log = log_of_small_segments(&directory, 20);
        let (limit, next) = log.check_range(Offset(0), log.end(), Which::All).unwrap();
        log.advance_start(Offset(10), Reason::Retention).unwrap();
        let start = log.start();
        assert!(start > Offset(0) && start <= Offset(10));
        let gone = log.segment_at(next, limit);
        assert!(matches!(gone, Err(ReadError::OutOfRange { start: told, .. }) if told == start));
        let there = log.segment_at(start, limit).map(|segment| segment.base());
        assert!(matches!(there, Ok(base) if base == start));
        directory.shutdown().await.unwrap();
    }
}
