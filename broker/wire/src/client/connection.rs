//! One socket, one request at a time.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use corvid_env::net::{ReadHalf, TcpStream, WriteHalf, resolve};
use kafka_protocol::protocol::{Decodable, HeaderVersion, Request};

use super::ClientError;
use crate::guard::{self, Cursor};
use crate::limits;
use crate::versions::Api;

/// A connection to a broker.
pub(super) struct Connection {
    read: ReadHalf,
    write: WriteHalf,
    next_correlation_id: i32,
}

impl Connection {
    /// Connects to the first address of `host:port` that answers.
    pub async fn open(address: &str) -> Result<Self, ClientError> {
        let bad_address = || ClientError::Address {
            address: address.to_owned(),
        };
        let (host, port) = address.rsplit_once(':').ok_or_else(bad_address)?;
        let port = port.parse().map_err(|_| bad_address())?;
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        let failed = |source| ClientError::Connect {
            address: address.to_owned(),
            source,
        };
        let mut last = io::Error::from(io::ErrorKind::NotFound);
        for address in resolve(host, port).await.map_err(failed)? {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    stream.set_nodelay(true).map_err(failed)?;
                    let (read, write) = stream.into_split();
                    return Ok(Self {
                        read,
                        write,
                        next_correlation_id: 0,
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(failed(last))
    }

    /// Sends a request and waits for its response. When the future is dropped, or fails, the
    /// connection is of no further use.
    pub async fn call<R: Request>(
        &mut self,
        api: &Api,
        version: i16,
        client_id: &str,
        request: &R,
    ) -> Result<R::Response, ClientError> {
        let correlation_id = self.next_correlation_id;
        self.next_correlation_id = correlation_id.wrapping_add(1);
        let bytes = encode_request(api, version, correlation_id, client_id, request)?;
        self.write.write_all(&bytes).await?;
        let mut response = self.read_frame().await?;
        let echoed = take_header(&mut response, R::Response::header_version(version))?;
        if echoed != correlation_id {
            return Err(ClientError::Malformed {
                what: "the response answers another request",
            });
        }
        guard::check_response(api.key, version, &response)?;
        let decoded = R::Response::decode(&mut response, version).map_err(|error| ClientError::Decode {
            api: api.name,
            version,
            reason: error.to_string(),
        })?;
        if response.is_empty() {
            Ok(decoded)
        } else {
            Err(ClientError::Malformed {
                what: "bytes follow the response",
            })
        }
    }

    async fn read_frame(&mut self) -> Result<Bytes, ClientError> {
        let mut prefix = [0; 4];
        self.read.read_exact(&mut prefix).await?;
        let size = i32::from_be_bytes(prefix);
        let size = usize::try_from(size)
            .ok()
            .filter(|&size| size <= limits::CLIENT_RESPONSE_BYTES_MAX)
            .ok_or(ClientError::ResponseSize { size })?;
        // Room for what has arrived and the same again: a size alone allocates nothing much.
        let mut frame = BytesMut::with_capacity(size.min(limits::READ_CHUNK_BYTES));
        while frame.len() < size {
            if frame.len() == frame.capacity() {
                frame.reserve((size - frame.len()).min(frame.len()));
            }
            // The socket holds nothing beyond this response, because nothing else was asked for.
            if self.read.read(&mut frame).await? == 0 {
                return Err(ClientError::Closed);
            }
        }
        if frame.len() == size {
            Ok(frame.freeze())
        } else {
            Err(ClientError::Malformed {
                what: "bytes follow the response",
            })
        }
    }
}

fn encode_request<R: Request>(
    api: &Api,
    version: i16,
    correlation_id: i32,
    client_id: &str,
    request: &R,
) -> Result<BytesMut, ClientError> {
    let failed = |reason: String| ClientError::Encode {
        api: api.name,
        version,
        reason,
    };
    let mut frame = BytesMut::with_capacity(512);
    frame.put_i32(0);
    frame.put_i16(api.key);
    frame.put_i16(version);
    frame.put_i32(correlation_id);
    frame.put_i16(i16::try_from(client_id.len()).map_err(|_| failed("the client id is too long".to_owned()))?);
    frame.put_slice(client_id.as_bytes());
    if api.request_header_version(version) == 2 {
        frame.put_u8(0);
    }
    request
        .encode(&mut frame, version)
        .map_err(|error| failed(error.to_string()))?;
    let size = i32::try_from(frame.len() - 4).map_err(|_| failed("the request is too large".to_owned()))?;
    frame[..4].copy_from_slice(&size.to_be_bytes());
    Ok(frame)
}

/// Takes the header off a response, and gives its correlation id.
fn take_header(response: &mut Bytes, header_version: i16) -> Result<i32, ClientError> {
    const FIELD: &str = "the response header";
    let malformed = |_| ClientError::Malformed {
        what: "the response's header",
    };
    let mut cursor = Cursor::new(response);
    let correlation_id = cursor.int32(FIELD).map_err(malformed)?;
    if header_version >= 1 {
        cursor.skip_tagged_fields(FIELD).map_err(malformed)?;
    }
    let taken = response.len() - cursor.left();
    response.advance(taken);
    Ok(correlation_id)
}
