//! What a read answers.

use corvid_env::fs::FileRange;
use corvid_record::Offset;

/// Which batches a read gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that clients may see.
    Visible,
    /// Hidden ones, too: for links, followers, coordinators.
    All,
}

/// Whole batches as they lie on the disk, in offset order. The last one may be cut where `max_bytes` ended.
#[derive(Debug, Clone, Default)]
pub struct Slices {
    /// Where they lie. Short neighbours may be worth copying together.
    pub ranges: Vec<FileRange>,
    /// How many bytes they have together.
    pub bytes: u64,
}

/// Where an outbox entry lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryAt {
    /// The entry's offset.
    pub offset: Offset,
    /// The size of the entry's batch in bytes. Its mate, if it has one, is the batch right behind it.
    pub bytes: u32,
}

/// The outbox entries of a part of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entries {
    /// In offset order; at most [`Entries::MAX`].
    pub entries: Vec<EntryAt>,
    /// There is no other entry below this offset: the limit asked for, or behind the last entry given.
    pub looked_to: Offset,
}

impl Entries {
    /// The most entries that are given at once.
    pub const MAX: usize = 1024;
}

impl IntoIterator for Entries {
    type Item = EntryAt;
    type IntoIter = std::vec::IntoIter<EntryAt>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}
