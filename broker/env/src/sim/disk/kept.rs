//! How much of a file's unsynced changes a power cut leaves.
//!
//! The kernel writes back pages when it likes, and a device keeps or loses whole sectors. So each sector is found as it was
//! at some moment since it was synced: never with a later change and without an earlier one, but any sector may be older
//! or newer than its neighbours. The length is found as it was at some moment, too.

use super::file_node::Change;
use crate::random::below;

/// What a disk writes whole or not at all, as counted from the start of the file.
pub(in crate::sim) const SECTOR_BYTES: u64 = 512;

/// For every sector, and for the length, how many of the changes were made when it was last written to the platter.
pub(super) struct Kept {
    sectors: Vec<usize>,
    len: usize,
}

impl Kept {
    /// Everything, nothing, a front part, or each sector for itself: all four happen, so each is a quarter of the cases.
    pub(super) fn draw(changes: usize, sectors: usize) -> Self {
        let moment = || below(changes as u64 + 1) as usize;
        match below(4) {
            0 => Self::all_at(0, sectors),
            1 => Self::all_at(changes, sectors),
            2 => Self::all_at(moment(), sectors),
            _ => Self {
                sectors: (0..sectors).map(|_| moment()).collect(),
                len: moment(),
            },
        }
    }

    fn all_at(moment: usize, sectors: usize) -> Self {
        Self {
            sectors: vec![moment; sectors],
            len: moment,
        }
    }

    /// Makes of `content`, which has none of the changes, what is left of it with them.
    pub(super) fn apply(&self, changes: &[Change], content: &mut Vec<u8>) {
        let mut len = content.len() as u64;
        content.resize(self.sectors.len() * SECTOR_BYTES as usize, 0);
        for (number, change) in changes.iter().enumerate() {
            match change {
                Change::Write { at, bytes } => self.write(number, *at as usize, bytes, content),
                Change::SetLen(end) => self.clear_behind(number, *end as usize, content),
            }
            if number < self.len {
                len = change.len_after(len);
            }
        }
        content.resize(len as usize, 0);
    }

    fn write(&self, number: usize, at: usize, bytes: &[u8], content: &mut [u8]) {
        for (offset, &byte) in bytes.iter().enumerate() {
            if self.has(number, at + offset) {
                content[at + offset] = byte;
            }
        }
    }

    fn clear_behind(&self, number: usize, end: usize, content: &mut [u8]) {
        for (at, byte) in content.iter_mut().enumerate().skip(end) {
            if self.has(number, at) {
                *byte = 0;
            }
        }
    }

    /// Whether the sector of the byte at `at` was written after this change.
    fn has(&self, number: usize, at: usize) -> bool {
        number < self.sectors[at / SECTOR_BYTES as usize]
    }
}

impl Change {
    fn len_after(&self, before: u64) -> u64 {
        match self {
            Self::SetLen(len) => *len,
            Self::Write { at, bytes } => before.max(at + bytes.len() as u64),
        }
    }
}

/// The greatest length that any of the changes needs.
pub(super) fn longest(changes: &[Change]) -> usize {
    changes.iter().map(|change| change.len_after(0)).max().unwrap_or(0) as usize
}
