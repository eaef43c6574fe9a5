//! Kafka's primitive types, read from untrusted bytes.

use bytes::Bytes;
use thiserror::Error;

/// A key or a value that is not what its first number says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SchemaError {
    /// It ends before its last field.
    #[error("it ends too early")]
    Short,
    /// A length is negative, or larger than what is left.
    #[error("a length of {0} does not fit")]
    Length(i64),
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    Text,
    /// A value's version is newer than this release knows.
    #[error("version {0} is unknown")]
    UnknownVersion(i16),
    /// Something is missing that Kafka always writes.
    #[error("{0}")]
    Inconsistent(&'static str),
}

/// A cursor over the bytes of a key or a value.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// Lengths are varints, one too high, and structs end with tagged fields (KIP-482).
    flexible: bool,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            flexible: false,
        }
    }

    /// From here on, lengths are compact.
    pub fn set_flexible(&mut self, flexible: bool) {
        self.flexible = flexible;
    }

    pub fn take(&mut self, len: usize) -> Result<&'a [u8], SchemaError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(SchemaError::Short)?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], SchemaError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(SchemaError::Short)?;
        self.rest = rest;
        Ok(*head)
    }

    pub fn i16(&mut self) -> Result<i16, SchemaError> {
        self.array().map(i16::from_be_bytes)
    }

    pub fn i32(&mut self) -> Result<i32, SchemaError> {
        self.array().map(i32::from_be_bytes)
    }

    pub fn i64(&mut self) -> Result<i64, SchemaError> {
        self.array().map(i64::from_be_bytes)
    }

    pub fn uuid(&mut self) -> Result<[u8; 16], SchemaError> {
        self.array()
    }

    fn unsigned_varint(&mut self) -> Result<u32, SchemaError> {
        let mut value = 0_u32;
        for shift in (0..35).step_by(7) {
            let [byte] = self.array()?;
            value |= u32::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(SchemaError::Length(i64::from(value)))
    }

    /// A length, `None` for null. It is at most the number of bytes left, also for arrays: no element is empty.
    fn length(
        &mut self,
        fixed: impl FnOnce(&mut Self) -> Result<i64, SchemaError>,
    ) -> Result<Option<usize>, SchemaError> {
        let length = if self.flexible {
            i64::from(self.unsigned_varint()?) - 1
        } else {
            fixed(self)?
        };
        match length {
            -1 => Ok(None),
            _ => match usize::try_from(length) {
                Ok(fits) if fits <= self.rest.len() => Ok(Some(fits)),
                _ => Err(SchemaError::Length(length)),
            },
        }
    }

    pub fn nullable_string(&mut self) -> Result<Option<String>, SchemaError> {
        let Some(length) = self.length(|reader| reader.i16().map(i64::from))? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| SchemaError::Text)?;
        Ok(Some(text.to_owned()))
    }

    pub fn string(&mut self) -> Result<String, SchemaError> {
        self.nullable_string()?.ok_or(SchemaError::Length(-1))
    }

    pub fn bytes(&mut self) -> Result<Bytes, SchemaError> {
        let length = self
            .length(|reader| reader.i32().map(i64::from))?
            .ok_or(SchemaError::Length(-1))?;
        Ok(Bytes::copy_from_slice(self.take(length)?))
    }

    /// The number of elements of an array; `None` for null.
    pub fn count(&mut self) -> Result<usize, SchemaError> {
        self.length(|reader| reader.i32().map(i64::from))?
            .ok_or(SchemaError::Length(-1))
    }

    /// The tagged fields at the end of a struct, each handed to `field`; none in versions that are not flexible.
    pub fn tags(&mut self, mut field: impl FnMut(u32, &'a [u8]) -> Result<(), SchemaError>) -> Result<(), SchemaError> {
        if !self.flexible {
            return Ok(());
        }
        for _ in 0..self.unsigned_varint()? {
            let tag = self.unsigned_varint()?;
            let length = self.unsigned_varint()?;
            field(tag, self.take(length as usize)?)?;
        }
        Ok(())
    }
}
