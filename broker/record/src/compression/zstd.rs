//! Zstandard.

use super::{Failure, bounded};

/// Kafka's default level.
const LEVEL: i32 = 3;

/// The largest window a frame may ask for, as a power of two: what zstd itself allows by default,
/// and what its highest level uses. The decoder reserves a window's addresses, but touches only as
/// much of it as has come out.
const WINDOW_LOG_MAX: u32 = 27;

pub fn compress(bytes: &[u8]) -> Result<Vec<u8>, String> {
    zstd::bulk::compress(bytes, LEVEL).map_err(|error| error.to_string())
}

pub fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Failure> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes).map_err(Failure::corrupt)?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(Failure::corrupt)?;
    bounded::read(decoder, bytes.len(), limit)
}
