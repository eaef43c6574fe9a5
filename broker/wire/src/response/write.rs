//! Writes a response with as few system calls as it takes.
//!
//! A small response is one `write`. Bytes that follow each other go out in one vectored write, and
//! small file ranges are read and join them: a `sendfile` of its own, and the packet that it ends,
//! cost more than copying 16 KiB. Large ranges go with `sendfile`, piece by piece; a piece that
//! isn't in the page cache is read off the network threads first.

use std::io::{self, IoSlice};
use std::time::Duration;

use bytes::Bytes;
use corvid_env::fs::FileRange;
use corvid_env::net::WriteHalf;
use corvid_env::{clock, task};

use super::{Chunk, Response};
use crate::limits;

/// Writes all of a response.
///
/// [`io::ErrorKind::TimedOut`] when the peer takes it more slowly than
/// [`limits::FRAME_BYTES_PER_SECOND_MIN`]. After an error, and when the future is dropped, the
/// connection is of no further use: a part of the response may have been sent.
pub async fn write_response(socket: &mut WriteHalf, response: Response) -> io::Result<()> {
    let large = response
        .chunks
        .iter()
        .any(|chunk| matches!(chunk, Chunk::Range(range) if is_large(range)));
    if large {
        socket.hold_back(true)?;
    }
    write_chunks(socket, response).await?;
    if large {
        socket.hold_back(false)?;
    }
    Ok(())
}

/// Whether it goes with a system call of its own.
fn is_large(range: &FileRange) -> bool {
    range.len >= limits::COALESCE_BYTES_MAX as u64
}

async fn write_chunks(socket: &mut WriteHalf, response: Response) -> io::Result<()> {
    let mut pending = Pending::default();
    for chunk in response.chunks {
        match chunk {
            Chunk::Bytes(bytes) => pending.push(bytes),
            Chunk::Range(range) if is_large(&range) => {
                pending.write(socket).await?;
                send(socket, range).await?;
            }
            Chunk::Range(range) => {
                pending.push(read(range).await?);
                if pending.bytes > limits::PENDING_WRITE_BYTES_MAX {
                    pending.write(socket).await?;
                }
            }
        }
    }
    pending.write(socket).await
}

/// Bytes that go out with the next write.
#[derive(Default)]
struct Pending {
    pieces: Vec<Bytes>,
    bytes: usize,
}

impl Pending {
    fn push(&mut self, piece: Bytes) {
        self.bytes += piece.len();
        self.pieces.push(piece);
    }

    async fn write(&mut self, socket: &mut WriteHalf) -> io::Result<()> {
        let bytes = self.bytes;
        self.bytes = 0;
        match self.pieces.as_slice() {
            [] => return Ok(()),
            [only] => in_time(bytes, socket.write_all(only)).await?,
            pieces => {
                let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
                in_time(bytes, socket.write_vectored_all(&mut slices)).await?;
            }
        }
        self.pieces.clear();
        Ok(())
    }
}

/// Sends a range from the page cache to the socket.
async fn send(socket: &mut WriteHalf, range: FileRange) -> io::Result<()> {
    let end = range.offset + range.len;
    let mut offset = range.offset;
    while offset < end {
        let len = (end - offset).min(limits::SEND_PIECE_BYTES);
        let piece = FileRange {
            file: range.file.clone(),
            offset,
            len,
        };
        if piece.file.resident(offset, len) {
            in_time(len as usize, socket.send_range(&piece)).await?;
        } else {
            let bytes = task::offload(move || read_now(&piece)).await?;
            in_time(bytes.len(), socket.write_all(&bytes)).await?;
        }
        offset += len;
    }
    Ok(())
}

async fn read(range: FileRange) -> io::Result<Bytes> {
    if range.file.resident(range.offset, range.len) {
        read_now(&range)
    } else {
        task::offload(move || read_now(&range)).await
    }
}

fn read_now(range: &FileRange) -> io::Result<Bytes> {
    let mut bytes = vec![0; range.len as usize];
    range.file.read_exact_at(range.offset, &mut bytes)?;
    Ok(bytes.into())
}

/// A peer that doesn't read must not hold a response in memory, nor its segment open, for ever.
async fn in_time(bytes: usize, write: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    let allowed = limits::WRITE_TIME_MAX + Duration::from_secs((bytes / limits::FRAME_BYTES_PER_SECOND_MIN) as u64);
    clock::timeout(allowed, write)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
