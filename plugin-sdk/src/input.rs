//! What one call of a hook is given: a chunk of a batch.

use crate::reader::{Reader, malformed};
use crate::record::Record;

/// Where the records of a call are bound for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic<'a> {
    /// Its name.
    pub name: &'a str,
    /// How many partitions it has; they count from 0.
    pub partitions: i32,
    /// The partition that the client chose for these records. Nobody can see whether it chose by
    /// hand, by key or in turn. For a view: the one that they are read from.
    pub chosen: i32,
}

/// The records of one call, and where they are bound for.
#[derive(Clone)]
pub(crate) struct Input<'a> {
    pub(crate) topic: Topic<'a>,
    pub(crate) records: Records<'a>,
    /// What the header has behind the topic: what only some hooks are told.
    pub(crate) extra: &'a [u8],
    /// Of the whole input, in bytes: what an answer may hold depends on it.
    pub(crate) len: usize,
}

impl<'a> Input<'a> {
    /// Reads the header of a call (ABI.md has its fields). A later minor version may have put more
    /// fields at its end, so the records begin where the header says they do.
    pub(crate) fn read(bytes: &'a [u8]) -> Self {
        let mut reader = Reader::new(bytes);
        let header_len = u32::from_le_bytes(reader.array()) as usize;
        let _flags = u32::from_le_bytes(reader.array());
        let left = u32::from_le_bytes(reader.array());
        let chosen = i32::from_le_bytes(reader.array());
        let partitions = i32::from_le_bytes(reader.array());
        let base_timestamp_ms = i64::from_le_bytes(reader.array());
        let name_len = u16::from_le_bytes(reader.array());
        let Ok(name) = str::from_utf8(reader.take(name_len.into())) else {
            malformed()
        };
        let read = bytes.len() - reader.rest().len();
        let (Some(extra), Some(records)) = (bytes.get(read..header_len), bytes.get(header_len..)) else {
            malformed()
        };
        Input {
            topic: Topic {
                name,
                partitions,
                chosen,
            },
            records: Records {
                reader: Reader::new(records),
                base_timestamp_ms,
                left,
            },
            extra,
            len: bytes.len(),
        }
    }
}

/// Goes over the records of a call, in place.
#[derive(Clone)]
pub(crate) struct Records<'a> {
    reader: Reader<'a>,
    base_timestamp_ms: i64,
    left: u32,
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    #[inline]
    fn next(&mut self) -> Option<Record<'a>> {
        self.left = self.left.checked_sub(1)?;
        Some(Record::read(&mut self.reader, self.base_timestamp_ms))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for Records<'_> {}
