//! The quorum's log on disk: one append-only file of frames. Its snapshots have the same format.
//!
//! ```text
//! header: "corvid quorum\n", u32 format version
//! frame:  u32 length of the payload, u32 CRC32C of length and payload, payload (JSON)
//! ```
//!
//! All numbers are big-endian. Every write is one frame, and is synced before the next begins, so
//! at most the last frame of the file can be torn: a frame that is broken while another one
//! follows was whole once, and the disk has damaged it. The first is cut off, the second is an
//! error. (JSON has no byte below 0x20, so no frame can begin inside of another's payload: its
//! length would be half a gigabyte.)
//!
//! This file knows bytes only. What frames mean: [`crate::raft`].

mod medium;
mod scan;
#[cfg(test)]
mod tests;

use std::io;

use corvid_env::fault;

pub(crate) use medium::{JournalFile, Medium, NAME};
pub(crate) use scan::{Damage, scan};

/// What the file begins with.
const MAGIC: &[u8] = b"corvid quorum\n";

/// The format that this release writes.
pub(crate) const FORMAT: u32 = 1;

/// Magic and format version.
const HEADER: usize = MAGIC.len() + 4;

/// Length and checksum.
const FRAME_HEADER: usize = 8;

/// The longest payload of a frame. A batch is refused long before.
pub(crate) const MAX_PAYLOAD: usize = 256 << 20;

/// The open log.
///
/// Invariant: `end` is behind the last frame, and all below it is synced, unless `failed`.
pub(crate) struct Journal<M> {
    medium: M,
    end: u64,
    failed: bool,
}

impl<M: Medium> Journal<M> {
    /// A log of these frames, written anew as a whole: what a restart reads back may stand in the
    /// page cache only, where a failed sync has left it, and no later sync would write it.
    pub(crate) async fn found(mut medium: M, payloads: &[Vec<u8>]) -> io::Result<Self> {
        let bytes = encode(payloads);
        medium.replace(&bytes).await?;
        let end = bytes.len() as u64;
        Ok(Journal {
            medium,
            end,
            failed: false,
        })
    }

    /// Appends one frame, and returns when it is on disk.
    ///
    /// A failed write or sync ends the journal: what a disk has lost once, a second sync may
    /// report as safe.
    pub(crate) async fn append(&mut self, payload: &[u8]) -> io::Result<()> {
        self.check()?;
        self.failed = true;
        let frame = frame(payload);
        self.medium.write_at(self.end, &frame)?;
        fault::check("metadata.written")?;
        self.medium.sync().await?;
        fault::check("metadata.synced")?;
        self.end += frame.len() as u64;
        self.failed = false;
        Ok(())
    }

    /// Puts these frames in the place of all others: old or new are there after a crash, never a
    /// mixture.
    pub(crate) async fn rewrite(&mut self, payloads: &[Vec<u8>]) -> io::Result<()> {
        self.check()?;
        self.failed = true;
        let bytes = encode(payloads);
        self.medium.replace(&bytes).await?;
        self.end = bytes.len() as u64;
        self.failed = false;
        Ok(())
    }

    fn check(&self) -> io::Result<()> {
        if self.failed {
            Err(io::Error::other("the quorum's log has failed before, and is closed"))
        } else {
            Ok(())
        }
    }
}

/// A whole file of these frames.
pub(crate) fn encode(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = header();
    for payload in payloads {
        bytes.extend_from_slice(&frame(payload));
    }
    bytes
}

fn header() -> Vec<u8> {
    [MAGIC, &FORMAT.to_be_bytes()].concat()
}

fn frame(payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() <= MAX_PAYLOAD, "a batch is bounded before it gets here");
    let length = (payload.len() as u32).to_be_bytes();
    let mut frame = Vec::with_capacity(FRAME_HEADER + payload.len());
    frame.extend_from_slice(&length);
    frame.extend_from_slice(&checksum(payload).to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

/// Over the length too: a length that lies must not pick a checksum that fits.
fn checksum(payload: &[u8]) -> u32 {
    let mut covered = Vec::with_capacity(4 + payload.len());
    covered.extend_from_slice(&(payload.len() as u32).to_be_bytes());
    covered.extend_from_slice(payload);
    corvid_record::crc32c(&covered)
}
