//! The LZ4 frame format, as far as Kafka has it: one frame of independent blocks.
//!
//! Old clients computed the header checksum over the magic, too. Kafka forgives that in message
//! format v0 only (`KafkaLZ4BlockInputStream.ignoreFlagDescriptorChecksum`); in a v2 batch it is
//! an error there, and so it is here.

use std::io::{Read, Write};

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use super::{Failure, bounded};

const MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();
/// The flag byte's bit for "no block needs an earlier one".
const INDEPENDENT_BLOCKS: u8 = 1 << 5;
/// What is put behind the frame: as a block's length it is impossible, so that a frame whose end
/// mark was cut off is an error. The decoder alone would take it for complete.
const PROBE: [u8; 4] = [0xff; 4];

pub fn compress(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let info = FrameInfo::new()
        .block_size(BlockSize::Max64KB)
        .block_mode(BlockMode::Independent);
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).map_err(|error| error.to_string())?;
    encoder.finish().map_err(|error| error.to_string())
}

pub fn decompress(bytes: &[u8], limit: usize) -> Result<Vec<u8>, Failure> {
    check_header(bytes)?;
    let mut decoder = FrameDecoder::new(bytes.chain(&PROBE[..]));
    let out = bounded::read(&mut decoder, bytes.len(), limit)?;
    // Nothing may follow the frame: clients differ in what they make of that, and what a plugin
    // has judged must be what every client reads.
    let (frame, probe) = decoder.get_ref().get_ref();
    if probe.len() < PROBE.len() {
        return Err(Failure::corrupt("the frame is cut off"));
    }
    if !frame.is_empty() {
        return Err(Failure::corrupt(format!("{} bytes behind the frame", frame.len())));
    }
    Ok(out)
}

/// Refuses what Kafka's decoder refuses and this one would take: other frame formats, and blocks
/// that depend on each other.
fn check_header(bytes: &[u8]) -> Result<(), Failure> {
    match bytes.strip_prefix(&MAGIC) {
        Some([flags, ..]) if flags & INDEPENDENT_BLOCKS != 0 => Ok(()),
        Some([_, ..]) => Err(Failure::corrupt("its blocks depend on each other")),
        Some([]) | None => Err(Failure::corrupt("it does not begin with an lz4 frame header")),
    }
}
