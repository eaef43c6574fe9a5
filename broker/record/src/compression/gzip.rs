//! Gzip. Members may follow each other, as in Java's `GZIPInputStream`.

use std::io::Write;

use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::{Failure, bounded};

pub fn compress(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .map_err(|error| error.to_string())
}

pub fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Failure> {
    bounded::read(MultiGzDecoder::new(bytes), bytes.len(), limit)
}
