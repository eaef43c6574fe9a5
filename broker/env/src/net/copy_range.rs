//! Sending a piece of a file by reading it: where there is no `sendfile`.

use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::fs::FileRange;

/// The most that is in memory at a time.
const PIECE_BYTES: u64 = 64 * 1024;

/// Reads the range piece by piece and sends each.
pub(crate) async fn copy_range<W: AsyncWrite + Unpin>(socket: &mut W, range: &FileRange) -> io::Result<()> {
    let mut buffer = vec![0; PIECE_BYTES.min(range.len) as usize];
    let mut sent = 0;
    while sent < range.len {
        let piece = (range.len - sent).min(PIECE_BYTES) as usize;
        range.file.read_exact_at(range.offset + sent, &mut buffer[..piece])?;
        socket.write_all(&buffer[..piece]).await?;
        sent += piece as u64;
    }
    Ok(())
}
