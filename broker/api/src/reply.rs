//! What a handler gives back to its connection.

use std::future::Future;
use std::pin::Pin;

use corvid_wire::{DecodeError, EncodeError, Response};

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
