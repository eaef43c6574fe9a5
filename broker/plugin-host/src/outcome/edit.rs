//! The change of a record's key, value and headers.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::Replacement;

/// What becomes of a record's parts. The bytes are slices of the plugin's answer: nothing is copied for a
/// record.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Edit {
    /// The new key: `None` leaves it, `Some(None)` makes it null.
    pub key: Replacement,
    /// The new value: `None` leaves it, `Some(None)` makes it null (a tombstone).
    pub value: Replacement,
    /// What happens to the headers, in order.
    pub headers: HeaderOps,
}

/// One operation on a record's headers, which are an ordered multimap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderOp<'a> {
    /// Adds a header behind all others.
    Append {
        /// UTF-8.
        key: &'a [u8],
        /// `None` is null, which is not the same as empty.
        value: Option<&'a [u8]>,
    },
    /// Takes every header of this key away.
    Remove {
        /// Any bytes: what a client sent need not be UTF-8.
        key: &'a [u8],
    },
    /// Takes every header of this key away, then adds one behind all others.
    Set {
        /// UTF-8.
        key: &'a [u8],
        /// `None` is null, which is not the same as empty.
        value: Option<&'a [u8]>,
    },
}

/// A record's header operations, in order: the checked bytes of the answer, read when they are applied.
///
/// Invariant: the bytes decode without leftovers; only the checked decoder
/// of answers and [`HeaderOps::new`] make one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HeaderOps {
    raw: Bytes,
    count: u16,
}

/// How an answer names the operations.
pub(crate) mod header_op {
    pub(crate) const APPEND: u8 = 0;
    pub(crate) const REMOVE: u8 = 1;
    pub(crate) const SET: u8 = 2;
}

use header_op::{APPEND, REMOVE, SET};

impl HeaderOps {
    /// The operations `ops`, for those who make an edit by hand.
    pub fn new(ops: &[HeaderOp<'_>]) -> Self {
        let mut raw = BytesMut::new();
        for op in ops {
            put(&mut raw, op);
        }
        Self {
            raw: raw.freeze(),
            count: u16::try_from(ops.len()).expect("an edit has at most 65,535 operations"),
        }
    }

    /// The operations in `raw`, which the decoder of answers has just walked through.
    pub(crate) fn checked(raw: Bytes, count: u16) -> Self {
        Self { raw, count }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        usize::from(self.count)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The operations, in order.
    pub fn iter(&self) -> impl Iterator<Item = HeaderOp<'_>> {
        let mut rest: &[u8] = &self.raw;
        (0..self.count).map(move |_| take(&mut rest).expect("checked when the answer was decoded"))
    }
}

fn put(raw: &mut BytesMut, op: &HeaderOp<'_>) {
    let (code, key, value) = match *op {
        HeaderOp::Append { key, value } => (APPEND, key, Some(value)),
        HeaderOp::Remove { key } => (REMOVE, key, None),
        HeaderOp::Set { key, value } => (SET, key, Some(value)),
    };
    raw.put_u8(code);
    raw.put_u16_le(u16::try_from(key.len()).expect("a header's key has at most 65,535 bytes"));
    raw.put_slice(key);
    match value {
        None => {}
        Some(None) => raw.put_i32_le(-1),
        Some(Some(bytes)) => {
            raw.put_i32_le(i32::try_from(bytes.len()).expect("a header's value is below 2 GiB"));
            raw.put_slice(bytes);
        }
    }
}

/// One operation off the front of `rest`.
fn take<'a>(rest: &mut &'a [u8]) -> Option<HeaderOp<'a>> {
    let code = rest.try_get_u8().ok()?;
    let key_len = rest.try_get_u16_le().ok()?;
    let key = rest.split_off(..usize::from(key_len))?;
    match code {
        APPEND => Some(HeaderOp::Append {
            key,
            value: take_value(rest)?,
        }),
        REMOVE => Some(HeaderOp::Remove { key }),
        SET => Some(HeaderOp::Set {
            key,
            value: take_value(rest)?,
        }),
        _ => None,
    }
}

/// A value off the front of `rest`, which may be null.
#[expect(clippy::option_option, reason = "the outer one says whether the bytes were there")]
fn take_value<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    match rest.try_get_i32_le().ok()? {
        -1 => Some(None),
        len => Some(Some(rest.split_off(..usize::try_from(len).ok()?)?)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The bug: an operation is read as another one, or with its neighbour's bytes.
        #[test]
        fn operations_are_read_as_they_were_made(
            ops in vec((0u8..3, vec(any::<u8>(), 0..9), option::of(vec(any::<u8>(), 0..9))), 0..9),
        ) {
            let made: Vec<HeaderOp<'_>> = ops.iter().map(|(code, key, value)| match code {
                0 => HeaderOp::Append { key, value: value.as_deref() },
                1 => HeaderOp::Remove { key },
                _ => HeaderOp::Set { key, value: value.as_deref() },
            }).collect();
            let read = HeaderOps::new(&made);
            prop_assert_eq!(read.iter().collect::<Vec<_>>(), made);
            prop_assert_eq!(read.len(), ops.len());
        }
    }
}
