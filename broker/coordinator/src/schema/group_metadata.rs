//! `GroupMetadataValue`: the state of a group.

use bytes::Bytes;

use super::reader::{Reader, SchemaError};
use super::writer::Writer;

/// Adds the rebalance timeout of members.
const WITH_REBALANCE_TIMEOUT: i16 = 1;
/// Adds the time of the last change.
const WITH_TIMESTAMP: i16 = 2;
/// Adds static members: what Kafka 4.3 writes.
const WITH_INSTANCE_ID: i16 = 3;
/// Flexible.
const FLEXIBLE: i16 = 4;

/// A group, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMetadata {
    /// The protocol type, or empty.
    pub protocol_type: String,
    /// The generation.
    pub generation: i32,
    /// The chosen protocol; none in an empty group.
    pub protocol: Option<String>,
    /// The leader; none in an empty group.
    pub leader: Option<String>,
    /// When the group came into its state: milliseconds since the epoch.
    pub state_timestamp: Option<i64>,
    /// The members.
    pub members: Vec<MemberMetadata>,
}

/// A member, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberMetadata {
    /// The member's id.
    pub member_id: String,
    /// `group.instance.id` of a static member.
    pub group_instance_id: Option<String>,
    /// The client's id.
    pub client_id: String,
    /// Where the client connected from.
    pub client_host: String,
    /// Milliseconds that a rebalance waits for it.
    pub rebalance_timeout_ms: i32,
    /// Milliseconds without a heartbeat after which it counts as dead.
    pub session_timeout_ms: i32,
    /// What it offered for the chosen protocol.
    pub subscription: Bytes,
    /// What it was assigned.
    pub assignment: Bytes,
}

impl GroupMetadata {
    /// Reads a value of version 0 to 4.
    pub fn decode(bytes: &[u8]) -> Result<Self, SchemaError> {
        let mut reader = Reader::new(bytes);
        let version = reader.i16()?;
        if !(0..=FLEXIBLE).contains(&version) {
            return Err(SchemaError::UnknownVersion(version));
        }
        reader.set_flexible(version >= FLEXIBLE);
        let protocol_type = reader.string()?;
        let generation = reader.i32()?;
        let protocol = reader.nullable_string()?;
        let leader = reader.nullable_string()?;
        let timestamp = if version >= WITH_TIMESTAMP { reader.i64()? } else { -1 };
        let count = reader.count()?;
        let members = (0..count)
            .map(|_| MemberMetadata::read(&mut reader, version))
            .collect::<Result<Vec<_>, _>>()?;
        reader.tags(|_, _| Ok(()))?;
        if !members.is_empty() && protocol.is_none() {
            return Err(SchemaError::Inconsistent("a group with members has no protocol"));
        }
        let state_timestamp = (timestamp != -1).then_some(timestamp);
        Ok(Self {
            protocol_type,
            generation,
            protocol,
            leader,
            state_timestamp,
            members,
        })
    }

    /// The bytes that Kafka 4.3 writes: version 3.
    pub fn encode(&self) -> Bytes {
        let mut writer = Writer::new(WITH_INSTANCE_ID);
        writer.string(&self.protocol_type);
        writer.i32(self.generation);
        writer.nullable_string(self.protocol.as_deref());
        writer.nullable_string(self.leader.as_deref());
        writer.i64(self.state_timestamp.unwrap_or(-1));
        writer.i32(self.members.len() as i32);
        for member in &self.members {
            member.write(&mut writer);
        }
        writer.finish()
    }
}

impl MemberMetadata {
    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self, SchemaError> {
        let member_id = reader.string()?;
        let group_instance_id = if version >= WITH_INSTANCE_ID {
            reader.nullable_string()?
        } else {
            None
        };
        let client_id = reader.string()?;
        let client_host = reader.string()?;
        let rebalance_timeout_ms = if version >= WITH_REBALANCE_TIMEOUT {
            reader.i32()?
        } else {
            -1
        };
        let session_timeout_ms = reader.i32()?;
        let subscription = reader.bytes()?;
        let assignment = reader.bytes()?;
        reader.tags(|_, _| Ok(()))?;
        Ok(Self {
            member_id,
            group_instance_id,
            client_id,
            client_host,
            // Before version 1, rebalances waited for the session timeout.
            rebalance_timeout_ms: if rebalance_timeout_ms < 0 {
                session_timeout_ms
            } else {
                rebalance_timeout_ms
            },
            session_timeout_ms,
            subscription,
            assignment,
        })
    }

    fn write(&self, writer: &mut Writer) {
        writer.string(&self.member_id);
        writer.nullable_string(self.group_instance_id.as_deref());
        writer.string(&self.client_id);
        writer.string(&self.client_host);
        writer.i32(self.rebalance_timeout_ms);
        writer.i32(self.session_timeout_ms);
        writer.bytes(&self.subscription);
        writer.bytes(&self.assignment);
    }
}
