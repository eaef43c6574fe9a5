//! Records to give a plugin.

use crate::reader::Reader;
use crate::record::Record;

/// Builds a record. At first its key and value are null, it has no headers, and its timestamp is 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordBuilder {
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    timestamp_ms: i64,
}

impl RecordBuilder {
    /// A record of nulls.
    pub fn new() -> Self {
        RecordBuilder::default()
    }

    /// With this key.
    #[must_use]
    pub fn key(mut self, key: impl AsRef<[u8]>) -> Self {
        self.key = Some(key.as_ref().to_vec());
        self
    }

    /// With this value.
    #[must_use]
    pub fn value(mut self, value: impl AsRef<[u8]>) -> Self {
        self.value = Some(value.as_ref().to_vec());
        self
    }

    /// Without a value.
    #[must_use]
    pub fn tombstone(mut self) -> Self {
        self.value = None;
        self
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((key.as_ref().to_vec(), Some(value.as_ref().to_vec())));
        self
    }

    /// With one more header, whose value is null.
    #[must_use]
    pub fn null_header(mut self, key: impl AsRef<[u8]>) -> Self {
        self.headers.push((key.as_ref().to_vec(), None));
        self
    }

    /// With this timestamp, in milliseconds since the epoch.
    #[must_use]
    pub fn timestamp_ms(mut self, timestamp_ms: i64) -> Self {
        self.timestamp_ms = timestamp_ms;
        self
    }

    /// Shows the record as a plugin would see it.
    pub fn view<R>(&self, look: impl FnOnce(Record<'_>) -> R) -> R {
        let mut bytes = Vec::new();
        self.write(0, &mut bytes);
        look(Record::read(&mut Reader::new(&bytes), 0))
    }

    /// Writes the record in Kafka's v2 format, for a batch whose base timestamp is 0.
    pub(super) fn write(&self, offset_delta: usize, out: &mut Vec<u8>) {
        let mut body = vec![0];
        write_varint(self.timestamp_ms, &mut body);
        write_varint(offset_delta as i64, &mut body);
        write_nullable(self.key.as_deref(), &mut body);
        write_nullable(self.value.as_deref(), &mut body);
        write_varint(self.headers.len() as i64, &mut body);
        for (key, value) in &self.headers {
            write_nullable(Some(key), &mut body);
            write_nullable(value.as_deref(), &mut body);
        }
        write_nullable(Some(&body), out);
    }
}

fn write_nullable(bytes: Option<&[u8]>, out: &mut Vec<u8>) {
    write_varint(bytes.map_or(-1, |bytes| bytes.len() as i64), out);
    out.extend_from_slice(bytes.unwrap_or_default());
}

fn write_varint(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}
