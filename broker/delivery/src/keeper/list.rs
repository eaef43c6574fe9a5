//! What is held, for people.

use bytes::Bytes;
use corvid_record::{Offset, Records, Timestamp};

use super::change::EntryReader;
use super::{HeldError, Keeper};

/// How far a held batch is decompressed to show a key.
const SHOWN_BYTES_MAX: usize = 64 << 20;

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRecord {
    /// The offset that names it.
    pub name: Offset,
    /// When it is due, ms since the epoch.
    pub due: Timestamp,
    /// The offset that it was first held under.
    pub first: Offset,
    /// How many attempts it has behind it.
    pub attempts: u32,
    /// How many records it has.
    pub records: u32,
    /// How many bytes they have, as they are stored.
    pub bytes: usize,
    /// The first record's key.
    pub key: Option<Bytes>,
}

impl Keeper {
    /// The pending holds from this name on.
    pub(super) fn list(&self, from: Offset, limit: usize) -> Result<Vec<HeldRecord>, HeldError> {
        let mut reader = EntryReader::default();
        let names: Vec<_> = self.holds.names(from).take(limit).collect();
        let mut listed = Vec::with_capacity(names.len());
        for name in names {
            let entry = reader.entry_of(self, name)?;
            let Some((_, held)) = entry.held().find(|(held, _)| *held == name) else {
                continue;
            };
            let Some(hold) = held.hold() else { continue };
            let batch = held.batch();
            let section = batch.records_section(SHOWN_BYTES_MAX).ok();
            let key = section
                .as_ref()
                .and_then(|section| Records::new(section, 1).next()?.ok()?.key);
            listed.push(HeldRecord {
                name,
                due: hold.due,
                first: hold.first_offset.unwrap_or(name),
                attempts: hold.attempts,
                records: batch.record_count(),
                bytes: batch.size(),
                key: key.map(Bytes::copy_from_slice),
            });
        }
        Ok(listed)
    }
}
