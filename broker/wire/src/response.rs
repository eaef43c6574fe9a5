//! From an answer to the socket.

#[cfg(test)]
mod tests;
mod write;

use bytes::{BufMut, Bytes, BytesMut};
use corvid_env::fs::FileRange;
use kafka_protocol::protocol::Encodable;
use thiserror::Error;

use crate::limits;
use crate::versions;

pub use write::write_response;

/// A response, ready for the socket: length prefix, header and body, as pieces in order.
#[derive(Debug, Clone, Default)]
pub struct Response {
    chunks: Vec<Chunk>,
}

/// A piece of a response.
#[derive(Debug, Clone)]
pub enum Chunk {
    /// Bytes in memory.
    Bytes(Bytes),
    /// A piece of a file, which may go from the page cache to the socket without being copied.
    Range(FileRange),
}

impl Chunk {
    /// Its size in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Chunk::Bytes(bytes) => bytes.len() as u64,
            Chunk::Range(range) => range.len,
        }
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Response {
    /// The pieces, the first of which starts with the length prefix.
    pub fn chunks(&self) -> &[Chunk] {
        &self.chunks
    }

    /// The size on the wire, length prefix included.
    pub fn len(&self) -> u64 {
        self.chunks.iter().map(Chunk::len).sum()
    }

    /// Whether nothing at all is sent: the answer to a Produce with acks=0.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }
}

/// Encodes a message of the protocol crate as the response to a request of `api_key` and `version`.
///
/// ApiVersions' header is always version 0; otherwise flexible versions have header version 1. A
/// version of ApiVersions that we don't serve is answered by encoding version 0, as Kafka does.
pub fn encode<T: Encodable>(
    message: &T,
    version: i16,
    api_key: i16,
    correlation_id: i32,
) -> Result<Response, EncodeError> {
    let mut frame = start(api_key, version, correlation_id, SMALL_RESPONSE_BYTES)?;
    message
        .encode(&mut frame, version)
        .map_err(|error| EncodeError::Protocol(error.to_string()))?;
    finish(frame, &[])
}

/// Room for most responses at once.
const SMALL_RESPONSE_BYTES: usize = 256;

/// The length prefix, to be filled in, and the header.
pub(crate) fn start(api_key: i16, version: i16, correlation_id: i32, room: usize) -> Result<BytesMut, EncodeError> {
    let api = versions::api(api_key).ok_or(EncodeError::UnknownApi { api_key })?;
    let mut frame = BytesMut::with_capacity(room);
    frame.put_i32(0);
    frame.put_i32(correlation_id);
    if api.response_header_version(version) == 1 {
        frame.put_u8(0);
    }
    Ok(frame)
}

/// Fills in the length prefix, and cuts `bytes` where the `inserts` belong: each goes before the byte at its position.
pub(crate) fn finish(mut bytes: BytesMut, inserts: &[(usize, &Chunk)]) -> Result<Response, EncodeError> {
    let inserted = inserts.iter().map(|(_, chunk)| chunk.len()).sum::<u64>();
    let size = (bytes.len() - 4) as u64 + inserted;
    let prefix = i32::try_from(size).map_err(|_| EncodeError::TooLarge { bytes: size })?;
    bytes[..4].copy_from_slice(&prefix.to_be_bytes());
    let mut rest = bytes.freeze();
    let mut chunks = Vec::with_capacity(1 + 2 * inserts.len());
    let mut done = 0;
    for &(at, chunk) in inserts {
        if at > done {
            chunks.push(Chunk::Bytes(rest.split_to(at - done)));
            done = at;
        }
        chunks.push(chunk.clone());
    }
    if !rest.is_empty() {
        chunks.push(Chunk::Bytes(rest));
    }
    Ok(Response { chunks })
}

/// Why a response can't be encoded: a mistake of the handler, not of the client.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// No API of ours has this key.
    #[error("no API has the key {api_key}")]
    UnknownApi {
        /// The key.
        api_key: i16,
    },
    /// The API is ours, the version isn't.
    #[error("{api} has no version {version} here")]
    UnsupportedVersion {
        /// Kafka's name of the API.
        api: &'static str,
        /// The version.
        version: i16,
    },
    /// A string beyond Kafka's limit.
    #[error("a string of {length} bytes, and it may have {}", limits::STRING_BYTES_MAX)]
    StringTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The protocol crate can't encode this message in this version.
    #[error("the response could not be encoded: {0}")]
    Protocol(String),
    /// The length prefix has 31 bits.
    #[error("a response of {bytes} bytes is larger than the protocol allows")]
    TooLarge {
        /// The size without the prefix.
        bytes: u64,
    },
}
