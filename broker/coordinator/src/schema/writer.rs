//! Kafka's primitive types, written.

use bytes::{BufMut, Bytes, BytesMut};

/// What a key or a value is written with.
pub(super) struct Writer {
    out: BytesMut,
    flexible: bool,
}

impl Writer {
    /// Begins with the number that says what follows.
    pub fn new(number: i16) -> Self {
        let mut out = BytesMut::with_capacity(64);
        out.put_i16(number);
        Self { out, flexible: false }
    }

    /// The same, for a version with compact lengths and tagged fields (KIP-482).
    pub fn flexible(number: i16) -> Self {
        Self {
            flexible: true,
            ..Self::new(number)
        }
    }

    pub fn finish(self) -> Bytes {
        self.out.freeze()
    }

    pub fn i32(&mut self, value: i32) {
        self.out.put_i32(value);
    }

    pub fn i64(&mut self, value: i64) {
        self.out.put_i64(value);
    }

    /// A text. Ids are bounded where they come in; whatever else is longer than its length field can say is cut
    /// at a character's border, because a wrong length would make the whole record unreadable.
    pub fn string(&mut self, text: &str) {
        if self.flexible {
            self.unsigned_varint(text.len() as u32 + 1);
            self.out.put_slice(text.as_bytes());
        } else {
            let text = &text[..text.floor_char_boundary(i16::MAX as usize)];
            self.out.put_i16(text.len() as i16);
            self.out.put_slice(text.as_bytes());
        }
    }

    /// A text or null, in versions that are not flexible.
    pub fn nullable_string(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.string(text),
            None => self.out.put_i16(-1),
        }
    }

    /// Bytes behind their length, in versions that are not flexible.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.out.put_i32(bytes.len() as i32);
        self.out.put_slice(bytes);
    }

    /// The tagged fields at the end of a struct, by ascending tag.
    pub fn tags(&mut self, fields: &[(u32, &[u8])]) {
        self.unsigned_varint(fields.len() as u32);
        for (tag, bytes) in fields {
            self.unsigned_varint(*tag);
            self.unsigned_varint(bytes.len() as u32);
            self.out.put_slice(bytes);
        }
    }

    fn unsigned_varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.out.put_u8(value as u8 | 0x80);
            value >>= 7;
        }
        self.out.put_u8(value as u8);
    }
}
