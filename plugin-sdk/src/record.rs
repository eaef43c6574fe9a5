//! A record as a plugin sees it: a view over the bytes that the producer sent.

use crate::json::{Json, JsonError};
use crate::reader::Reader;

/// One record. Nothing of it is copied: key, value and headers point into the bytes of the batch.
///
/// A record has no offset yet when a plugin sees it. Null and empty are different, for keys, values
/// and the values of headers.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    timestamp_ms: i64,
    headers: Headers<'a>,
}

impl<'a> Record<'a> {
    /// Reads one record of the v2 format, length first, and leaves the reader behind it.
    #[inline]
    pub(crate) fn read(reader: &mut Reader<'a>, base_timestamp_ms: i64) -> Self {
        let len = reader.varint();
        let mut body = Reader::new(reader.take(len as usize));
        let [_attributes] = body.array();
        let timestamp_ms = base_timestamp_ms.wrapping_add(body.varint());
        let _offset_delta = body.varint();
        let key = body.nullable_bytes();
        let value = body.nullable_bytes();
        Record {
            key,
            value,
            timestamp_ms,
            headers: Headers { bytes: body.rest() },
        }
    }

    /// The key, or `None` if it is null.
    #[inline]
    pub fn key(&self) -> Option<&'a [u8]> {
        self.key
    }

    /// The value, or `None` if it is null: the record is a [tombstone](Self::is_tombstone).
    #[inline]
    pub fn value(&self) -> Option<&'a [u8]> {
        self.value
    }

    /// Whether this record is a tombstone: its value is null, which deletes its key from a
    /// compacted topic. An empty value is not a tombstone.
    #[inline]
    pub fn is_tombstone(&self) -> bool {
        self.value.is_none()
    }

    /// Milliseconds since the epoch, as the producer set them; -1 if it set none.
    #[inline]
    pub fn timestamp_ms(&self) -> i64 {
        self.timestamp_ms
    }

    /// All headers, in the producer's order. A key may be there more than once.
    #[inline]
    pub fn headers(&self) -> Headers<'a> {
        self.headers
    }

    /// The value of the last header of this key, as Kafka's `lastHeader` has it. `None` if there is
    /// no such header, or if its value is null; [`headers`](Self::headers) tells the two apart.
    pub fn header(&self, key: &str) -> Option<&'a [u8]> {
        self.headers.all(key).last().flatten()
    }

    /// The value read as JSON, checked from the first byte to the last. A tombstone is no JSON.
    pub fn json(&self) -> Result<Json<'a>, JsonError> {
        Json::parse(self.value.unwrap_or_default())
    }
}

/// The headers of a record: a multimap that keeps its order.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    /// The number of headers as a varint, then the headers.
    bytes: &'a [u8],
}

impl<'a> Headers<'a> {
    /// All of them, in order.
    pub fn iter(&self) -> HeadersIter<'a> {
        let mut reader = Reader::new(self.bytes);
        let left = reader.varint();
        HeadersIter { reader, left }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        Reader::new(self.bytes).varint() as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of every header of this key, in order. A value may be null.
    pub fn all<'k>(&self, key: &'k str) -> impl Iterator<Item = Option<&'a [u8]>> + use<'a, 'k> {
        self.iter()
            .filter(move |header| header.key == key.as_bytes())
            .map(|header| header.value)
    }
}

impl<'a> IntoIterator for Headers<'a> {
    type Item = Header<'a>;
    type IntoIter = HeadersIter<'a>;

    fn into_iter(self) -> HeadersIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Headers<'a> {
    type Item = Header<'a>;
    type IntoIter = HeadersIter<'a>;

    fn into_iter(self) -> HeadersIter<'a> {
        self.iter()
    }
}

/// One header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The key. Kafka's clients write UTF-8, and nothing makes them.
    pub key: &'a [u8],
    /// The value, or `None` if it is null.
    pub value: Option<&'a [u8]>,
}

/// Goes over the headers of a record, in order.
#[derive(Clone)]
pub struct HeadersIter<'a> {
    reader: Reader<'a>,
    left: i64,
}

impl<'a> Iterator for HeadersIter<'a> {
    type Item = Header<'a>;

    #[inline]
    fn next(&mut self) -> Option<Header<'a>> {
        if self.left <= 0 {
            return None;
        }
        self.left -= 1;
        let key = self.reader.nullable_bytes().unwrap_or_default();
        let value = self.reader.nullable_bytes();
        Some(Header { key, value })
    }
}
