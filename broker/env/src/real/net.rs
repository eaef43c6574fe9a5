//! Sockets of the machine.

use std::io;
use std::net::SocketAddr;

use rustix::fs::sendfile;
use rustix::io::Errno;
use rustix::net::sockopt;
use tokio::io::Interest;
pub(crate) use tokio::net::TcpStream;
pub(crate) use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use crate::fs::FileRange;
use crate::net::copy_range;

/// Accepts connections that are not paced where both ends are on this machine.
///
/// There is no network between them to be shared fairly. But where the system shares it by pacing (BBR), it paces there,
/// too, with a timer for every 64 KiB, which is a third of what it costs to send a file.
#[derive(Debug)]
pub(crate) struct TcpListener {
    inner: tokio::net::TcpListener,
    /// How the system shares the network: for connections from elsewhere.
    congestion: Option<String>,
}

/// What every system has, and paces nothing. A connection that was paced once stays so: it has to begin like this.
const UNPACED: &str = "reno";

impl TcpListener {
    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.inner.accept().await?;
        let within = stream.local_addr().is_ok_and(|local| local.ip() == peer.ip());
        if let (false, Some(congestion)) = (within, &self.congestion) {
            // It may be gone already: whoever reads from it will see.
            let _ = sockopt::set_tcp_congestion(&stream, congestion);
        }
        Ok((stream, peer))
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

pub(crate) async fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let inner = tokio::net::TcpListener::bind(addr).await?;
    let congestion = sockopt::tcp_congestion(&inner).ok();
    // Where the system does not allow it, all connections are alike.
    let congestion = congestion.filter(|_| sockopt::set_tcp_congestion(&inner, UNPACED).is_ok());
    Ok(TcpListener { inner, congestion })
}

pub(crate) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

pub(crate) fn hold_back(socket: &OwnedWriteHalf, hold: bool) -> io::Result<()> {
    let stream: &TcpStream = socket.as_ref();
    Ok(sockopt::set_tcp_cork(stream, hold)?)
}

pub(crate) async fn send_range(socket: &mut OwnedWriteHalf, range: &FileRange) -> io::Result<()> {
    let stream: &TcpStream = socket.as_ref();
    let mut offset = range.offset;
    let end = range.offset + range.len;
    while offset < end {
        match send_some(stream, range, &mut offset, end).await {
            Ok(0) => {
                let message = format!("{} bytes of a range are no longer in its file", end - offset);
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
            }
            Ok(_) => {}
            Err(error) if cannot_send_files(&error) => {
                let rest = FileRange {
                    file: range.file.clone(),
                    offset,
                    len: end - offset,
                };
                return copy_range(socket, &rest).await;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// One `sendfile`, once the socket takes bytes; it moves `offset`.
async fn send_some(stream: &TcpStream, range: &FileRange, offset: &mut u64, end: u64) -> io::Result<usize> {
    let file = range.file.inner().std();
    let step = (end - *offset).min(STEP_BYTES) as usize;
    let send = || Ok(sendfile(stream, file, Some(&mut *offset), step)?);
    stream.async_io(Interest::WRITABLE, send).await
}

/// Whether this is a file system whose files the kernel can't send.
fn cannot_send_files(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    matches!(errno, Some(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP))
}

/// The most that one system call sends: other tasks of the thread get their turn in between.
const STEP_BYTES: u64 = 1024 * 1024;
