//! The reading half of a connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use crate::imp;

/// Reads what the other end sends.
#[derive(Debug)]
pub struct ReadHalf {
    inner: imp::net::OwnedReadHalf,
}

impl ReadHalf {
    pub(super) fn new(inner: imp::net::OwnedReadHalf) -> Self {
        Self { inner }
    }

    /// Appends what has arrived to `buf`, waiting for at least one byte; says how many, 0 when the other end has closed.
    /// It reads into the room that `buf` has (some is made when there is none). Dropping the future loses nothing.
    pub async fn read(&mut self, buf: &mut BytesMut) -> io::Result<usize> {
        self.inner.read_buf(buf).await
    }

    /// Fills `buf`; [`io::ErrorKind::UnexpectedEof`] when the other end closes before. Dropping the future loses what was read.
    pub async fn read_exact(&mut self, buf: &mut [u8]) -> io::Result<()> {
        self.inner.read_exact(buf).await?;
        Ok(())
    }
}

impl AsyncRead for ReadHalf {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}
