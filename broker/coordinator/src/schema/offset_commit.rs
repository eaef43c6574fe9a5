//! `OffsetCommitValue`: a committed offset.

use bytes::Bytes;
use corvid_metadata::TopicId;

use super::reader::{Reader, SchemaError};
use super::writer::Writer;

/// Written when the offset has an expiry of its own, which later versions can't carry.
const WITH_EXPIRY: i16 = 1;
/// Adds the leader epoch.
const WITH_LEADER_EPOCH: i16 = 3;
/// Flexible: what Kafka 4.3 writes. The topic's id is its tagged field 0.
const FLEXIBLE: i16 = 4;

/// A committed offset, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetCommit {
    /// The next offset to consume.
    pub offset: i64,
    /// The leader epoch of the last consumed record, or -1.
    pub leader_epoch: i32,
    /// A string of the client's.
    pub metadata: String,
    /// When it was committed: milliseconds since the epoch.
    pub commit_timestamp: i64,
    /// When it expires, if the client said so (OffsetCommit v2 to v4).
    pub expire_timestamp: Option<i64>,
    /// The topic's id, if the client named it.
    pub topic_id: Option<TopicId>,
}

impl OffsetCommit {
    /// Reads a value of version 0 to 4.
    pub fn decode(bytes: &[u8]) -> Result<Self, SchemaError> {
        let mut reader = Reader::new(bytes);
        let version = reader.i16()?;
        if !(0..=FLEXIBLE).contains(&version) {
            return Err(SchemaError::UnknownVersion(version));
        }
        reader.set_flexible(version >= FLEXIBLE);
        let mut value = Self {
            offset: reader.i64()?,
            leader_epoch: if version >= WITH_LEADER_EPOCH {
                reader.i32()?
            } else {
                -1
            },
            metadata: reader.string()?,
            commit_timestamp: reader.i64()?,
            expire_timestamp: None,
            topic_id: None,
        };
        if version == WITH_EXPIRY {
            value.expire_timestamp = Some(reader.i64()?).filter(|at| *at != -1);
        }
        reader.tags(|tag, field| {
            if tag == 0 {
                let id = TopicId(Reader::new(field).uuid()?);
                value.topic_id = (id != TopicId::ZERO).then_some(id);
            }
            Ok(())
        })?;
        Ok(value)
    }

    /// The bytes that Kafka 4.3 writes: version 4, or 1 with an expiry.
    pub fn encode(&self) -> Bytes {
        let mut writer = match self.expire_timestamp {
            Some(_) => Writer::new(WITH_EXPIRY),
            None => Writer::flexible(FLEXIBLE),
        };
        writer.i64(self.offset);
        if self.expire_timestamp.is_none() {
            writer.i32(self.leader_epoch);
        }
        writer.string(&self.metadata);
        writer.i64(self.commit_timestamp);
        match (self.expire_timestamp, &self.topic_id) {
            (Some(at), _) => writer.i64(at),
            (None, Some(id)) => writer.tags(&[(0, &id.0)]),
            (None, None) => writer.tags(&[]),
        }
        writer.finish()
    }
}
