//! A listening socket.

use std::io;
use std::net::SocketAddr;

use super::TcpStream;
use crate::imp;

/// A socket that accepts connections.
#[derive(Debug)]
pub struct TcpListener {
    inner: imp::net::TcpListener,
}

impl TcpListener {
    /// Listens on `addr`; port 0 takes a free one. An address that was in use a moment ago can be taken again at once.
    pub async fn bind(addr: SocketAddr) -> io::Result<Self> {
        let inner = imp::net::bind(addr).await?;
        Ok(Self { inner })
    }

    /// Waits for the next connection. An error may be about that connection only, or about a lack of descriptors: the
    /// caller waits a little and calls again. Dropping the future loses no connection.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (inner, peer) = self.inner.accept().await?;
        Ok((TcpStream::new(inner), peer))
    }

    /// The address it listens on, with the port that it got.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}
