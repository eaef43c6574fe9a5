//! Between the protocol crate's types and ours.

use corvid_metadata::TopicId;
use corvid_wire::kafka::messages::TopicName;
use corvid_wire::kafka::protocol::StrBytes;
use uuid::Uuid;

/// A topic id as the protocol crate has it.
pub fn uuid(id: TopicId) -> Uuid {
    Uuid::from_bytes(id.0)
}

/// A topic id from the protocol crate.
pub fn topic_id(uuid: Uuid) -> TopicId {
    TopicId(uuid.into_bytes())
}

/// A topic's name as the protocol crate has it.
pub fn topic_name(name: &str) -> TopicName {
    TopicName(text(name))
}

/// A string as the protocol crate has it.
pub fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
