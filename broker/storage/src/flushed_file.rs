//! `flushed-offset-checkpoint`: how far each log of a directory is flushed, and where it begins.
//!
//! Every log has a slot of 512 bytes, in two copies that are written in turn, so a torn write leaves the other copy. A round writes the
//! slots of the logs that it flushed, in place: no new blocks, no renames, the same price with 10 logs and with 10,000.
//!
//! The file begins with a page of its own: magic, version, zeros. Then pages of 4,096 bytes in pairs: eight slots' first copies, the
//! same slots' second copies, and so on. A slot: `u32` magic, `u16` version, `u16` length of the name (0: free), `u64` sequence number, `i64`
//! flushed, `i64` start, the name, zeros, and at its end `u32` the CRC-32C of all before.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IoSlice};

use corvid_env::fs::{Dir, File};
use corvid_record::{Offset, crc32c};

use crate::bytes_reader::{BytesReader, OutOfBytes};
use crate::error::OpenError;
use crate::names;

const PAGE_BYTES: u64 = 4096;
const SLOT_BYTES: usize = 512;
const SLOTS_PER_PAGE: u64 = PAGE_BYTES / SLOT_BYTES as u64;
const CRC_BYTES: usize = 4;
/// So many logs may be in one directory.
const SLOTS_MAX: u64 = 1 << 20;

/// What the slot of a log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SlotValue {
    /// A completed sync covers everything below.
    pub flushed: Offset,
    /// The log begins here; segments wholly below are being deleted.
    pub start: Offset,
}

/// Which slot a log has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SlotId(u32);

#[derive(Debug, Clone)]
struct Slot {
    name: String,
    sequence: u64,
    value: SlotValue,
}

/// The file, and what it says.
#[derive(Debug)]
pub(crate) struct FlushedFile {
    file: File,
    slots: Vec<Option<Slot>>,
    by_name: BTreeMap<String, SlotId>,
    free: BTreeSet<SlotId>,
    unsynced: bool,
}

impl FlushedFile {
    /// Opens the file, or creates it.
    pub async fn open(dir: &Dir) -> Result<Self, OpenError> {
        let path = dir.path().join(names::FLUSHED_CHECKPOINT);
        let io_error = |error| OpenError::Io {
            path: path.clone(),
            error,
        };
        if !dir.exists(names::FLUSHED_CHECKPOINT) {
            dir.write_atomic(names::FLUSHED_CHECKPOINT, &first_page())
                .await
                .map_err(io_error)?;
        }
        let bytes = dir
            .read(
                names::FLUSHED_CHECKPOINT,
                PAGE_BYTES + SLOTS_MAX * 2 * SLOT_BYTES as u64,
            )
            .map_err(io_error)?;
        let version = read_first_page(&bytes).map_err(|OutOfBytes| io_error(io::ErrorKind::InvalidData.into()))?;
        if version != names::FLUSHED_VERSION {
            return Err(OpenError::Version {
                file: path,
                found: version.into(),
                supported: names::FLUSHED_VERSION.into(),
            });
        }
        let file = dir.open_file(names::FLUSHED_CHECKPOINT).map_err(io_error)?;
        Ok(Self::with_slots(file, &bytes))
    }

    fn with_slots(file: File, bytes: &[u8]) -> Self {
        let count = (bytes.len() as u64).saturating_sub(PAGE_BYTES).div_ceil(2 * PAGE_BYTES) * SLOTS_PER_PAGE;
        let mut new = Self {
            file,
            slots: Vec::new(),
            by_name: BTreeMap::new(),
            free: BTreeSet::new(),
            unsynced: false,
        };
        for number in 0..count as u32 {
            let id = SlotId(number);
            let copies = [0, 1].map(|copy| {
                let at = position(id, copy) as usize;
                bytes.get(at..at + SLOT_BYTES).and_then(|bytes| decode(bytes).ok())
            });
            let newest = copies.into_iter().flatten().max_by_key(|slot| slot.sequence);
            match &newest {
                Some(slot) if !slot.name.is_empty() => drop(new.by_name.insert(slot.name.clone(), id)),
                Some(_) | None => drop(new.free.insert(id)),
            }
            new.slots.push(newest);
        }
        new
    }

    /// The names of all logs that have a slot.
    pub fn names(&self) -> Vec<String> {
        self.by_name.keys().cloned().collect()
    }

    /// The slot of a log, and what it says; a new one for a log that has none.
    pub fn claim(&mut self, name: &str) -> io::Result<(SlotId, SlotValue)> {
        let id = match self.by_name.get(name) {
            Some(&id) => id,
            None => self.claim_free(name)?,
        };
        // The other copy gets its blocks now, where a full disk is only an open that is refused, and not in a round.
        if self.slots[id.0 as usize].as_ref().is_none_or(|slot| slot.sequence < 2) {
            self.put(id, name, self.value(id))?;
        }
        Ok((id, self.value(id)))
    }

    fn claim_free(&mut self, name: &str) -> io::Result<SlotId> {
        let id = if let Some(id) = self.free.pop_first() {
            id
        } else {
            self.slots.push(None);
            SlotId(self.slots.len() as u32 - 1)
        };
        if let Err(error) = self.put(id, name, SlotValue::default()) {
            self.free.insert(id);
            return Err(error);
        }
        self.by_name.insert(name.to_owned(), id);
        Ok(id)
    }

    fn value(&self, id: SlotId) -> SlotValue {
        let slot = self.slots[id.0 as usize].as_ref();
        slot.map_or_else(SlotValue::default, |slot| slot.value)
    }

    /// Writes a log's slot, unless it has another by now.
    pub fn write(&mut self, id: SlotId, name: &str, value: SlotValue) -> io::Result<()> {
        match &self.slots[id.0 as usize] {
            Some(slot) if slot.name == name && slot.value != value => self.put(id, name, value),
            Some(_) | None => Ok(()),
        }
    }

    /// Gives the slot of a log back.
    pub fn release(&mut self, name: &str) -> io::Result<()> {
        let Some(id) = self.by_name.remove(name) else {
            return Ok(());
        };
        self.free.insert(id);
        self.put(id, "", SlotValue::default())
    }

    /// The file, if something was written to it that was not synced. The caller syncs it.
    pub fn take_unsynced(&mut self) -> Option<File> {
        std::mem::take(&mut self.unsynced).then(|| self.file.clone())
    }

    /// Whether something was written that was not synced.
    pub fn is_unsynced(&self) -> bool {
        self.unsynced
    }

    fn put(&mut self, id: SlotId, name: &str, value: SlotValue) -> io::Result<()> {
        let sequence = self.slots[id.0 as usize].as_ref().map_or(0, |slot| slot.sequence) + 1;
        let bytes = encode(name, sequence, value);
        self.file
            .write_all_at(position(id, sequence % 2), &mut [IoSlice::new(&bytes)])?;
        self.slots[id.0 as usize] = Some(Slot {
            name: name.to_owned(),
            sequence,
            value,
        });
        self.unsynced = true;
        Ok(())
    }
}

/// Where a copy of a slot lies.
fn position(id: SlotId, copy: u64) -> u64 {
    let (page, in_page) = (u64::from(id.0) / SLOTS_PER_PAGE, u64::from(id.0) % SLOTS_PER_PAGE);
    PAGE_BYTES + (2 * page + copy) * PAGE_BYTES + in_page * SLOT_BYTES as u64
}

fn first_page() -> Vec<u8> {
    let mut page = names::FLUSHED_MAGIC.to_be_bytes().to_vec();
    page.extend_from_slice(&names::FLUSHED_VERSION.to_be_bytes());
    page.resize(PAGE_BYTES as usize, 0);
    page
}

fn read_first_page(bytes: &[u8]) -> Result<u16, OutOfBytes> {
    let mut reader = BytesReader::new(bytes);
    if reader.u32()? == names::FLUSHED_MAGIC {
        reader.u16()
    } else {
        Err(OutOfBytes)
    }
}

fn encode(name: &str, sequence: u64, value: SlotValue) -> [u8; SLOT_BYTES] {
    let mut bytes = Vec::with_capacity(SLOT_BYTES);
    bytes.extend_from_slice(&names::FLUSHED_MAGIC.to_be_bytes());
    bytes.extend_from_slice(&names::FLUSHED_VERSION.to_be_bytes());
    bytes.extend_from_slice(&(name.len() as u16).to_be_bytes());
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(&value.flushed.0.to_be_bytes());
    bytes.extend_from_slice(&value.start.0.to_be_bytes());
    bytes.extend_from_slice(name.as_bytes());
    bytes.resize(SLOT_BYTES - CRC_BYTES, 0);
    let crc = crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_be_bytes());
    bytes.try_into().expect("the name of a log fits")
}

fn decode(bytes: &[u8]) -> Result<Slot, OutOfBytes> {
    let (body, crc) = bytes.split_at(SLOT_BYTES - CRC_BYTES);
    let mut reader = BytesReader::new(body);
    let (magic, version) = (reader.u32()?, reader.u16()?);
    let sound = magic == names::FLUSHED_MAGIC && version == names::FLUSHED_VERSION && crc == crc32c(body).to_be_bytes();
    if !sound {
        return Err(OutOfBytes);
    }
    let name_bytes = reader.u16()?;
    let sequence = reader.u64()?;
    let value = SlotValue {
        flushed: Offset(reader.i64()?),
        start: Offset(reader.i64()?),
    };
    let name = String::from_utf8_lossy(reader.take(name_bytes.into())?).into_owned();
    Ok(Slot { name, sequence, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(flushed: i64) -> SlotValue {
        SlotValue {
            flushed: Offset(flushed),
            start: Offset(flushed / 2),
        }
    }

    #[tokio::test]
    async fn slots_come_back_and_are_used_again() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open(temporary.path()).unwrap();
        let mut file = FlushedFile::open(&dir).await.unwrap();
        for number in 0..20 {
            let (id, _) = file.claim(&format!("t-{number}")).unwrap();
            file.write(id, &format!("t-{number}"), value(number)).unwrap();
            file.write(id, &format!("t-{number}"), value(number * 10)).unwrap();
        }
        file.release("t-3").unwrap();
        let mut again = FlushedFile::open(&dir).await.unwrap();
        assert_eq!(again.names().len(), 19);
        assert_eq!(again.claim("t-19").unwrap().1, value(190));
        let (reused, fresh) = again.claim("new-0").unwrap();
        assert_eq!((reused, fresh), (SlotId(3), SlotValue::default()));
    }

    /// The bug: the first round after a log was opened writes into a hole of the file, the disk is full, and the directory counts as failed.
    #[tokio::test]
    async fn a_claimed_slot_has_the_blocks_of_both_copies() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open(temporary.path()).unwrap();
        let mut file = FlushedFile::open(&dir).await.unwrap();
        let (id, _) = file.claim("t-0").unwrap();
        let bytes = dir.read(names::FLUSHED_CHECKPOINT, 1 << 20).unwrap();
        for copy in [0, 1] {
            let at = position(id, copy) as usize;
            let slot = decode(&bytes[at..at + SLOT_BYTES]).ok();
            assert_eq!(slot.map(|slot| slot.name).as_deref(), Some("t-0"), "copy {copy}");
        }
    }

    /// The bug: a slot that was torn while it was written is taken for a log that never was flushed.
    #[tokio::test]
    async fn a_torn_slot_leaves_the_one_before() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open(temporary.path()).unwrap();
        let mut file = FlushedFile::open(&dir).await.unwrap();
        let (id, _) = file.claim("t-0").unwrap();
        for number in 1..=4 {
            file.write(id, "t-0", value(number)).unwrap();
        }
        let newest = file.slots[0].as_ref().unwrap().sequence % 2;
        file.file
            .write_all_at(position(id, newest) + 20, &mut [IoSlice::new(&[0xff; 9])])
            .unwrap();
        let mut again = FlushedFile::open(&dir).await.unwrap();
        assert_eq!(again.claim("t-0").unwrap().1, value(3));
    }
}
