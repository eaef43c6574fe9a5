//! Sockets of the machine.

use std::io;
use std::net::SocketAddr;

use rustix::fs::sendfile;
use rustix::io::Errno;
use tokio::io::Interest;
pub(crate) use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
pub(crate) use tokio::net::{TcpListener, TcpStream};

use crate::fs::FileRange;
use crate::net::copy_range;

pub(crate) async fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(addr).await
}

pub(crate) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
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
