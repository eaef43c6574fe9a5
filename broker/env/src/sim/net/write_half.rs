//! The writing half of a connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

use crate::sim::host::Host;
use crate::sim::state;
use crate::{random, trace};

#[derive(Debug)]
pub(crate) struct OwnedWriteHalf {
    inner: turmoil::net::tcp::OwnedWriteHalf,
    host: Arc<Host>,
}

impl OwnedWriteHalf {
    pub(super) fn new(inner: turmoil::net::tcp::OwnedWriteHalf) -> Self {
        Self {
            inner,
            host: state::current(),
        }
    }
}

/// The most that one write sends: frames arrive in pieces that fit no boundary.
const PIECE_BYTES: u64 = 16 * 1024;

impl AsyncWrite for OwnedWriteHalf {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.host.is_dead() {
            // Nobody wakes it: the task ends with its host.
            return Poll::Pending;
        }
        let piece = (1 + random::below(PIECE_BYTES)).min(buf.len() as u64) as usize;
        let sent = ready!(Pin::new(&mut self.inner).poll_write(cx, &buf[..piece]))?;
        trace::note("send", &buf[..sent]);
        Poll::Ready(Ok(sent))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.host.is_dead() {
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
