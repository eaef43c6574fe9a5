//! The Kafka wire: frames, the guard before every decode, responses, and a small client.
//!
//! What comes in from a socket passes three gates here before anyone else sees it:
//!
//! 1. [`frame`]: the size is checked against a limit, the bytes against a budget of memory that all
//!    connections share, and a peer that stalls is let go; the request header is parsed and its API
//!    and version looked up in [`versions`].
//! 2. [`guard`]: a walk over the body by our own schema of every message. Each count and length is
//!    checked against the bytes that are left, because the protocol crate's decoder allocates
//!    whatever the wire tells it to.
//! 3. [`decode()`]: only then does `kafka-protocol` decode.
//!
//! What goes out is a [`Response`]: chunks of bytes and of file ranges, written with as few system
//! calls as the case allows, ranges with `sendfile`.
//!
//! Invariants:
//! - No byte from the wire makes this crate panic, or allocate more than a small multiple of the
//!   bytes that really arrived.
//! - Only versions in [`versions::APIS`] are decoded; the protocol crate's own table is never asked.
//! - This crate knows no topic, partition or group: it moves messages.
//!
//! Who calls it: `api` (the server side), and the command line and the tests (the [`client`]).

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod client;
pub mod decode;
pub mod fetch;
pub mod frame;
pub mod guard;
pub mod limits;
pub mod response;
pub mod versions;

pub use decode::{DecodeError, decode};
pub use frame::{Frame, FrameError, FrameReader, MemoryBudget, Permit};
pub use guard::GuardError;
pub use response::{Chunk, EncodeError, Response, encode, write_response};

/// The protocol crate, for `api` alone: no other crate above this one names it.
pub use kafka_protocol as kafka;
/// The type of topic ids in the protocol crate.
pub use uuid::Uuid;
