//! Ids, each a type of its own, so that two kinds cannot be mixed up.

mod base64url;
mod digest;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use digest::{Digest, DigestError};

/// A broker's number in its cluster, as Kafka's `node.id`. Never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub i32);

/// A partition's number in its topic, from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartitionIndex(pub i32);

impl PartitionIndex {
    /// The position in a topic's list of partitions; `None` for a negative number from the wire.
    pub fn position(self) -> Option<usize> {
        usize::try_from(self.0).ok()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for PartitionIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A topic's identity (KIP-516): a UUID that a topic of the same name, created later, does not get.
/// Shown as Kafka shows it: 22 characters of base64url without padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub [u8; 16]);

impl TopicId {
    /// All zero: "no topic id" on the wire. No topic ever has it.
    pub const ZERO: TopicId = TopicId([0; 16]);
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&uuid_text(&self.0))
    }
}

impl fmt::Debug for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicId({self})")
    }
}

/// A text that is no UUID in Kafka's spelling.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a UUID as Kafka writes it: 22 characters of base64url")]
pub struct UuidError {
    /// What was given.
    pub text: String,
}

impl FromStr for TopicId {
    type Err = UuidError;

    fn from_str(text: &str) -> Result<Self, UuidError> {
        uuid_from_text(text).map(TopicId)
    }
}

impl Serialize for TopicId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TopicId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A UUID in Kafka's spelling: 22 characters of base64url. Cluster ids are written so, too.
pub fn uuid_text(uuid: &[u8; 16]) -> String {
    base64url::encode(uuid)
}

/// Reads what [`uuid_text`] wrote.
pub fn uuid_from_text(text: &str) -> Result<[u8; 16], UuidError> {
    base64url::decode(text)
        .and_then(|bytes| <[u8; 16]>::try_from(bytes).ok())
        .ok_or_else(|| UuidError {
            text: text.chars().take(64).collect(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn uuids_are_spelled_as_kafka_spells_them() {
        // From Kafka's UuidTest: fromString("QyKfbCYjRMyYbHNqbY4NTg") and its bytes.
        let id: TopicId = "AAAAAAAAAAAAAAAAAAAAAQ".parse().unwrap();
        assert_eq!(id.0[15], 1);
        assert_eq!(id.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(TopicId::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(TopicId([0xff; 16]).to_string(), "_____________________w");
    }

    #[test]
    fn what_is_no_uuid_is_refused() {
        for text in [
            "",
            "AAAA",
            "AAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAA+",
            "AAAAAAAAAAAAAAAAAAAAAR",
            "é",
        ] {
            assert!(text.parse::<TopicId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_uuid_survives_its_spelling(bytes: [u8; 16]) {
            prop_assert_eq!(uuid_from_text(&uuid_text(&bytes)), Ok(bytes));
        }
    }
}
