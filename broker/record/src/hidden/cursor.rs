//! Reading and writing the values of hidden batches: every length is checked before it is used.

use crate::hidden::HiddenError;

/// Reads big-endian fields off the front of a value.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub fn new(value: &'a [u8]) -> Self {
        Self { rest: value }
    }

    /// What has not been read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], HiddenError> {
        let (front, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(HiddenError::Truncated { what })?;
        self.rest = rest;
        Ok(*front)
    }

    pub fn u8(&mut self, what: &'static str) -> Result<u8, HiddenError> {
        self.array(what).map(u8::from_be_bytes)
    }

    pub fn i16(&mut self, what: &'static str) -> Result<i16, HiddenError> {
        self.array(what).map(i16::from_be_bytes)
    }

    pub fn i32(&mut self, what: &'static str) -> Result<i32, HiddenError> {
        self.array(what).map(i32::from_be_bytes)
    }

    pub fn i64(&mut self, what: &'static str) -> Result<i64, HiddenError> {
        self.array(what).map(i64::from_be_bytes)
    }

    pub fn u32(&mut self, what: &'static str) -> Result<u32, HiddenError> {
        self.array(what).map(u32::from_be_bytes)
    }

    /// A `u16` length and that many bytes.
    pub fn short_bytes(&mut self, what: &'static str) -> Result<&'a [u8], HiddenError> {
        let length = u16::from_be_bytes(self.array(what)?);
        self.take(usize::from(length), what)
    }

    /// A `u32` length and that many bytes.
    pub fn bytes(&mut self, what: &'static str) -> Result<&'a [u8], HiddenError> {
        let length = self.u32(what)?;
        self.take(length as usize, what)
    }

    /// A `u32` count and that many elements of `size` bytes each, as they are.
    pub fn elements(&mut self, size: usize, what: &'static str) -> Result<&'a [u8], HiddenError> {
        let count = self.u32(what)? as usize;
        let bytes = count.checked_mul(size).ok_or(HiddenError::Truncated { what })?;
        self.take(bytes, what)
    }

    /// Fails unless everything was read.
    pub fn finish(self) -> Result<(), HiddenError> {
        match self.rest {
            [] => Ok(()),
            rest => Err(HiddenError::LeftOver { bytes: rest.len() }),
        }
    }

    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], HiddenError> {
        let (front, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(HiddenError::Truncated { what })?;
        self.rest = rest;
        Ok(front)
    }
}
