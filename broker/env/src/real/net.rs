//! Sockets of the machine.

use std::io;
use std::net::SocketAddr;

use rustix::fs::sendfile;
use tokio::io::Interest;
pub(crate) use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
pub(crate) use tokio::net::{TcpListener, TcpStream};

use crate::fs::FileRange;

pub(crate) async fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(addr).await
}

pub(crate) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

pub(crate) async fn send_range(socket: &mut OwnedWriteHalf, range: &FileRange) -> io::Result<()> {
    let stream: &TcpStream = socket.as_ref();
    let file = range.file.inner().std();
    let mut offset = range.offset;
    let mut left = range.len;
    while left > 0 {
        let step = left.min(STEP_BYTES) as usize;
        let send = || Ok(sendfile(stream, file, Some(&mut offset), step)?);
        let sent = stream.async_io(Interest::WRITABLE, send).await?;
        if sent == 0 {
            let message = format!("{left} bytes of a range are no longer in its file");
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
        }
        left -= sent as u64;
    }
    Ok(())
}

/// The most that one system call sends: other tasks of the thread get their turn in between.
const STEP_BYTES: u64 = 1024 * 1024;
