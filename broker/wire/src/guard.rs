//! The guard: walks a message before the protocol crate decodes it.
//!
//! `kafka-protocol`'s decoder reserves room for as many elements as the wire says, so four hostile
//! bytes could abort the process. The guard walks the same bytes by a schema of our own
//! (`schemas`) and refuses what a decoder must not see: a count or length beyond the bytes that
//! are left, a null where the protocol has none, a string beyond Kafka's limit or not UTF-8, a
//! tagged field whose size is not its content's, too many elements or tagged fields, and a message
//! whose decoded form would be out of proportion to its bytes.
//!
//! Bytes behind the last field are no error: Kafka 4.3.1 ignores them, so a client may send some.
//!
//! Invariant: what passes, `kafka-protocol` decodes without an error, to the same byte, into at most
//! [`decoded_bytes_max`] bytes of memory. The tests check that for every API and version. The depth
//! of nesting is the schema's, never the peer's.

mod cursor;
mod field;
#[cfg(any(test, feature = "generator"))]
pub mod generator;
pub(crate) mod schemas;
#[cfg(test)]
mod tests;
mod walk;

use thiserror::Error;

use crate::limits;
use crate::versions;

pub(crate) use cursor::Cursor;
pub(crate) use field::{Field, Messages};

/// Checks the body of a request, whose header has been taken off.
pub fn check(api_key: i16, version: i16, body: &[u8]) -> Result<(), GuardError> {
    check_by(api_key, version, body, |messages| messages.request)
}

/// Checks the body of a response, whose header has been taken off: for our own client, and for who
/// fetches from another broker.
pub fn check_response(api_key: i16, version: i16, body: &[u8]) -> Result<(), GuardError> {
    check_by(api_key, version, body, |messages| messages.response)
}

fn check_by(
    api_key: i16,
    version: i16,
    body: &[u8],
    fields: fn(&Messages) -> &'static [Field],
) -> Result<(), GuardError> {
    let api = versions::api(api_key).ok_or(GuardError::UnknownApi { api_key })?;
    if !api.decodes(version) {
        return Err(GuardError::UnsupportedVersion { api: api.name, version });
    }
    walk::walk(fields(&api.messages), version, api.is_flexible(version), body).map(drop)
}

/// The most memory that a message of this many bytes may take once decoded, beside the bytes
/// themselves.
pub const fn decoded_bytes_max(message_bytes: usize) -> usize {
    limits::DECODED_BYTES_FREE + limits::DECODED_FACTOR_MAX * message_bytes
}

/// Why the guard refused a message. For requests, Kafka closes the connection in every one of these cases but [`Self::NotUtf8`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GuardError {
    /// No API of ours has this key.
    #[error("no API has the key {api_key}")]
    UnknownApi {
        /// Its key.
        api_key: i16,
    },
    /// The API is ours, the version isn't.
    #[error("{api} has no version {version} here")]
    UnsupportedVersion {
        /// Kafka's name of the API.
        api: &'static str,
        /// Its version.
        version: i16,
    },
    /// The body ends inside a field.
    #[error("the message ends inside {field}")]
    Truncated {
        /// Kafka's name of the field.
        field: &'static str,
    },
    /// A count that the bytes left can't hold, or a negative one.
    #[error("{field} claims {count} elements, but {left} bytes are left")]
    Count {
        /// Kafka's name of the array.
        field: &'static str,
        /// The count on the wire.
        count: i64,
        /// The bytes left after it.
        left: usize,
    },
    /// A length that the bytes left can't hold, or a negative one.
    #[error("{field} claims {length} bytes, but {left} are left")]
    Length {
        /// Kafka's name of the field.
        field: &'static str,
        /// The length on the wire.
        length: i64,
        /// The bytes left after it.
        left: usize,
    },
    /// A string beyond Kafka's limit.
    #[error("{field} has {length} bytes, and a string may have {}", limits::STRING_BYTES_MAX)]
    StringTooLong {
        /// Kafka's name of the field.
        field: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// A string that isn't UTF-8.
    #[error("{field} is not UTF-8")]
    NotUtf8 {
        /// Kafka's name of the field.
        field: &'static str,
    },
    /// A null where the protocol has none.
    #[error("{field} is null, and may not be")]
    Null {
        /// Kafka's name of the field.
        field: &'static str,
    },
    /// A variable-length integer of more than 32 bits.
    #[error("{field} has a number of more than 32 bits")]
    Varint {
        /// Kafka's name of the field.
        field: &'static str,
    },
    /// A tagged field whose announced size isn't what its content takes.
    #[error("tagged field {field} announces {announced} bytes and takes {taken}")]
    TagSize {
        /// Kafka's name of the field.
        field: &'static str,
        /// The size on the wire.
        announced: usize,
        /// The bytes that its content took.
        taken: usize,
    },
    /// A tagged field of a later version than the message's.
    #[error("tagged field {field} belongs to a later version")]
    TagTooNew {
        /// Kafka's name of the field.
        field: &'static str,
    },
    /// More elements in all its arrays than a message may have.
    #[error("more than {} array elements in one message", limits::ELEMENTS_MAX)]
    TooManyElements,
    /// More tagged fields than a message may have.
    #[error("more than {} tagged fields in one message", limits::TAGGED_FIELDS_MAX)]
    TooManyTaggedFields,
    /// Decoded, the message would take far more memory than its own bytes.
    #[error("a message of {message_bytes} bytes would take more than {} decoded", decoded_bytes_max(*message_bytes))]
    TooDense {
        /// The size of its body.
        message_bytes: usize,
    },
}
