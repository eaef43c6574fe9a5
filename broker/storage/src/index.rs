//! The two indexes of a segment, in Kafka's formats: entries of a fixed size in ascending order.
//!
//! An index is advice. Whoever uses an entry checks that a batch begins where it points, so a
//! damaged index makes a look-up slower, never wrong.

mod growing;
mod offset_entry;
mod sealed;
mod time_entry;

pub(crate) use growing::{Floor, GrowingIndex, create_anew, floor_in_file, open_or_create};
pub(crate) use offset_entry::OffsetEntry;
pub(crate) use sealed::SealedIndex;
pub(crate) use time_entry::TimeEntry;

/// An entry of an index.
pub(crate) trait IndexEntry: Copy {
    /// Its size in the file.
    const BYTES: usize;
    /// What entries are ordered by.
    type Key: Ord + Copy;

    /// What the entry is found by.
    fn key(self) -> Self::Key;
    /// Appends the entry as the file has it.
    fn encode(self, out: &mut Vec<u8>);
    /// Reads [`IndexEntry::BYTES`] bytes.
    fn decode(bytes: &[u8]) -> Self;
}
