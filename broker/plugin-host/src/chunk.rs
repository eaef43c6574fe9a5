//! Cutting a records section into what one call takes. Only the records' lengths are read.

use std::ops::Range;

use crate::abi::CHUNK_MAX;

/// Some records of a section, next to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk<'a> {
    /// The place of the first one in the section.
    pub first: u32,
    /// How many there are; at least one.
    pub count: u32,
    /// Their bytes.
    pub records: &'a [u8],
}

impl Chunk<'_> {
    /// The places of its records in the section.
    pub(crate) fn places(&self) -> Range<u32> {
        self.first..self.first + self.count
    }
}

/// A section that ends inside a record, or whose lengths are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BrokenSection;

/// What is left of a section.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chunks<'a> {
    first: u32,
    count: u32,
    rest: &'a [u8],
}

impl<'a> Chunks<'a> {
    pub(crate) fn new(records: &'a [u8], count: u32) -> Self {
        Self {
            first: 0,
            count,
            rest: records,
        }
    }

    /// The records of a section at `places`.
    pub(crate) fn from(records: &'a [u8], places: Range<u32>) -> Self {
        Self {
            first: places.start,
            count: places.end - places.start,
            rest: records,
        }
    }

    /// The records of a chunk.
    pub(crate) fn of(chunk: &Chunk<'a>) -> Self {
        Self {
            first: chunk.first,
            count: chunk.count,
            rest: chunk.records,
        }
    }

    /// The bytes that are left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The places of the records that are left.
    pub(crate) fn places(&self) -> Range<u32> {
        self.first..self.first + self.count
    }

    /// The next chunk: up to `CHUNK_MAX` bytes, or one record. What fits as a whole is not looked into.
    pub(crate) fn next(&mut self) -> Option<Result<Chunk<'a>, BrokenSection>> {
        if self.count == 0 {
            return None;
        }
        if self.rest.len() <= CHUNK_MAX {
            return Some(Ok(self.split(self.count, self.rest.len())));
        }
        let (mut count, mut bytes) = (0, 0);
        while count < self.count {
            match record_len(&self.rest[bytes..]) {
                Some(len) if count > 0 && bytes + len > CHUNK_MAX => break,
                Some(len) => bytes += len,
                None => return Some(Err(BrokenSection)),
            }
            count += 1;
        }
        Some(Ok(self.split(count, bytes)))
    }

    /// The next record alone.
    pub(crate) fn next_record(&mut self) -> Option<Result<Chunk<'a>, BrokenSection>> {
        if self.count == 0 {
            return None;
        }
        Some(record_len(self.rest).map(|len| self.split(1, len)).ok_or(BrokenSection))
    }

    fn split(&mut self, count: u32, bytes: usize) -> Chunk<'a> {
        let (records, rest) = self.rest.split_at(bytes);
        let chunk = Chunk {
            first: self.first,
            count,
            records,
        };
        (self.first, self.count, self.rest) = (self.first + count, self.count - count, rest);
        chunk
    }
}

/// The length of the record at the front with its length prefix, if all of it is there.
fn record_len(bytes: &[u8]) -> Option<usize> {
    let mut value = 0u32;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        value |= u32::from(byte & 0x7f).checked_shl(7 * at as u32)?;
        if byte & 0x80 == 0 {
            // Zigzag: an odd value is a negative length.
            let body = if value & 1 == 0 {
                (value >> 1) as usize
            } else {
                return None;
            };
            let len = at + 1 + body;
            return (len <= bytes.len()).then_some(len);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A thing with a length prefix, as far as chunks look at records.
    fn record(body: usize) -> Vec<u8> {
        let (mut out, mut value) = (Vec::new(), (body as u32) << 1);
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
        out.resize(out.len() + body, b'r');
        out
    }

    proptest! {
        /// The bug: a record lost, repeated or cut at the border of two chunks, or its place miscounted.
        #[test]
        fn chunks_put_together_are_the_section(
            bodies in proptest::collection::vec(0usize..200_000, 1..12),
        ) {
            let section: Vec<u8> = bodies.iter().flat_map(|body| record(*body)).collect();
            let mut chunks = Chunks::new(&section, bodies.len() as u32);
            let (mut seen, mut together) = (0, Vec::new());
            while let Some(chunk) = chunks.next() {
                let chunk = chunk.expect("a sound section");
                prop_assert_eq!(chunk.first, seen);
                prop_assert!(chunk.count == 1 || chunk.records.len() <= CHUNK_MAX);
                seen += chunk.count;
                together.extend_from_slice(chunk.records);
                let mut singles = Chunks::of(&chunk);
                while let Some(single) = singles.next_record() {
                    prop_assert_eq!(single.expect("a sound section").count, 1);
                }
                prop_assert!(singles.rest().is_empty());
            }
            prop_assert_eq!(seen as usize, bodies.len());
            prop_assert_eq!(together, section);
        }

        /// The bug: lengths from the wire that overflow, run past the end, or loop for ever.
        #[test]
        fn garbage_is_an_error_and_nothing_else(
            bytes in proptest::collection::vec(any::<u8>(), 0..64),
            count in 1u32..1000,
        ) {
            let section = [bytes, vec![0xff; CHUNK_MAX]].concat();
            let mut chunks = Chunks::new(&section, count);
            while let Some(Ok(_)) = chunks.next() {}
            let mut chunks = Chunks::new(&section, count);
            while let Some(Ok(_)) = chunks.next_record() {}
        }
    }

    /// The bug: five bytes of length whose upper bits are lost, so that a huge record looks small.
    #[test]
    fn absurd_lengths_are_refused() {
        assert_eq!(record_len(&[0xfe, 0xff, 0xff, 0xff, 0x0f]), None);
        assert_eq!(record_len(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x00]), None);
        assert_eq!(record_len(&[0x01, 0x00]), None, "-1");
        assert_eq!(record_len(&[0x04, 0x00]), None, "one byte short");
        assert_eq!(record_len(&[0x04, 0x00, 0x00]), Some(3));
    }
}
