//! From a frame to a request.

use kafka_protocol::protocol::Request;
use thiserror::Error;

use crate::frame::Frame;
use crate::guard::{self, GuardError};

/// Guards and decodes the request of a frame. Its bytes and strings share the frame's memory.
///
/// # Panics
/// When the frame is of another API than `T`: the dispatch above chose `T` by the frame's key.
pub fn decode<T: Request>(frame: &Frame) -> Result<T, DecodeError> {
    assert_eq!(frame.api_key, T::KEY, "a frame is decoded as what its key says");
    decode_body::<T>(frame.api_version, frame.body.clone())
}

fn decode_body<T: Request>(version: i16, mut body: bytes::Bytes) -> Result<T, DecodeError> {
    guard::check(T::KEY, version, &body)?;
    T::decode(&mut body, version).map_err(|error| DecodeError::Protocol(error.to_string()))
}

/// Why a frame holds no request. As in Kafka, the connection is closed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The guard refused the bytes.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// The protocol crate refused what the guard let pass.
    #[error("the request could not be decoded: {0}")]
    Protocol(String),
}
