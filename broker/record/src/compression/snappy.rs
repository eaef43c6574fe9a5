//! Snappy, in the two forms that clients send: raw (librdkafka and what is built on it), and in
//! the framing of xerial's snappy-java (the Java client and many others).
//!
//! A xerial stream is a header of 16 bytes (magic, version, lowest compatible version), then
//! chunks: a big-endian `i32` length, and that many bytes of raw snappy. snappy-java reads streams
//! that follow each other: where a chunk's length should be, the next header may begin.

use super::Failure;

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
/// What follows the magic: version 1, readable since version 1. Not looked at when read: there is
/// no other, and librdkafka does not look either.
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
/// How much snappy-java puts into a chunk by default.
const CHUNK_SIZE: usize = 32 * 1024;

pub fn compress(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = snap::raw::Encoder::new();
    let mut out = [MAGIC, VERSIONS].concat();
    let mut chunk = vec![0; snap::raw::max_compress_len(CHUNK_SIZE.min(bytes.len()))];
    for plain in bytes.chunks(CHUNK_SIZE) {
        let size = encoder.compress(plain, &mut chunk).map_err(|error| error.to_string())?;
        out.extend_from_slice(&(size as i32).to_be_bytes());
        out.extend_from_slice(&chunk[..size]);
    }
    Ok(out)
}

pub fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    if bytes.starts_with(&MAGIC) {
        read_chunks(bytes, limit, &mut out)?;
    } else {
        read_raw(bytes, limit, &mut out)?;
    }
    Ok(out)
}

fn read_chunks(mut rest: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Failure> {
    let cut_off = || Failure::corrupt("the framing is cut off");
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix(&MAGIC) {
            rest = behind.get(VERSIONS.len()..).ok_or_else(cut_off)?;
            continue;
        }
        let (size, behind) = rest.split_first_chunk::<4>().ok_or_else(cut_off)?;
        let size =
            usize::try_from(i32::from_be_bytes(*size)).map_err(|_| Failure::corrupt("a chunk's length is negative"))?;
        let (chunk, behind) = behind.split_at_checked(size).ok_or_else(cut_off)?;
        read_raw(chunk, limit, out)?;
        rest = behind;
    }
    Ok(())
}

/// Appends what a block of raw snappy holds, as long as `out` stays within `limit`.
fn read_raw(block: &[u8], limit: usize, out: &mut Vec<u8>) -> Result<(), Failure> {
    let claimed = snap::raw::decompress_len(block).map_err(Failure::corrupt)?;
    if claimed > max_output(block.len()) {
        return Err(Failure::corrupt(format!("{} bytes claim to be {claimed}", block.len())));
    }
    if claimed > limit - out.len() {
        return Err(Failure::TooLarge);
    }
    let start = out.len();
    out.resize(start + claimed, 0);
    let written = snap::raw::Decoder::new()
        .decompress(block, &mut out[start..])
        .map_err(Failure::corrupt)?;
    out.truncate(start + written);
    Ok(())
}

/// The most that a block can hold: its densest element makes 64 bytes of 3. Memory is reserved by
/// a block's claim only up to this.
fn max_output(block_len: usize) -> usize {
    (block_len / 3 + 1).saturating_mul(64)
}
