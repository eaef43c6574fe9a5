//! What can go wrong for a client.

use std::io;

use corvid_record::{BatchError, BuildError, RecordError};
use kafka_protocol::error::ResponseError;
use thiserror::Error;

use crate::guard::GuardError;

/// Why a client didn't get what it asked for.
#[derive(Debug, Error)]
pub enum ClientError {
    /// Not an address.
    #[error("{address} is not an address of the form host:port")]
    Address {
        /// What was given.
        address: String,
    },
    /// No connection could be made.
    #[error("can't connect to {address}: {source}")]
    Connect {
        /// Where to.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// No connection was made in time.
    #[error("can't connect to {address}: no answer in time")]
    ConnectTimeout {
        /// Where to.
        address: String,
    },
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    /// The broker closed the connection.
    #[error("the broker closed the connection")]
    Closed,
    /// The broker didn't answer in time.
    #[error("no answer to {api} in time")]
    TimedOut {
        /// Kafka's name of the API.
        api: &'static str,
    },
    /// The broker doesn't serve the API in a version that we speak.
    #[error("the broker serves no version of {api} that this client speaks")]
    NotServed {
        /// Kafka's name of the API.
        api: &'static str,
    },
    /// An API that this client doesn't speak.
    #[error("this client doesn't speak the API with the key {api_key}")]
    UnknownApi {
        /// Its key.
        api_key: i16,
    },
    /// The request can't be encoded in the version that the broker serves.
    #[error("{api} {version} can't be encoded: {reason}")]
    Encode {
        /// Kafka's name of the API.
        api: &'static str,
        /// The version.
        version: i16,
        /// What is wrong.
        reason: String,
    },
    /// The response can't be decoded.
    #[error("the response to {api} {version} can't be decoded: {reason}")]
    Decode {
        /// Kafka's name of the API.
        api: &'static str,
        /// The version.
        version: i16,
        /// What is wrong.
        reason: String,
    },
    /// The response isn't what its version says.
    #[error("the broker broke the protocol: {0}")]
    Guard(#[from] GuardError),
    /// A response of a size that can't be.
    #[error("a response of {size} bytes is announced")]
    ResponseSize {
        /// The announced size.
        size: i32,
    },
    /// The broker broke the protocol.
    #[error("the broker broke the protocol: {what}")]
    Malformed {
        /// How.
        what: &'static str,
    },
    /// The broker answered with an error.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// A batch that was fetched can't be read.
    #[error("{topic}-{partition}: {source}")]
    Batch {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// What is wrong.
        source: BatchError,
    },
    /// A record that was fetched can't be read.
    #[error("{topic}-{partition}: {source}")]
    Record {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// What is wrong.
        source: RecordError,
    },
    /// A batch can't be built of the records.
    #[error("no batch can be built of these records: {0}")]
    Build(#[from] BuildError),
}

impl ClientError {
    /// Whether the connection is what failed, so that a new one may help.
    pub fn is_connection(&self) -> bool {
        matches!(
            self,
            Self::Connect { .. } | Self::ConnectTimeout { .. } | Self::Io(_) | Self::Closed | Self::TimedOut { .. }
        )
    }

    /// Whether the same request may succeed later.
    pub fn is_retriable(&self) -> bool {
        self.is_connection() || matches!(self, Self::Broker(broker) if broker.error.is_retriable())
    }
}

/// An error code in a response.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}: {error} (Kafka's error {})", error.code())]
pub struct BrokerError {
    /// What it is about.
    pub what: String,
    /// Kafka's error.
    pub error: ResponseError,
}

impl BrokerError {
    /// An error unless the code is 0.
    pub fn check(code: i16, what: impl FnOnce() -> String) -> Result<(), Self> {
        match ResponseError::try_from_code(code) {
            None => Ok(()),
            Some(error) => Err(Self { what: what(), error }),
        }
    }
}
