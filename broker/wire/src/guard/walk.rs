//! The walk itself: field after field, as the decoder will.

use super::GuardError;
use super::cursor::Cursor;
use super::field::{Field, Kind};
use crate::limits;

/// What a walk found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Walked {
    /// Bytes behind the last field.
    pub left_over: usize,
    /// What the message may take in memory once decoded, beside its bytes.
    pub cost: usize,
}

/// Walks `body` by `fields`.
pub(super) fn walk(fields: &[Field], version: i16, flexible: bool, body: &[u8]) -> Result<Walked, GuardError> {
    let mut walk = Walk {
        cursor: Cursor::new(body),
        version,
        flexible,
    };
    walk.structure(fields)?;
    Ok(Walked {
        left_over: walk.cursor.left(),
        cost: walk.cursor.cost(),
    })
}

/// What the protocol crate's type for a string takes.
const STRING_BYTES: usize = 32;

struct Walk<'a> {
    cursor: Cursor<'a>,
    version: i16,
    flexible: bool,
}

impl Walk<'_> {
    /// The depth of the recursion is the schema's: three at most.
    fn structure(&mut self, fields: &[Field]) -> Result<(), GuardError> {
        for field in fields {
            if field.tag.is_none() && field.is_in(self.version) {
                self.field(field)?;
            }
        }
        if self.flexible {
            self.tagged_fields(fields)
        } else {
            Ok(())
        }
    }

    fn field(&mut self, field: &Field) -> Result<(), GuardError> {
        match field.kind {
            Kind::Fixed(size) => self.cursor.take(field.name, size).map(drop),
            Kind::String => self.string(field),
            Kind::Bytes => self.bytes(field),
            Kind::Struct(fields) => self.structure(fields),
            Kind::Structs(fields, bytes_each) => self.structures(field, fields, bytes_each),
            Kind::Fixeds(size) => self.numbers(field, size),
            Kind::Strings => self.strings(field),
        }
    }

    fn string(&mut self, field: &Field) -> Result<(), GuardError> {
        let length = if self.flexible {
            i64::from(self.cursor.unsigned_varint(field.name)?) - 1
        } else {
            i64::from(self.cursor.int16(field.name)?)
        };
        let Some(length) = self.length(field, length)? else {
            return Ok(());
        };
        if length > limits::STRING_BYTES_MAX {
            return Err(GuardError::StringTooLong {
                field: field.name,
                length,
            });
        }
        let text = self.cursor.take(field.name, length)?;
        str::from_utf8(text)
            .map(drop)
            .map_err(|_| GuardError::NotUtf8 { field: field.name })
    }

    fn bytes(&mut self, field: &Field) -> Result<(), GuardError> {
        let length = self.wide_length(field)?;
        let Some(length) = self.length(field, length)? else {
            return Ok(());
        };
        self.cursor.take(field.name, length).map(drop)
    }

    fn structures(&mut self, field: &Field, fields: &[Field], bytes_each: usize) -> Result<(), GuardError> {
        let Some(count) = self.count(field)? else { return Ok(()) };
        self.cursor.count_elements(count, bytes_each)?;
        for _ in 0..count {
            self.structure(fields)?;
        }
        Ok(())
    }

    fn numbers(&mut self, field: &Field, size: usize) -> Result<(), GuardError> {
        let Some(count) = self.count(field)? else { return Ok(()) };
        let bytes = count.saturating_mul(size);
        if bytes > self.cursor.left() {
            return Err(GuardError::Count {
                field: field.name,
                count: count as i64,
                left: self.cursor.left(),
            });
        }
        self.cursor.count_elements(count, size)?;
        self.cursor.take(field.name, bytes).map(drop)
    }

    fn strings(&mut self, field: &Field) -> Result<(), GuardError> {
        let Some(count) = self.count(field)? else { return Ok(()) };
        self.cursor.count_elements(count, STRING_BYTES)?;
        // The elements themselves are never null.
        let element = Field {
            nullable_since: i16::MAX,
            ..*field
        };
        for _ in 0..count {
            self.string(&element)?;
        }
        Ok(())
    }

    /// The tagged fields at the end of a structure: those of the schema are walked, others skipped.
    fn tagged_fields(&mut self, fields: &[Field]) -> Result<(), GuardError> {
        const NAME: &str = "the tagged fields";
        let count = self.cursor.unsigned_varint(NAME)? as usize;
        self.cursor.count_tagged_fields(count)?;
        for _ in 0..count {
            let tag = self.cursor.unsigned_varint(NAME)?;
            let size = self.cursor.unsigned_varint(NAME)? as usize;
            match fields.iter().find(|field| field.tag == Some(tag)) {
                None => drop(self.cursor.take(NAME, size)?),
                Some(field) if field.is_in(self.version) => self.tagged_field(field, size)?,
                Some(field) => return Err(GuardError::TagTooNew { field: field.name }),
            }
        }
        Ok(())
    }

    /// The decoder doesn't look at the size of a tagged field that it knows: it has to be right.
    fn tagged_field(&mut self, field: &Field, announced: usize) -> Result<(), GuardError> {
        let before = self.cursor.left();
        self.field(field)?;
        let taken = before - self.cursor.left();
        if taken == announced {
            Ok(())
        } else {
            Err(GuardError::TagSize {
                field: field.name,
                announced,
                taken,
            })
        }
    }

    /// The number of elements of an array, or none for null. Every element takes at least a byte.
    fn count(&mut self, field: &Field) -> Result<Option<usize>, GuardError> {
        let count = self.wide_length(field)?;
        let left = self.cursor.left();
        match usize::try_from(count) {
            Ok(count) if count <= left => Ok(Some(count)),
            Err(_) if count == -1 => self.null(field),
            Ok(_) | Err(_) => Err(GuardError::Count {
                field: field.name,
                count,
                left,
            }),
        }
    }

    /// A length that the bytes left can hold, or none for null.
    fn length(&mut self, field: &Field, length: i64) -> Result<Option<usize>, GuardError> {
        let left = self.cursor.left();
        match usize::try_from(length) {
            Ok(length) if length <= left => Ok(Some(length)),
            Err(_) if length == -1 => self.null(field),
            Ok(_) | Err(_) => Err(GuardError::Length {
                field: field.name,
                length,
                left,
            }),
        }
    }

    /// The length in front of arrays and bytes: -1 stands for null in both encodings.
    fn wide_length(&mut self, field: &Field) -> Result<i64, GuardError> {
        if self.flexible {
            Ok(i64::from(self.cursor.unsigned_varint(field.name)?) - 1)
        } else {
            Ok(i64::from(self.cursor.int32(field.name)?))
        }
    }

    fn null<T>(&self, field: &Field) -> Result<Option<T>, GuardError> {
        if field.is_nullable(self.version) {
            Ok(None)
        } else {
            Err(GuardError::Null { field: field.name })
        }
    }
}
