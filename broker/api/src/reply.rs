//! What a handler gives back to its connection.

use std::future::Future;
use std::pin::Pin;

use corvid_wire::kafka::protocol::Encodable;
use corvid_wire::{DecodeError, EncodeError, Frame, Response, encode};

/// An answer that comes later; polled by the connection when its turn has come, or earlier.
pub type LaterResponse = Pin<Box<dyn Future<Output = Result<Response, HandlerError>> + Send>>;

/// The answer to one request.
pub enum Reply {
    /// Ready.
    Now(Response),
    /// Waits for something: an acknowledgement, records, the other members of a group. It holds no
    /// memory permit.
    Later(LaterResponse),
    /// None: a produce with acks=0.
    Nothing,
}

/// Why a connection is closed instead of answered, as Kafka does.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The request is not what its version says.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The answer cannot be put into this version: a mistake of ours.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A produce with acks=0 failed: closing is the only way to tell.
    #[error("a produce with acks=0 failed: {0}")]
    Unacknowledged(String),
    /// The leader that took the request leads no longer: whoever waits asks the next one.
    #[error("deposed while a client waited")]
    Deposed,
}

/// What a handler's function returns.
pub type HandlerResult = Result<Reply, HandlerError>;

impl Reply {
    /// An answer that is computed later by `future`.
    pub fn later<F>(future: F) -> Self
    where
        F: Future<Output = Result<Response, HandlerError>> + Send + 'static,
    {
        Self::Later(Box::pin(future))
    }
}

/// Where an answer belongs: the request's API, version and number.
#[derive(Debug, Clone, Copy)]
pub struct Head {
    /// The API.
    pub key: i16,
    /// The version that the client asked in.
    pub version: i16,
    /// What the client numbers its requests by.
    pub correlation: i32,
}

impl Head {
    /// The head of a request.
    pub fn of(frame: &Frame) -> Self {
        Self {
            key: frame.api_key,
            version: frame.api_version,
            correlation: frame.correlation_id,
        }
    }

    /// An answer that is ready.
    pub fn now<T: Encodable>(self, message: &T) -> HandlerResult {
        Ok(Reply::Now(self.encode(message)?))
    }

    /// The bytes of an answer.
    pub fn encode<T: Encodable>(self, message: &T) -> Result<Response, HandlerError> {
        Ok(encode(message, self.version, self.key, self.correlation)?)
    }
}
