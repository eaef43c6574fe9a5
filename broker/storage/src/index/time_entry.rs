//! An entry of `.timeindex`.

use corvid_record::Timestamp;

use super::IndexEntry;

/// "The largest timestamp so far is this; the batch that has it ends there."
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeEntry {
    /// The largest timestamp of the segment up to the entry.
    pub timestamp: Timestamp,
    /// The last offset of the batch that has it, less the segment's base offset.
    pub last_offset: u32,
}

impl IndexEntry for TimeEntry {
    const BYTES: usize = 12;
    type Key = Timestamp;

    fn key(self) -> Timestamp {
        self.timestamp
    }

    fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.timestamp.0.to_be_bytes());
        out.extend_from_slice(&self.last_offset.to_be_bytes());
    }

    fn decode(bytes: &[u8]) -> Self {
        let (mut timestamp, mut offset) = ([0; 8], [0; 4]);
        timestamp.copy_from_slice(&bytes[..8]);
        offset.copy_from_slice(&bytes[8..12]);
        Self {
            timestamp: Timestamp(i64::from_be_bytes(timestamp)),
            last_offset: u32::from_be_bytes(offset),
        }
    }
}
