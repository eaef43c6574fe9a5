//! A file's bytes, as read and as on the platter.

use std::collections::VecDeque;

/// A file. `durable` with every change in `unsynced` applied is `content`, unless a sync has failed.
#[derive(Default)]
pub(super) struct FileNode {
    pub(super) content: Vec<u8>,
    pub(super) durable: Vec<u8>,
    pub(super) unsynced: VecDeque<(u64, Change)>,
    pub(super) handles: u64,
}

/// What was done to a file and is not on the platter.
pub(super) enum Change {
    Write { at: u64, bytes: Vec<u8> },
    SetLen(u64),
}

impl FileNode {
    pub(super) fn len(&self) -> u64 {
        self.content.len() as u64
    }

    pub(super) fn write(&mut self, number: u64, at: u64, bytes: Vec<u8>) {
        self.change(number, Change::Write { at, bytes });
    }

    pub(super) fn set_len(&mut self, number: u64, len: u64) {
        self.change(number, Change::SetLen(len));
    }

    pub(super) fn read(&self, at: u64, buf: &mut [u8]) -> usize {
        let start = self.content.len().min(at as usize);
        let found = &self.content[start..];
        let read = found.len().min(buf.len());
        buf[..read].copy_from_slice(&found[..read]);
        read
    }

    /// Puts every change before number `covered` on the platter.
    pub(super) fn sync(&mut self, covered: u64) {
        while let Some((_, change)) = self.unsynced.pop_front_if(|(number, _)| *number < covered) {
            change.apply_to(&mut self.durable);
        }
    }

    pub(super) fn forget_unsynced(&mut self) {
        self.unsynced.clear();
    }

    fn change(&mut self, number: u64, change: Change) {
        change.apply_to(&mut self.content);
        self.unsynced.push_back((number, change));
    }
}

impl Change {
    pub(super) fn apply_to(&self, content: &mut Vec<u8>) {
        match self {
            Self::SetLen(len) => content.resize(*len as usize, 0),
            Self::Write { at, bytes } => {
                let (start, end) = (*at as usize, *at as usize + bytes.len());
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[start..end].copy_from_slice(bytes);
            }
        }
    }
}
