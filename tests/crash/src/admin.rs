//! What is asked of the admin listener of a node that may die meanwhile.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A node that lives answers within this time; else it hangs.
const HANGS: Duration = Duration::from_secs(60);

/// It makes no sense now.
pub const REFUSED: u16 = 400;
/// Something else came between.
pub const CONFLICT: u16 = 409;
/// It can't be done as things are.
pub const UNPROCESSABLE: u16 = 422;
/// Later, perhaps.
pub const UNAVAILABLE: u16 = 503;

/// An answer: its status, and what it says.
pub type Answer = (u16, Value);

/// Sends a POST, and reads the answer to its end. An [`std::io::Error`]: the node died, before or after it did it.
pub async fn post(address: SocketAddr, path: &str, body: &Value) -> anyhow::Result<Answer> {
    let body = body.to_string();
    let headers = format!(
        "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    call(address, "POST", path, &headers).await
}

/// The same with a GET.
pub async fn get(address: SocketAddr, path: &str) -> anyhow::Result<Answer> {
    call(address, "GET", path, "\r\n").await
}

/// A number in an answer.
pub fn number(body: &Value, name: &str) -> anyhow::Result<i64> {
    body[name].as_i64().with_context(|| format!("no {name} in {body}"))
}

/// Whether the node has died under a request.
pub fn has_died(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some()
}

async fn call(address: SocketAddr, method: &str, path: &str, rest: &str) -> anyhow::Result<Answer> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{rest}");
        stream.write_all(request.as_bytes()).await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        let cut = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        // A node that died has cut its answer anywhere.
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let body = serde_json::from_str(body).map_err(|_| cut())?;
        Ok::<Answer, std::io::Error>((status.ok_or_else(cut)?, body))
    };
    let answer = timeout(HANGS, exchange).await;
    Ok(answer.with_context(|| format!("{method} {path} is not answered"))??)
}
