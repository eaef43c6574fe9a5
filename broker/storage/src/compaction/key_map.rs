//! The last offset of each key in the dirty part of a log.

use std::collections::BTreeMap;

use corvid_record::{Batch, Offset};

use super::opened::Opened;

/// Keys and their last offsets, within a bound of memory. The keys themselves, not their hashes: no collision can lose a record.
#[derive(Debug)]
pub(crate) struct KeyMap {
    offsets: BTreeMap<Box<[u8]>, Offset>,
    bytes: usize,
    bytes_max: usize,
    /// Everything below was mapped.
    mapped_to: Offset,
}

/// What an entry takes beside its key.
const ENTRY_BYTES: usize = 48;

impl KeyMap {
    /// Maps what begins at `from`, with about so much memory.
    pub fn new(from: Offset, bytes_max: usize) -> Self {
        Self {
            offsets: BTreeMap::new(),
            bytes: 0,
            bytes_max,
            mapped_to: from,
        }
    }

    /// Maps a batch; `false` if there is no room for more. What is behind [`KeyMap::mapped_to`] is left to the next pass.
    pub fn add(&mut self, batch: &Batch<'_>) -> bool {
        if self.bytes >= self.bytes_max {
            return false;
        }
        if !batch.attributes().control {
            match Opened::of(batch) {
                Some(opened) => self.map(batch, &opened),
                None => {
                    tracing::warn!(offset = %batch.base_offset(), "a batch that can't be read is left as it is by compaction");
                }
            }
        }
        self.mapped_to = batch.next_offset();
        true
    }

    fn map(&mut self, batch: &Batch<'_>, opened: &Opened<'_>) {
        for record in opened.records() {
            if let Some(key) = record.key {
                self.insert(key, batch.base_offset() + i64::from(record.offset_delta));
            }
        }
    }

    /// Everything below was mapped.
    pub fn mapped_to(&self) -> Offset {
        self.mapped_to
    }

    /// The segments up to `to` were mapped to their ends.
    pub fn mapped_whole(&mut self, to: Offset) {
        self.mapped_to = self.mapped_to.max(to);
    }

    /// Whether a later record has replaced the one at `offset`.
    pub fn is_replaced(&self, key: &[u8], offset: Offset) -> bool {
        self.offsets.get(key).is_some_and(|&last| last > offset)
    }

    fn insert(&mut self, key: &[u8], offset: Offset) {
        if let Some(last) = self.offsets.get_mut(key) {
            *last = offset;
        } else {
            self.bytes += key.len() + ENTRY_BYTES;
            self.offsets.insert(key.into(), offset);
        }
    }
}
