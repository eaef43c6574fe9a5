//! A cursor over an answer.

use bytes::Buf;

use super::bad;
use crate::fault::Fault;

/// Reads little-endian fields off the front.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    len: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(answer: &'a [u8]) -> Self {
        Self {
            rest: answer,
            len: answer.len(),
        }
    }

    /// How many bytes were read.
    pub(super) fn at(&self) -> usize {
        self.len - self.rest.len()
    }

    /// How many are left.
    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn u8(&mut self) -> Result<u8, Fault> {
        self.rest.try_get_u8().map_err(|_| short())
    }

    pub(super) fn u16(&mut self) -> Result<u16, Fault> {
        self.rest.try_get_u16_le().map_err(|_| short())
    }

    pub(super) fn u32(&mut self) -> Result<u32, Fault> {
        self.rest.try_get_u32_le().map_err(|_| short())
    }

    pub(super) fn i64(&mut self) -> Result<i64, Fault> {
        self.rest.try_get_i64_le().map_err(|_| short())
    }

    pub(super) fn i32(&mut self) -> Result<i32, Fault> {
        self.rest.try_get_i32_le().map_err(|_| short())
    }

    pub(super) fn bytes(&mut self, len: usize) -> Result<&'a [u8], Fault> {
        self.rest.split_off(..len).ok_or_else(short)
    }

    /// Bytes with an i32 length, where -1 is null.
    pub(super) fn nullable(&mut self) -> Result<Option<&'a [u8]>, Fault> {
        match self.i32()? {
            -1 => Ok(None),
            len => match usize::try_from(len) {
                Ok(len) => Ok(Some(self.bytes(len)?)),
                Err(_) => Err(bad(format!("a length of {len}"))),
            },
        }
    }

    /// That nothing is left over.
    pub(super) fn finish(self) -> Result<(), Fault> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(bad(format!("{left} bytes are left over"))),
        }
    }
}

fn short() -> Fault {
    bad("the answer ends too early")
}
