//! An entry of `.index`.

use super::IndexEntry;

/// "The batch whose last offset is this lies there." Both relative to the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OffsetEntry {
    /// The batch's last offset less the segment's base offset.
    pub last_offset: u32,
    /// Where the batch begins in the file.
    pub position: u32,
}

impl IndexEntry for OffsetEntry {
    const BYTES: usize = 8;
    type Key = u32;

    fn key(self) -> u32 {
        self.last_offset
    }

    fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.last_offset.to_be_bytes());
        out.extend_from_slice(&self.position.to_be_bytes());
    }

    fn decode(bytes: &[u8]) -> Self {
        let word = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        Self {
            last_offset: word(0),
            position: word(4),
        }
    }
}
