//! The segment that is appended to.

use std::collections::BTreeMap;
use std::io::{self, IoSlice};

use corvid_env::clock::WallTime;
use corvid_env::fs::{Dir, File};
use corvid_record::hidden::{LinkPosition, SourceId};
use corvid_record::{Offset, Timestamp};

use super::preallocation::Preallocation;
use super::recent::Recent;
use super::{RELATIVE_OFFSET_MAX, SEGMENT_BYTES_MAX, Summary, Times};
use crate::facts::BatchFacts;
use crate::hidden_list::{HiddenBatch, HiddenKind, HiddenList};
use crate::index::{Floor, GrowingIndex, OffsetEntry, TimeEntry, create_anew, floor_in_file, open_or_create};
use crate::names;

/// The segment that is appended to: its file, and in memory what its sidecars will have.
#[derive(Debug)]
pub(crate) struct ActiveSegment {
    pub base: Offset,
    /// Behind the last batch.
    pub next: Offset,
    pub file: File,
    /// Bytes of the batches: where the next one goes.
    pub size: u64,
    pub times: Times,
    pub hidden: HiddenList,
    pub recent: Recent,
    /// Just behind the last visible batch below `base`.
    pub visible_before: Offset,
    pub(super) room: Preallocation,
    /// What was cut off behind the end may come back at a power cut: nothing is written here any more.
    tainted: bool,
    index: GrowingIndex<OffsetEntry>,
    time_index: GrowingIndex<TimeEntry>,
    bytes_since_index: u32,
}

/// Where to look for a batch in the active segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// It begins here.
    Exactly(u64),
    /// It is here or behind.
    From(u64),
    /// The index file knows: the entry at or below this key, among its first entries.
    InIndex {
        /// How many entries of the file to look at.
        entries: u32,
        /// The relative offset.
        key: u32,
    },
}

impl Place {
    /// A position that is not behind the batch. May read the index file.
    pub fn resolve(self, dir: &Dir, base: Offset) -> u64 {
        match self {
            Self::Exactly(position) | Self::From(position) => position,
            Self::InIndex { entries, key } => {
                let name = names::segment_file(base, names::INDEX);
                let entry = floor_in_file::<OffsetEntry>(dir, &name, entries, key).unwrap_or_else(|error| {
                    tracing::warn!(index = name, %error, "an index can't be read; looking from the segment's start");
                    None
                });
                entry.map_or(0, |entry| entry.position.into())
            }
        }
    }
}

impl ActiveSegment {
    /// A new segment without a batch, in a file of its own.
    pub fn create(dir: &Dir, base: Offset, visible_before: Offset) -> io::Result<Self> {
        // Whatever had that name keeps its bytes: they can't come back in this file.
        let file = create_anew(dir, &names::segment_file(base, names::LOG))?;
        Ok(Self::empty(file, base, visible_before))
    }

    /// A segment over an existing file, of which nothing is known yet: its batches are to be noted one by one.
    pub fn empty(file: File, base: Offset, visible_before: Offset) -> Self {
        Self {
            base,
            next: base,
            file,
            size: 0,
            times: Times::none(base),
            hidden: HiddenList::default(),
            recent: Recent::default(),
            visible_before,
            room: Preallocation::new(),
            tainted: false,
            index: GrowingIndex::new(names::segment_file(base, names::INDEX)),
            time_index: GrowingIndex::new(names::segment_file(base, names::TIME_INDEX)),
            bytes_since_index: 0,
        }
    }

    /// Goes on where a clean shutdown left off.
    pub fn resume(dir: &Dir, file: File, summary: &Summary) -> io::Result<Self> {
        let name = |suffix| names::segment_file(summary.base, suffix);
        Ok(Self {
            next: summary.end,
            size: summary.log_bytes,
            times: summary.times,
            hidden: summary.hidden.clone(),
            room: Preallocation::resume(summary.log_bytes),
            index: GrowingIndex::resume(dir, name(names::INDEX), summary.index_entries)?,
            time_index: GrowingIndex::resume(dir, name(names::TIME_INDEX), summary.time_index_entries)?,
            bytes_since_index: summary.bytes_since_index,
            ..Self::empty(file, summary.base, summary.visible_before)
        })
    }

    /// Something was cut off its end. Without a sync of the cut, which nobody waits for, a power cut may bring the old bytes back
    /// between what is written in their place; so that goes elsewhere.
    pub fn taint(&mut self) {
        self.tainted = true;
    }

    /// Whether something was cut off its end.
    pub fn is_tainted(&self) -> bool {
        self.tainted
    }

    /// Whether it has no batch.
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// Whether its only batch is the links' positions.
    pub fn has_checkpoint_only(&self) -> bool {
        let first = self.hidden.batches().first();
        first.is_some_and(|batch| batch.kind == HiddenKind::Checkpoint && u64::from(batch.bytes) == self.size)
    }

    /// Whether a write of so many bytes and offsets may go here.
    pub fn has_room(&self, bytes: u64, offsets: i64, segment_bytes: u64) -> bool {
        let size = self.size + bytes;
        let fits = size <= segment_bytes || self.is_empty();
        !self.tainted && fits && size <= SEGMENT_BYTES_MAX && self.next.0 + offsets - self.base.0 <= RELATIVE_OFFSET_MAX
    }

    /// Remembers a batch that lies behind the last one.
    pub fn note(&mut self, dir: &Dir, batch: &BatchFacts, index_interval_bytes: u32, now: WallTime) {
        debug_assert!(batch.base_offset >= self.next, "offsets go forward");
        let (first, last) = (self.relative(batch.base_offset), self.relative(batch.last_offset()));
        let position = self.size as u32;
        self.times.note(batch, now);
        if self.bytes_since_index > index_interval_bytes {
            self.index.push(
                dir,
                OffsetEntry {
                    last_offset: last,
                    position,
                },
            );
            self.index_time(dir);
            self.bytes_since_index = 0;
        }
        self.bytes_since_index = self.bytes_since_index.saturating_add(batch.bytes);
        if let Some(kind) = batch.hidden {
            if batch.base_offset > self.next {
                self.hidden.push(HiddenBatch {
                    position,
                    bytes: 0,
                    first: self.relative(self.next),
                    last: first - 1,
                    kind: HiddenKind::Gap,
                });
            }
            self.hidden.push(HiddenBatch {
                position,
                bytes: batch.bytes,
                first,
                last,
                kind,
            });
        }
        self.recent.push(batch.base_offset, self.size);
        self.size += u64::from(batch.bytes);
        self.next = batch.next_offset();
    }

    /// Where the batch is to be looked for that `offset` is in, as far as memory knows.
    pub fn locate(&self, offset: Offset) -> Place {
        if offset >= self.next {
            return Place::Exactly(self.size);
        }
        if let Some(position) = self.recent.find(offset) {
            return Place::Exactly(position);
        }
        let key = self.relative(offset.max(self.base));
        match self.index.floor(key) {
            Floor::Entry(entry) => Place::From(entry.position.into()),
            Floor::None => Place::From(0),
            Floor::InFile(entries) => Place::InIndex { entries, key },
        }
    }

    /// The last entry of the time index below `timestamp`, as far as memory knows.
    pub fn time_floor(&self, timestamp: Timestamp) -> Floor<TimeEntry> {
        self.time_index.floor(below(timestamp))
    }

    /// Writes the sidecars, gives back what was preallocated, and says which files are to be synced beside the log's.
    ///
    /// It may be called again, and the segment may grow after it.
    pub fn write_sidecars(
        &mut self,
        dir: &Dir,
        links: Option<&BTreeMap<SourceId, LinkPosition>>,
    ) -> io::Result<Vec<File>> {
        self.index_time(dir);
        let index = self.index.finish(dir)?;
        let time_index = self.time_index.finish(dir)?;
        let hidden = replace(
            dir,
            &names::segment_file(self.base, names::HIDDEN),
            &self.summary(links).encode(),
        )?;
        if self.room.exceeds(self.size) {
            self.file.truncate(self.size)?;
            self.room.cut(self.size);
        }
        Ok(vec![index, time_index, hidden])
    }

    /// What a sidecar says of the segment.
    pub fn summary(&self, links: Option<&BTreeMap<SourceId, LinkPosition>>) -> Summary {
        Summary {
            base: self.base,
            end: self.next,
            log_bytes: self.size,
            visible_before: self.visible_before,
            times: self.times,
            index_entries: self.index.len(),
            time_index_entries: self.time_index.len(),
            bytes_since_index: self.bytes_since_index,
            links: links.cloned(),
            hidden: self.hidden.clone(),
        }
    }

    fn index_time(&mut self, dir: &Dir) {
        let largest = self.times.largest_visible;
        if self.time_index.last().map_or(Timestamp::NONE, |last| last.timestamp) < largest {
            let last_offset = self.relative(self.times.largest_visible_at);
            self.time_index.push(
                dir,
                TimeEntry {
                    timestamp: largest,
                    last_offset,
                },
            );
        }
    }

    fn relative(&self, offset: Offset) -> u32 {
        (offset.0 - self.base.0) as u32
    }
}

/// An offset of the active segment at `base` that is not behind the first batch with a timestamp at or above `timestamp`. May
/// read the index file.
pub(crate) fn time_floor_offset(floor: Floor<TimeEntry>, dir: &Dir, base: Offset, timestamp: Timestamp) -> Offset {
    let entry = match floor {
        Floor::Entry(entry) => Some(entry),
        Floor::None => None,
        Floor::InFile(entries) => {
            let name = names::segment_file(base, names::TIME_INDEX);
            floor_in_file(dir, &name, entries, below(timestamp)).ok().flatten()
        }
    };
    entry.map_or(base, |entry: TimeEntry| base + i64::from(entry.last_offset))
}

/// The largest timestamp that is less.
pub(super) fn below(timestamp: Timestamp) -> Timestamp {
    Timestamp(timestamp.0.saturating_sub(1))
}

/// Replaces a file's bytes in place. What a crash leaves has no matching checksum.
pub(crate) fn replace(dir: &Dir, name: &str, bytes: &[u8]) -> io::Result<File> {
    let file = open_or_create(dir, name)?;
    file.truncate(0)?;
    file.write_all_at(0, &mut [IoSlice::new(bytes)])?;
    Ok(file)
}
