//! The records of `__consumer_offsets`, in Apache Kafka's own format.
//!
//! Keys and values begin with a 16-bit number: a key's says what the record is about, a value's is its version.
//! What is read is hostile until checked: every length is checked against the bytes that are left.

mod group_metadata;
mod key;
mod offset_commit;
mod reader;
pub(crate) mod subscription;
#[cfg(test)]
mod tests;
mod writer;

use bytes::Bytes;

pub use group_metadata::{GroupMetadata, MemberMetadata};
pub use key::Key;
pub use offset_commit::OffsetCommit;
pub use reader::SchemaError;

/// One record of the log: a key, and a value or a tombstone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A group's committed offset for one partition.
    Offset {
        /// The group.
        group: String,
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The offset, or a tombstone.
        value: Option<OffsetCommit>,
    },
    /// A group's state.
    Group {
        /// The group.
        group: String,
        /// Its state, or a tombstone.
        value: Option<GroupMetadata>,
    },
    /// A record of a kind or version that this release does not know: left in the log, and not acted upon.
    Unknown,
}

impl Record {
    /// Reads a record of the log.
    pub fn decode(key: &[u8], value: Option<&[u8]>) -> Result<Self, SchemaError> {
        match Key::decode(key)? {
            Key::OffsetCommit {
                group,
                topic,
                partition,
            } => {
                let Some(value) = known(value.map(OffsetCommit::decode))? else {
                    return Ok(Self::Unknown);
                };
                Ok(Self::Offset {
                    group,
                    topic,
                    partition,
                    value,
                })
            }
            Key::GroupMetadata { group } => {
                let Some(value) = known(value.map(GroupMetadata::decode))? else {
                    return Ok(Self::Unknown);
                };
                Ok(Self::Group { group, value })
            }
            Key::Unknown(_) => Ok(Self::Unknown),
        }
    }

    /// The bytes to write: a key, and a value or nothing.
    ///
    /// # Panics
    ///
    /// On an `Unknown` record: nobody writes what nobody understands.
    pub fn encode(&self) -> (Bytes, Option<Bytes>) {
        match self {
            Self::Offset {
                group,
                topic,
                partition,
                value,
            } => {
                let key = Key::OffsetCommit {
                    group: group.clone(),
                    topic: topic.clone(),
                    partition: *partition,
                };
                (key.encode(), value.as_ref().map(OffsetCommit::encode))
            }
            Self::Group { group, value } => {
                let key = Key::GroupMetadata { group: group.clone() };
                (key.encode(), value.as_ref().map(GroupMetadata::encode))
            }
            Self::Unknown => panic!("a record of an unknown kind is never written"),
        }
    }
}

/// Tells a version that is too new (`None`) from a value, a tombstone (`Some(None)`), and an error.
fn known<T>(value: Option<Result<T, SchemaError>>) -> Result<Option<Option<T>>, SchemaError> {
    match value {
        None => Ok(Some(None)),
        Some(Ok(value)) => Ok(Some(Some(value))),
        Some(Err(SchemaError::UnknownVersion(_))) => Ok(None),
        Some(Err(error)) => Err(error),
    }
}
