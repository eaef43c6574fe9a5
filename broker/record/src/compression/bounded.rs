//! Reading a decoder to its end, or to the limit.

use std::io::Read;

use super::Failure;

/// Reads all that comes out of `decoder`, which decompresses `input_len` bytes.
pub fn read(mut decoder: impl Read, input_len: usize, limit: usize) -> Result<Vec<u8>, Failure> {
    // A guess for ordinary data; beyond it, the vector grows with what is really read.
    let guess = input_len.saturating_mul(4).min(limit);
    let mut out = Vec::with_capacity(guess);
    // One byte more than allowed tells "too large" from "just so".
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder
        .by_ref()
        .take(most)
        .read_to_end(&mut out)
        .map_err(Failure::corrupt)?;
    if out.len() > limit {
        Err(Failure::TooLarge)
    } else {
        Ok(out)
    }
}
