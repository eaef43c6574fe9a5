//! The writing half of a connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::fs::FileRange;
use crate::imp;

/// Sends to the other end.
#[derive(Debug)]
pub struct WriteHalf {
    inner: imp::net::OwnedWriteHalf,
}

impl WriteHalf {
    pub(super) fn new(inner: imp::net::OwnedWriteHalf) -> Self {
        Self { inner }
    }

    /// Sends all of `bytes`.
    pub async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        AsyncWriteExt::write_all(self, bytes).await
    }

    /// Sends all of `bufs`, one after the other, with as few system calls as it takes. The slices are used up on the way.
    pub async fn write_vectored_all(&mut self, mut bufs: &mut [IoSlice<'_>]) -> io::Result<()> {
        IoSlice::advance_slices(&mut bufs, 0);
        while !bufs.is_empty() {
            let sent = AsyncWriteExt::write_vectored(self, bufs).await?;
            if sent == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            IoSlice::advance_slices(&mut bufs, sent);
        }
        Ok(())
    }

    /// Sends a piece of a file (`sendfile`: from the page cache to the socket). A file that ends before the range does is
    /// [`io::ErrorKind::UnexpectedEof`], after which the connection is of no use.
    ///
    /// What is not in memory is read from the disk here and blocks the thread: see [`crate::fs::File::resident`].
    pub async fn send_range(&mut self, range: &FileRange) -> io::Result<()> {
        imp::net::send_range(&mut self.inner, range).await
    }

    /// With `true`, what does not fill a packet waits for what follows it, until `false` sends it all: so that the other
    /// end is not woken for the first and the last bytes of an answer alone.
    pub fn hold_back(&self, hold: bool) -> io::Result<()> {
        imp::net::hold_back(&self.inner, hold)
    }

    /// Says that nothing more will be sent.
    pub async fn shutdown(&mut self) -> io::Result<()> {
        AsyncWriteExt::shutdown(self).await
    }
}

impl AsyncWrite for WriteHalf {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
