//! Reads the numbers and byte strings of Kafka's record format, in place.

/// A position in bytes that the broker has checked before it handed them over. Bytes that are
/// not what they should be are the broker's bug, so reading them panics: the call is then a fault.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// What has not been read yet.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `len` bytes.
    #[inline]
    pub(crate) fn take(&mut self, len: usize) -> &'a [u8] {
        let Some((taken, rest)) = self.rest.split_at_checked(len) else {
            malformed()
        };
        self.rest = rest;
        taken
    }

    /// The next `N` bytes, for a number of fixed width.
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> [u8; N] {
        let Some((taken, rest)) = self.rest.split_first_chunk::<N>() else {
            malformed()
        };
        self.rest = rest;
        *taken
    }

    /// A zigzag varint, of up to 64 bits. Nearly all of them are one byte long.
    #[inline]
    pub(crate) fn varint(&mut self) -> i64 {
        match self.rest.split_first() {
            Some((&byte, rest)) if byte < 0x80 => {
                self.rest = rest;
                i64::from(byte >> 1) ^ -i64::from(byte & 1)
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> i64 {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array();
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return (value >> 1) as i64 ^ -((value & 1) as i64);
            }
        }
        malformed()
    }

    /// Bytes behind their length as a varint; a length of -1 is null.
    #[inline]
    pub(crate) fn nullable_bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.varint();
        (len >= 0).then(|| self.take(len as usize))
    }
}

#[cold]
#[inline(never)]
pub(crate) fn malformed() -> ! {
    panic!("the records of this call are malformed")
}
