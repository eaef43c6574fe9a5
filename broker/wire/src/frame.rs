//! Frames: from the socket to a request's header and body.

mod budget;
mod deadline;
mod header;
mod reader;
#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use thiserror::Error;

use crate::guard::GuardError;
use crate::limits;

pub use budget::{MemoryBudget, Permit};
pub use reader::{FrameLimits, FrameReader};

/// A request as it came: its header parsed, its body still to be guarded and decoded.
#[derive(Debug)]
pub struct Frame {
    /// The API: one of [`crate::versions::APIS`].
    pub api_key: i16,
    /// Its version, which we decode; for ApiVersions alone it may be any.
    pub api_version: i16,
    /// What the response has to repeat.
    pub correlation_id: i32,
    /// What the client calls itself. Requests of one connection share it.
    pub client_id: Option<Arc<str>>,
    /// What follows the header.
    pub body: Bytes,
    /// The memory that the frame takes, given back when this is dropped.
    pub permit: Permit,
}

/// Why no further frame can be read from a connection, which is then to be closed.
#[derive(Debug, Error)]
pub enum FrameError {
    /// The length prefix is beyond the limit, or beyond the whole budget of memory.
    #[error("a frame of {size} bytes is announced, and the limit is {limit}")]
    TooLarge {
        /// The announced size.
        size: usize,
        /// The limit that it is beyond.
        limit: usize,
    },
    /// The length prefix is negative.
    #[error("a frame of the negative size {size} is announced")]
    NegativeSize {
        /// The announced size.
        size: i32,
    },
    /// The peer closed the connection in the middle of a frame.
    #[error("the connection was closed inside a frame")]
    HalfSent,
    /// No request came for too long.
    #[error("no request came within the idle timeout")]
    Idle,
    /// A frame was begun and not finished in time.
    #[error("a frame was begun, and not finished in time")]
    Stalled,
    /// The header ends too early or holds nonsense.
    #[error("the request header is malformed: {0}")]
    Header(#[from] GuardError),
    /// The client id is beyond the limit.
    #[error("a client id of {length} bytes, and the limit is {}", limits::CLIENT_ID_BYTES_MAX)]
    ClientIdTooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// No API of ours has this key. Kafka closes the connection, too.
    #[error("no API has the key {api_key}")]
    UnknownApi {
        /// The key in the header.
        api_key: i16,
    },
    /// The API is ours, the version isn't. Kafka closes the connection, too.
    #[error("{api} has no version {version} here")]
    UnsupportedVersion {
        /// Kafka's name of the API.
        api: &'static str,
        /// The version in the header.
        version: i16,
    },
    /// The socket failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}
