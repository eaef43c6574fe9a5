//! Turmoil's network, with the manners of a real one: writes are sent in pieces, and a dead host sends nothing.

mod stream;
mod write_half;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub(crate) use crate::net::copy_range as send_range;
pub(crate) use stream::TcpStream;
pub(crate) use turmoil::net::tcp::OwnedReadHalf;
pub(crate) use write_half::OwnedWriteHalf;

pub(crate) struct TcpListener {
    inner: turmoil::net::TcpListener,
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TcpListener({:?})", self.inner.local_addr())
    }
}

impl TcpListener {
    pub(crate) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.inner.accept().await?;
        crate::trace::note("accept", peer.to_string().as_bytes());
        Ok((TcpStream::new(stream), peer))
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the real one asks the kernel")]
pub(crate) fn hold_back(_socket: &OwnedWriteHalf, _hold: bool) -> io::Result<()> {
    Ok(())
}

/// Listens on every address of the host unless it is its loopback: turmoil knows no other choice.
pub(crate) async fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let ip = if addr.ip().is_loopback() {
        addr.ip()
    } else {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    };
    let inner = turmoil::net::TcpListener::bind((ip, addr.port())).await?;
    Ok(TcpListener { inner })
}

#[expect(
    clippy::unused_async,
    clippy::unnecessary_wraps,
    reason = "the real one asks a name server"
)]
pub(crate) async fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let ip = match host {
        "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        name => name.parse().unwrap_or_else(|_| turmoil::lookup(name)),
    };
    Ok(vec![SocketAddr::new(ip, port)])
}
