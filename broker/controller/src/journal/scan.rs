//! Reading the log back: every whole frame, and what is wrong with the rest.

use super::{FORMAT, FRAME_HEADER, HEADER, MAGIC, MAX_PAYLOAD, checksum};

/// What a log's bytes say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scanned {
    /// The payloads of the whole frames, in order, each with its position.
    pub(crate) payloads: Vec<(u64, Vec<u8>)>,
    /// Behind the last whole frame.
    pub(crate) end: u64,
    /// Whether something stands behind it: a write that a crash has torn.
    pub(crate) torn: bool,
}

/// A log that a crash alone can't have made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// It does not begin as a log does.
    NotALog,
    /// A later release wrote it.
    UnknownFormat(u32),
    /// A frame is broken, and a whole one follows.
    Broken {
        /// Where the broken frame begins.
        position: u64,
        /// Where the next whole one begins.
        next: u64,
    },
}

/// Reads a log's bytes.
pub(crate) fn scan(bytes: &[u8]) -> Result<Scanned, Damage> {
    let version = bytes.strip_prefix(MAGIC).and_then(|rest| rest.first_chunk::<4>());
    let version = u32::from_be_bytes(*version.ok_or(Damage::NotALog)?);
    if version != FORMAT {
        return Err(if version > FORMAT {
            Damage::UnknownFormat(version)
        } else {
            Damage::NotALog
        });
    }
    let mut payloads = Vec::new();
    let mut at = HEADER;
    while let Some(payload) = frame_at(bytes, at) {
        payloads.push((at as u64, payload.to_vec()));
        at += FRAME_HEADER + payload.len();
    }
    match (at + 1..bytes.len()).find(|next| frame_at(bytes, *next).is_some()) {
        Some(next) => Err(Damage::Broken {
            position: at as u64,
            next: next as u64,
        }),
        None => Ok(Scanned {
            payloads,
            end: at as u64,
            torn: at < bytes.len(),
        }),
    }
}

/// The payload of a whole frame at this position. No frame is empty: a stretch of zeros, which a
/// file system may leave behind a crash, is none.
fn frame_at(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let rest = bytes.get(at..)?;
    let length = u32::from_be_bytes(*rest.first_chunk::<4>()?) as usize;
    let expected = u32::from_be_bytes(*rest.get(4..)?.first_chunk::<4>()?);
    if length == 0 || length > MAX_PAYLOAD {
        return None;
    }
    let payload = rest.get(FRAME_HEADER..FRAME_HEADER + length)?;
    (checksum(payload) == expected).then_some(payload)
}
