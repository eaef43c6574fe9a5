//! Looking things up in an index that grows no more.

use std::io;
use std::marker::PhantomData;

use corvid_env::fs::{Dir, Mapping};

use super::IndexEntry;

/// An index file that nobody writes to any more, mapped.
#[derive(Debug)]
pub(crate) struct SealedIndex<E> {
    /// `None` for an empty file, which can't be mapped.
    bytes: Option<Mapping>,
    entry: PhantomData<E>,
}

impl<E: IndexEntry> SealedIndex<E> {
    /// Maps the file.
    pub fn open(dir: &Dir, name: &str) -> io::Result<Self> {
        let file = dir.open_file(name)?;
        let bytes = if file.is_empty()? { None } else { Some(file.map()?) };
        Ok(Self {
            bytes,
            entry: PhantomData,
        })
    }

    /// The last entry whose key is at or below `key`.
    pub fn floor(&self, key: E::Key) -> Option<E> {
        floor(self.bytes.as_deref()?, key)
    }
}

/// The last entry in `bytes` whose key is at or below `key`.
pub(crate) fn floor<E: IndexEntry>(bytes: &[u8], key: E::Key) -> Option<E> {
    let at = |index: usize| E::decode(&bytes[index * E::BYTES..(index + 1) * E::BYTES]);
    let (mut below, mut above) = (0, bytes.len() / E::BYTES);
    // Invariant: entries before `below` are at or below the key; those from `above` on are not.
    while below < above {
        let middle = below.midpoint(above);
        if at(middle).key() <= key {
            below = middle + 1;
        } else {
            above = middle;
        }
    }
    below.checked_sub(1).map(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::OffsetEntry;

    fn index(offsets: &[u32]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for &last_offset in offsets {
            OffsetEntry {
                last_offset,
                position: last_offset * 10,
            }
            .encode(&mut bytes);
        }
        bytes
    }

    #[test]
    fn finds_the_last_entry_at_or_below() {
        let bytes = index(&[4, 9, 9, 20]);
        let found = |key| floor::<OffsetEntry>(&bytes, key).map(|entry| entry.last_offset);
        assert_eq!(
            [found(3), found(4), found(8), found(9), found(19), found(u32::MAX)],
            [None, Some(4), Some(4), Some(9), Some(9), Some(20)]
        );
        assert_eq!(floor::<OffsetEntry>(&[], 5), None);
    }

    #[test]
    fn a_torn_last_entry_is_not_read() {
        let mut bytes = index(&[4, 9]);
        bytes.pop();
        assert_eq!(
            floor::<OffsetEntry>(&bytes, 100).map(|entry| entry.last_offset),
            Some(4)
        );
    }
}
