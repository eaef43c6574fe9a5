//! Records: read lazily from an uncompressed section, in place.

pub(crate) mod headers;
#[cfg(test)]
mod tests;

use crate::batch::layout::MIN_RECORD_SIZE;
use crate::record::headers::Headers;
use crate::varint::{self, VarintError};

/// Why bytes are not the records that a batch claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A number in a record is cut off or too long.
    #[error(transparent)]
    Varint(#[from] VarintError),
    /// A length is negative (other than −1 where that means null), or beyond what contains it.
    #[error("{what} has length {length}, with {left} bytes left")]
    BadLength {
        /// Whose length it is.
        what: &'static str,
        /// The field.
        length: i32,
        /// How many bytes are left in what contains it.
        left: usize,
    },
    /// The header count is negative, or more than the bytes can hold.
    #[error("a record claims {count} headers in {left} bytes")]
    BadHeaderCount {
        /// The field.
        count: i32,
        /// How many bytes are left in the record.
        left: usize,
    },
    /// A record is longer than its content.
    #[error("{left} bytes are left over in a record")]
    LeftInRecord {
        /// How many.
        left: usize,
    },
    /// The section is not at its end, or a record is missing: the count is wrong.
    #[error("{bytes} bytes of the records section are left over, with {records} records to go")]
    LeftInSection {
        /// Bytes left over.
        bytes: usize,
        /// Records that the count promised and that were not read.
        records: u32,
    },
}

/// A record, in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Unused by Kafka so far: 0.
    pub attributes: i8,
    /// Milliseconds after the batch's base timestamp.
    pub timestamp_delta: i64,
    /// The record's offset less the batch's base offset. As the bytes say: nothing says that it is
    /// in order, or within the batch.
    pub offset_delta: i32,
    /// The key; null and empty are different.
    pub key: Option<&'a [u8]>,
    /// The value; null is a tombstone where the topic is compacted, and not the same as empty.
    pub value: Option<&'a [u8]>,
    /// The headers, in order.
    pub headers: Headers<'a>,
    /// The whole record, with its length prefix.
    pub raw: &'a [u8],
    /// Where key, value and headers begin in `raw`.
    body_at: usize,
}

impl<'a> Record<'a> {
    /// Key, value and headers as they are encoded: what stays the same when the record moves.
    pub fn body(&self) -> &'a [u8] {
        &self.raw[self.body_at..]
    }

    /// Reads the record at the front of `section`, and moves `section` behind it.
    fn read(section: &mut &'a [u8]) -> Result<Self, RecordError> {
        let whole = *section;
        let length = varint::read_i32(section)?;
        let content = take(section, "a record", length)?;
        let raw = &whole[..whole.len() - section.len()];

        let mut rest = content;
        let attributes = take(&mut rest, "a record's attributes", 1)?[0] as i8;
        let timestamp_delta = varint::read_i64(&mut rest)?;
        let offset_delta = varint::read_i32(&mut rest)?;
        let body_at = raw.len() - rest.len();
        let key = take_nullable(&mut rest, "a key")?;
        let value = take_nullable(&mut rest, "a value")?;
        let headers = Headers::read(&mut rest)?;
        if !rest.is_empty() {
            return Err(RecordError::LeftInRecord { left: rest.len() });
        }
        Ok(Self {
            attributes,
            timestamp_delta,
            offset_delta,
            key,
            value,
            headers,
            raw,
            body_at,
        })
    }
}

/// The records of an uncompressed section, read one by one. Ends after the first error; once it
/// has ended, [`Records::finish`] says whether the section holds just what the count promised.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    rest: &'a [u8],
    left: u32,
    failed: bool,
}

impl<'a> Records<'a> {
    /// The `count` records of `section`. The count is not believed: it only bounds the reading.
    pub fn new(section: &'a [u8], count: u32) -> Self {
        Self {
            rest: section,
            left: count,
            failed: false,
        }
    }

    /// Fails unless every record was read and no byte is left over.
    pub fn finish(self) -> Result<(), RecordError> {
        if self.rest.is_empty() && self.left == 0 {
            return Ok(());
        }
        Err(RecordError::LeftInSection {
            bytes: self.rest.len(),
            records: self.left,
        })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 || self.failed {
            return None;
        }
        let record = Record::read(&mut self.rest);
        match record {
            Ok(_) => self.left -= 1,
            Err(_) => self.failed = true,
        }
        Some(record)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        // The bytes bound it, whatever the count says; one more for an error at the end.
        let most = (self.rest.len() / MIN_RECORD_SIZE + 1).min(self.left as usize);
        (0, Some(most))
    }
}

/// Takes `length` bytes off the front of `bytes`.
pub(crate) fn take<'a>(bytes: &mut &'a [u8], what: &'static str, length: i32) -> Result<&'a [u8], RecordError> {
    let all = *bytes;
    let taken = usize::try_from(length)
        .ok()
        .and_then(|length| all.split_at_checked(length));
    let (front, rest) = taken.ok_or(RecordError::BadLength {
        what,
        length,
        left: all.len(),
    })?;
    *bytes = rest;
    Ok(front)
}

/// Takes a length and that many bytes off the front of `bytes`; a length of −1 is null.
pub(crate) fn take_nullable<'a>(bytes: &mut &'a [u8], what: &'static str) -> Result<Option<&'a [u8]>, RecordError> {
    let length = varint::read_i32(bytes)?;
    if length == -1 {
        return Ok(None);
    }
    take(bytes, what, length).map(Some)
}
