//! An index that is being written.

use std::io::{self, IoSlice};

use corvid_env::fs::{Dir, File};

use super::IndexEntry;

/// The index of an active segment: older entries in the file, the newest in memory.
///
/// So an active segment costs a few KiB however long it gets, no descriptor, and one short write for every
/// [`ENTRIES_IN_MEMORY_MAX`] entries.
#[derive(Debug)]
pub(crate) struct GrowingIndex<E> {
    name: String,
    in_file: u32,
    tail: Vec<E>,
    last: Option<E>,
}

/// Where an entry is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Floor<E> {
    /// Here it is.
    Entry(E),
    /// There is none.
    None,
    /// Among the first so many entries of the file: see [`floor_in_file`].
    InFile(u32),
}

/// So many entries are kept in memory before they are written out together.
const ENTRIES_IN_MEMORY_MAX: usize = 512;

impl<E: IndexEntry> GrowingIndex<E> {
    /// An empty index. What a file of this name holds is dropped with the first write.
    pub fn new(name: String) -> Self {
        Self {
            name,
            in_file: 0,
            tail: Vec::new(),
            last: None,
        }
    }

    /// Goes on with the index in the file, which must have exactly `entries` entries.
    pub fn resume(dir: &Dir, name: String, entries: u32) -> io::Result<Self> {
        if entries == 0 {
            return Ok(Self::new(name));
        }
        let file = dir.open_file(&name)?;
        if file.len()? != position::<E>(entries) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{name} does not have {entries} entries"),
            ));
        }
        let last = Some(read_entry(&file, entries - 1)?);
        Ok(Self {
            name,
            in_file: entries,
            tail: Vec::new(),
            last,
        })
    }

    /// How many entries there are.
    pub fn len(&self) -> u32 {
        self.in_file + self.tail.len() as u32
    }

    /// The last entry.
    pub fn last(&self) -> Option<E> {
        self.last
    }

    /// Appends an entry. A disk that is full now is tried again later: an index is only advice.
    pub fn push(&mut self, dir: &Dir, entry: E) {
        self.tail.push(entry);
        self.last = Some(entry);
        if self.tail.len().is_multiple_of(ENTRIES_IN_MEMORY_MAX)
            && let Err(error) = self.write_tail(dir)
        {
            tracing::debug!(index = self.name, %error, "index entries stay in memory for now");
        }
    }

    /// The last entry whose key is at or below `key`, as far as memory knows.
    pub fn floor(&self, key: E::Key) -> Floor<E> {
        let in_tail = self.tail.partition_point(|entry| entry.key() <= key);
        match in_tail.checked_sub(1) {
            Some(index) => Floor::Entry(self.tail[index]),
            None if self.in_file == 0 => Floor::None,
            None => Floor::InFile(self.in_file),
        }
    }

    /// Writes what is in memory only, so that the file is whole, and gives it, to be synced.
    pub fn finish(&mut self, dir: &Dir) -> io::Result<File> {
        self.write_tail(dir)
    }

    fn write_tail(&mut self, dir: &Dir) -> io::Result<File> {
        let file = if self.in_file == 0 {
            create_anew(dir, &self.name)?
        } else {
            dir.open_file(&self.name)?
        };
        let mut bytes = Vec::with_capacity(self.tail.len() * E::BYTES);
        for entry in &self.tail {
            entry.encode(&mut bytes);
        }
        file.write_all_at(position::<E>(self.in_file), &mut [IoSlice::new(&bytes)])?;
        self.in_file += self.tail.len() as u32;
        self.tail.clear();
        Ok(file)
    }
}

/// Opens a file for writing, whether it is there or not.
pub(crate) fn open_or_create(dir: &Dir, name: &str) -> io::Result<File> {
    match dir.open_file(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => dir.create(name),
        opened => opened,
    }
}

/// A new file under a name that may be taken. The old file is unlinked, not cut: somebody may have it mapped.
pub(crate) fn create_anew(dir: &Dir, name: &str) -> io::Result<File> {
    match dir.remove(name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => dir.create(name),
    }
}

fn position<E: IndexEntry>(index: u32) -> u64 {
    u64::from(index) * E::BYTES as u64
}

fn read_entry<E: IndexEntry>(file: &File, index: u32) -> io::Result<E> {
    let mut bytes = [0; 16];
    let bytes = &mut bytes[..E::BYTES];
    file.read_exact_at(position::<E>(index), bytes)?;
    Ok(E::decode(bytes))
}

/// The last of the first `entries` entries in the file whose key is at or below `key`. They don't change while the index grows, so
/// this needs no lock.
pub(crate) fn floor_in_file<E: IndexEntry>(dir: &Dir, name: &str, entries: u32, key: E::Key) -> io::Result<Option<E>> {
    let file = dir.open_file(name)?;
    let (mut below, mut above) = (0, entries);
    // Halved until the rest is one short read.
    while above - below > ENTRIES_IN_MEMORY_MAX as u32 {
        let middle = below.midpoint(above);
        if read_entry::<E>(&file, middle)?.key() <= key {
            below = middle;
        } else {
            above = middle;
        }
    }
    let mut bytes = vec![0; (above - below) as usize * E::BYTES];
    file.read_exact_at(position::<E>(below), &mut bytes)?;
    let found = bytes.chunks_exact(E::BYTES).map(E::decode);
    Ok(found.take_while(|entry| entry.key() <= key).last())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::OffsetEntry;

    fn entry(number: u32) -> OffsetEntry {
        OffsetEntry {
            last_offset: number * 3,
            position: number * 100,
        }
    }

    #[test]
    fn entries_are_found_in_memory_in_the_file_and_after_resuming() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open(temporary.path()).unwrap();
        let mut index = GrowingIndex::new("i".to_owned());
        for number in 1..=1200 {
            index.push(&dir, entry(number));
        }
        assert!(index.tail.len() < ENTRIES_IN_MEMORY_MAX && index.in_file > 0);
        let check = |index: &GrowingIndex<OffsetEntry>| {
            for key in [0, 2, 3, 4, 1535, 1536, 1537, 3600, 9999] {
                let expected = (key / 3).min(1200);
                let found = match index.floor(key) {
                    Floor::Entry(entry) => Some(entry),
                    Floor::None => None,
                    Floor::InFile(entries) => floor_in_file(&dir, "i", entries, key).unwrap(),
                };
                assert_eq!(found, (expected > 0).then(|| entry(expected)), "{key}");
            }
        };
        check(&index);
        index.finish(&dir).unwrap();
        check(&index);
        let resumed = GrowingIndex::resume(&dir, "i".to_owned(), 1200).unwrap();
        check(&resumed);
        assert_eq!(resumed.last(), Some(entry(1200)));
        assert!(GrowingIndex::<OffsetEntry>::resume(&dir, "i".to_owned(), 1199).is_err());
    }

    /// The bug: entries of an earlier life of the segment, left in the file, are found behind the new ones.
    #[test]
    fn what_an_old_file_holds_is_dropped() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open(temporary.path()).unwrap();
        let mut old = GrowingIndex::new("i".to_owned());
        (1..=600).for_each(|number| old.push(&dir, entry(number)));
        old.finish(&dir).unwrap();
        let mut new = GrowingIndex::new("i".to_owned());
        new.push(&dir, entry(1));
        let file = new.finish(&dir).unwrap();
        assert_eq!(file.len().unwrap(), 8);
    }
}
