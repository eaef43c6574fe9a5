//! What a record of `__consumer_offsets` is about.

use bytes::Bytes;

use super::reader::{Reader, SchemaError};
use super::writer::Writer;

/// The kinds of keys: the number at their beginning.
const LEGACY_OFFSET_COMMIT: i16 = 0;
const OFFSET_COMMIT: i16 = 1;
const GROUP_METADATA: i16 = 2;

/// A record's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// `OffsetCommitKey`: kinds 0 (long ago) and 1.
    OffsetCommit {
        /// The group.
        group: String,
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
    },
    /// `GroupMetadataKey`: kind 2.
    GroupMetadata {
        /// The group.
        group: String,
    },
    /// A kind of a later release, or of a kind of group that does not exist here.
    Unknown(i16),
}

impl Key {
    /// Reads a key.
    pub fn decode(bytes: &[u8]) -> Result<Self, SchemaError> {
        let mut reader = Reader::new(bytes);
        match reader.i16()? {
            LEGACY_OFFSET_COMMIT | OFFSET_COMMIT => Ok(Self::OffsetCommit {
                group: reader.string()?,
                topic: reader.string()?,
                partition: reader.i32()?,
            }),
            GROUP_METADATA => Ok(Self::GroupMetadata {
                group: reader.string()?,
            }),
            kind => Ok(Self::Unknown(kind)),
        }
    }

    /// The bytes of a key.
    ///
    /// # Panics
    ///
    /// On an `Unknown` key: nobody writes what nobody understands.
    pub fn encode(&self) -> Bytes {
        match self {
            Self::OffsetCommit {
                group,
                topic,
                partition,
            } => {
                let mut writer = Writer::new(OFFSET_COMMIT);
                writer.string(group);
                writer.string(topic);
                writer.i32(*partition);
                writer.finish()
            }
            Self::GroupMetadata { group } => {
                let mut writer = Writer::new(GROUP_METADATA);
                writer.string(group);
                writer.finish()
            }
            Self::Unknown(kind) => panic!("a key of the unknown kind {kind} is never written"),
        }
    }
}
