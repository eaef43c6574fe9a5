//! What bounds an answer, and the list form that validators and transforms share.

use crate::refusal::{REASON_MAX, Refusal};

/// How long the answer to an input of `input_len` bytes may be; the host takes a longer one for a
/// fault (`too_large`).
pub(crate) fn answer_max(input_len: usize) -> usize {
    2 * input_len + 64 * 1024
}

/// What a refusal takes at most beside its reason: index, kind, code and the reason's length.
const REFUSAL_FRAME_MAX: usize = 9;

/// An answer that lists some of a call's records, in ascending order. It is empty, and not a
/// list of none, until something is in it.
pub(crate) struct List<'a> {
    bytes: &'a mut Vec<u8>,
    count: u32,
    max: usize,
}

impl<'a> List<'a> {
    pub(crate) fn new(bytes: &'a mut Vec<u8>, input_len: usize) -> Self {
        List {
            bytes,
            count: 0,
            max: answer_max(input_len),
        }
    }

    /// Begins the entry of the record at this index.
    pub(crate) fn entry(&mut self, index: usize) -> &mut Vec<u8> {
        self.count += 1;
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(&[0; 4]);
        }
        self.bytes[..4].copy_from_slice(&self.count.to_le_bytes());
        self.bytes.extend_from_slice(&(index as u32).to_le_bytes());
        self.bytes
    }

    /// Writes a refusal into the entry that was begun, with `left` records still to come. If every record
    /// of a large call is refused with a long reason, the last reasons are cut: a refusal that
    /// says little is better than a fault.
    pub(crate) fn refuse(&mut self, refusal: &Refusal, left: usize) {
        let reserved = (left + 1) * REFUSAL_FRAME_MAX;
        let room = self.max.saturating_sub(self.bytes.len() + reserved);
        refusal.write(room.min(REASON_MAX), self.bytes);
    }
}
