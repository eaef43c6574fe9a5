//! Reads numbers and takes bytes off a message, and counts what they will cost.

use super::GuardError;
use crate::limits;

/// What keeping one unknown tagged field costs, when it has a map of its own.
const TAGGED_FIELD_COST: usize = 448;

/// The bytes of a message that are left, and what was counted so far.
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    message_bytes: usize,
    elements: usize,
    tagged_fields: usize,
    cost: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(body: &'a [u8]) -> Self {
        Self {
            rest: body,
            message_bytes: body.len(),
            elements: 0,
            tagged_fields: 0,
            cost: 0,
        }
    }

    /// What the message costs in memory once decoded, as far as it was walked.
    pub fn cost(&self) -> usize {
        self.cost
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// Takes `length` bytes.
    pub fn take(&mut self, field: &'static str, length: usize) -> Result<&'a [u8], GuardError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(GuardError::Truncated { field })?;
        self.rest = rest;
        Ok(taken)
    }

    /// Takes the next 16 bits.
    pub fn int16(&mut self, field: &'static str) -> Result<i16, GuardError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(GuardError::Truncated { field })?;
        self.rest = rest;
        Ok(i16::from_be_bytes(*bytes))
    }

    /// Takes the next 32 bits.
    pub fn int32(&mut self, field: &'static str) -> Result<i32, GuardError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(GuardError::Truncated { field })?;
        self.rest = rest;
        Ok(i32::from_be_bytes(*bytes))
    }

    /// Takes an unsigned number of one to five bytes, seven bits each, that fits 32 bits.
    pub fn unsigned_varint(&mut self, field: &'static str) -> Result<u32, GuardError> {
        let mut value = 0;
        for (at, &byte) in self.rest.iter().take(5).enumerate() {
            if at == 4 && byte > 0x0f {
                return Err(GuardError::Varint { field });
            }
            value |= u32::from(byte & 0x7f) << (7 * at);
            if byte < 0x80 {
                self.rest = &self.rest[at + 1..];
                return Ok(value);
            }
        }
        Err(GuardError::Truncated { field })
    }

    /// Skips tagged fields none of which is known. Each takes two bytes at least, which bounds the loop.
    pub fn skip_tagged_fields(&mut self, field: &'static str) -> Result<(), GuardError> {
        for _ in 0..self.unsigned_varint(field)? {
            self.unsigned_varint(field)?;
            let size = self.unsigned_varint(field)?;
            self.take(field, size as usize)?;
        }
        Ok(())
    }

    /// Counts the elements of an array, each of which takes so many bytes once decoded.
    pub fn count_elements(&mut self, count: usize, bytes_each: usize) -> Result<(), GuardError> {
        self.elements = self.elements.saturating_add(count);
        if self.elements > limits::ELEMENTS_MAX {
            return Err(GuardError::TooManyElements);
        }
        self.add_cost(count * bytes_each)
    }

    /// Counts tagged fields.
    pub fn count_tagged_fields(&mut self, count: usize) -> Result<(), GuardError> {
        self.tagged_fields = self.tagged_fields.saturating_add(count);
        if self.tagged_fields > limits::TAGGED_FIELDS_MAX {
            return Err(GuardError::TooManyTaggedFields);
        }
        self.add_cost(count * TAGGED_FIELD_COST)
    }

    /// The counts were checked before, so that the products can't overflow.
    fn add_cost(&mut self, cost: usize) -> Result<(), GuardError> {
        self.cost += cost;
        if self.cost > super::decoded_bytes_max(self.message_bytes) {
            return Err(GuardError::TooDense {
                message_bytes: self.message_bytes,
            });
        }
        Ok(())
    }
}
