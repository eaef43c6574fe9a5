//! A connection without manners: requests go out before earlier ones are answered, or in halves.

use std::io;
use std::net::SocketAddr;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use corvid_env::net::{ReadHalf, TcpStream, WriteHalf};
use corvid_wire::kafka::protocol::{Decodable, HeaderVersion, Request};
use corvid_wire::versions;

/// A connection to a broker.
pub struct Pipe {
    read: ReadHalf,
    write: WriteHalf,
    next_correlation_id: i32,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum PipeError {
    /// The connection failed, or was closed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The answer is not what was asked for.
    #[error("the broker broke the protocol: {0}")]
    Protocol(String),
}

impl Pipe {
    /// Connects.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        Ok(Self {
            read,
            write,
            next_correlation_id: 0,
        })
    }

    /// Sends a request, and gives the id that its answer will have. Waits for nothing.
    pub async fn send<R: Request>(&mut self, version: i16, request: &R) -> Result<i32, PipeError> {
        let id = self.next_correlation_id;
        self.next_correlation_id += 1;
        let frame = frame(version, id, request)?;
        self.write.write_all(&frame).await?;
        Ok(id)
    }

    /// Sends bytes as they are.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write.write_all(bytes).await
    }

    /// Closes the sending half.
    pub async fn finish(&mut self) -> io::Result<()> {
        self.write.shutdown().await
    }

    /// The next answer: its correlation id and the message.
    pub async fn receive<R: Request>(&mut self, version: i16) -> Result<(i32, R::Response), PipeError> {
        let mut frame = self.receive_frame().await?;
        let broken = |what: &str| PipeError::Protocol(format!("{}: {what}", R::KEY));
        if frame.len() < 5 {
            return Err(broken("the answer is too short"));
        }
        let id = frame.get_i32();
        if R::Response::header_version(version) >= 1 && frame.get_u8() != 0 {
            return Err(broken("tagged fields in the header"));
        }
        let response = R::Response::decode(&mut frame, version).map_err(|error| broken(&error.to_string()))?;
        if frame.is_empty() {
            Ok((id, response))
        } else {
            Err(broken("bytes are left over"))
        }
    }

    /// The next answer as it came, without its length; an error of the kind `UnexpectedEof` if the broker has closed the
    /// connection.
    pub async fn receive_frame(&mut self) -> io::Result<Bytes> {
        let mut length = [0; 4];
        self.read.read_exact(&mut length).await?;
        let length = u32::from_be_bytes(length) as usize;
        let mut frame = BytesMut::zeroed(length);
        self.read.read_exact(&mut frame).await?;
        Ok(frame.freeze())
    }

    /// Sends a request and waits for its answer.
    pub async fn call<R: Request>(&mut self, version: i16, request: &R) -> Result<R::Response, PipeError> {
        let sent = self.send(version, request).await?;
        let (id, response) = self.receive::<R>(version).await?;
        if id == sent {
            Ok(response)
        } else {
            Err(PipeError::Protocol(format!("{id} answers {sent}")))
        }
    }
}

/// A request as it goes over the wire, with its length.
pub fn frame<R: Request>(version: i16, correlation_id: i32, request: &R) -> Result<Bytes, PipeError> {
    let mut body = BytesMut::new();
    request
        .encode(&mut body, version)
        .map_err(|error| PipeError::Protocol(error.to_string()))?;
    Ok(frame_of(R::KEY, version, correlation_id, &body))
}

/// A body as a request, with header and length.
pub fn frame_of(api_key: i16, version: i16, correlation_id: i32, body: &[u8]) -> Bytes {
    const CLIENT_ID: &[u8] = b"test";
    let mut frame = BytesMut::with_capacity(body.len() + 32);
    frame.put_i32(0);
    frame.put_i16(api_key);
    frame.put_i16(version);
    frame.put_i32(correlation_id);
    frame.put_i16(CLIENT_ID.len() as i16);
    frame.put_slice(CLIENT_ID);
    if versions::api(api_key).is_some_and(|api| api.request_header_version(version) == 2) {
        frame.put_u8(0);
    }
    frame.put_slice(body);
    let length = (frame.len() - 4) as u32;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    frame.freeze()
}
