//! Kafka's zigzag variable-length integers: bounded in length, and no bit may fall off the end.

/// The longest encoding of an `i32`.
const MAX_VARINT_BYTES: usize = 5;
/// The longest encoding of an `i64`.
const MAX_VARLONG_BYTES: usize = 10;

/// Why a variable-length integer could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VarintError {
    /// The bytes end within the number.
    #[error("the bytes end within a variable-length integer")]
    Truncated,
    /// It goes on for more bytes, or has more bits, than its type.
    #[error("a variable-length integer is too long")]
    TooLong,
}

/// Reads a signed 32-bit integer at the front of `bytes`, and moves `bytes` behind it.
pub fn read_i32(bytes: &mut &[u8]) -> Result<i32, VarintError> {
    let value = read_u64(bytes, MAX_VARINT_BYTES)?;
    let value = u32::try_from(value).map_err(|_| VarintError::TooLong)?;
    Ok((value >> 1) as i32 ^ -((value & 1) as i32))
}

/// Reads a signed 64-bit integer at the front of `bytes`, and moves `bytes` behind it.
pub fn read_i64(bytes: &mut &[u8]) -> Result<i64, VarintError> {
    let value = read_u64(bytes, MAX_VARLONG_BYTES)?;
    Ok((value >> 1) as i64 ^ -((value & 1) as i64))
}

/// Appends a signed 32-bit integer.
pub fn write_i32(out: &mut Vec<u8>, value: i32) {
    write_u64(out, u64::from(((value << 1) ^ (value >> 31)) as u32));
}

/// Appends a signed 64-bit integer.
pub fn write_i64(out: &mut Vec<u8>, value: i64) {
    write_u64(out, ((value << 1) ^ (value >> 63)) as u64);
}

/// How many bytes [`write_i32`] appends for `value`.
pub fn len_i32(value: i32) -> usize {
    len_u64(u64::from(((value << 1) ^ (value >> 31)) as u32))
}

/// How many bytes [`write_i64`] appends for `value`.
pub fn len_i64(value: i64) -> usize {
    len_u64(((value << 1) ^ (value >> 63)) as u64)
}

#[inline]
fn read_u64(bytes: &mut &[u8], max_bytes: usize) -> Result<u64, VarintError> {
    // Nearly every number of a record is a single byte.
    if let [first @ 0..0x80, rest @ ..] = *bytes {
        *bytes = rest;
        return Ok(u64::from(*first));
    }
    read_long_u64(bytes, max_bytes)
}

fn read_long_u64(bytes: &mut &[u8], max_bytes: usize) -> Result<u64, VarintError> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().take(max_bytes).enumerate() {
        let bits = u64::from(byte & 0x7f);
        let shift = 7 * index;
        if (bits << shift) >> shift != bits {
            return Err(VarintError::TooLong);
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            *bytes = &bytes[index + 1..];
            return Ok(value);
        }
    }
    Err(if bytes.len() < max_bytes {
        VarintError::Truncated
    } else {
        VarintError::TooLong
    })
}

fn write_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn len_u64(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn i32_round_trips(value: i32) {
            let mut out = vec![];
            write_i32(&mut out, value);
            prop_assert_eq!(out.len(), len_i32(value));
            prop_assert_eq!(read_i32(&mut out.as_slice()), Ok(value));
            prop_assert_eq!(read_i32(&mut &out[..out.len() - 1]), Err(VarintError::Truncated));
        }

        #[test]
        fn i64_round_trips(value: i64) {
            let mut out = vec![];
            write_i64(&mut out, value);
            prop_assert_eq!(out.len(), len_i64(value));
            prop_assert_eq!(read_i64(&mut out.as_slice()), Ok(value));
        }
    }

    #[test]
    fn more_bytes_or_bits_than_the_type_has_are_refused() {
        assert_eq!(
            read_i32(&mut &[0xff, 0xff, 0xff, 0xff, 0xff, 0x01][..]),
            Err(VarintError::TooLong)
        );
        assert_eq!(
            read_i32(&mut &[0xff, 0xff, 0xff, 0xff, 0x1f][..]),
            Err(VarintError::TooLong)
        );
        assert_eq!(read_i32(&mut &[0xff, 0xff, 0xff, 0xff, 0x0f][..]), Ok(i32::MIN));
        let mut most = [0xff; 10];
        most[9] = 0x01;
        assert_eq!(read_i64(&mut &most[..]), Ok(i64::MIN));
        most[9] = 0x02;
        assert_eq!(read_i64(&mut &most[..]), Err(VarintError::TooLong));
        assert_eq!(read_i64(&mut &[0x80; 11][..]), Err(VarintError::TooLong));
    }
}
