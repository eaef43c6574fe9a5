//! The headers of a record: an ordered multimap (KIP-82), read in place.

use crate::record::{RecordError, take, take_nullable};
use crate::varint;

/// The bytes of a header that is as small as can be: empty key, null value.
const MIN_HEADER_SIZE: usize = 2;

/// A header: its key, and its value, of which null and empty are different.
///
/// Keys are text by convention only. Kafka's broker never looks whether they are UTF-8 (its Java
/// client decodes them with replacement), so neither does this crate: they are kept byte for byte.
pub type Header<'a> = (&'a [u8], Option<&'a [u8]>);

/// The headers of a record, in their order, with every duplicate key.
///
/// Invariant: the bytes were walked once, so that iterating cannot fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Headers<'a> {
    count: u32,
    bytes: &'a [u8],
}

impl<'a> Headers<'a> {
    /// No headers.
    pub const EMPTY: Self = Self { count: 0, bytes: &[] };

    /// How many there are, duplicates included.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The headers in their order.
    pub fn iter(&self) -> HeaderIter<'a> {
        HeaderIter {
            left: self.count,
            rest: self.bytes,
        }
    }

    /// The values of all headers with this key, in their order.
    pub fn all<'k>(&self, key: &'k [u8]) -> impl Iterator<Item = Option<&'a [u8]>> + use<'a, 'k> {
        self.iter()
            .filter(move |(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// The headers as they are encoded, without their count.
    pub(crate) fn encoded(&self) -> &'a [u8] {
        self.bytes
    }

    /// Reads and checks a count and that many headers, and moves `rest` behind them.
    pub(crate) fn read(rest: &mut &'a [u8]) -> Result<Self, RecordError> {
        let count = varint::read_i32(rest)?;
        let most = rest.len() / MIN_HEADER_SIZE;
        if !usize::try_from(count).is_ok_and(|count| count <= most) {
            return Err(RecordError::BadHeaderCount {
                count,
                left: rest.len(),
            });
        }
        let all = *rest;
        for _ in 0..count {
            read_header(rest)?;
        }
        Ok(Self {
            count: count as u32,
            bytes: &all[..all.len() - rest.len()],
        })
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = Header<'a>;
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Headers<'a> {
    type Item = Header<'a>;
    type IntoIter = HeaderIter<'a>;

    fn into_iter(self) -> HeaderIter<'a> {
        self.iter()
    }
}

/// An iterator over [`Headers`].
#[derive(Debug, Clone)]
pub struct HeaderIter<'a> {
    left: u32,
    rest: &'a [u8],
}

impl<'a> Iterator for HeaderIter<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        self.left = self.left.checked_sub(1)?;
        Some(read_header(&mut self.rest).expect("the headers were walked when they were read"))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left as usize, Some(self.left as usize))
    }
}

impl ExactSizeIterator for HeaderIter<'_> {}

fn read_header<'a>(rest: &mut &'a [u8]) -> Result<Header<'a>, RecordError> {
    let length = varint::read_i32(rest)?;
    let key = take(rest, "a header's key", length)?;
    let value = take_nullable(rest, "a header's value")?;
    Ok((key, value))
}
