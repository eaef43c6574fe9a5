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

    /// A zigzag varint, of up to 64 bits. Nearly all of them are one or two bytes long.
    #[inline]
    pub(crate) fn varint(&mut self) -> i64 {
        let (bits, rest) = match self.rest {
            [a @ 0..0x80, rest @ ..] => (u64::from(*a), rest),
            [a, b @ 0..0x80, rest @ ..] => (u64::from(*a & 0x7f) | u64::from(*b) << 7, rest),
            // By value: a reference to this reader would keep it out of the machine's registers.
            long => long_varint(long),
        };
        self.rest = rest;
        (bits >> 1).cast_signed() ^ -(bits & 1).cast_signed()
    }

    /// Bytes behind their length as a varint; a length of -1 is null.
    #[inline]
    pub(crate) fn nullable_bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.varint();
        (len >= 0).then(|| self.take(len as usize))
    }
}

#[inline(never)]
fn long_varint(bytes: &[u8]) -> (u64, &[u8]) {
    let mut bits = 0;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        bits |= u64::from(byte & 0x7f) << (7 * index);
        if *byte < 0x80 {
            return (bits, &bytes[index + 1..]);
        }
    }
    malformed()
}

#[cold]
#[inline(never)]
pub(crate) fn malformed() -> ! {
    panic!("the records of this call are malformed")
}
