//! Kafka's rules for topic names.

/// The longest name: it must fit, with a partition's number, into a file name.
pub const MAX_LENGTH: usize = 249;

/// Kafka's internal topics: clients may not create, alter or write them as they like.
pub const INTERNAL: [&str; 3] = [CONSUMER_OFFSETS, "__transaction_state", "__share_group_state"];

/// The internal topic that consumer groups live in.
pub const CONSUMER_OFFSETS: &str = "__consumer_offsets";

/// The name of the raft log in KRaft mode: Kafka refuses it as a topic.
const CLUSTER_METADATA: &str = "__cluster_metadata";

/// A name that no topic can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopicNameError {
    /// The empty name.
    #[error("topic name is empty")]
    Empty,
    /// They mean directories.
    #[error("topic name cannot be \".\" or \"..\"")]
    Dots,
    /// See [`MAX_LENGTH`].
    #[error("topic name is {length} characters long, the limit is {MAX_LENGTH}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Outside of a to z, A to Z, 0 to 9, dot, underscore and hyphen.
    #[error("topic name contains {character:?}; only a-z, A-Z, 0-9, '.', '_' and '-' are legal")]
    IllegalCharacter {
        /// The first of them.
        character: char,
    },
    /// Kafka's own log of metadata.
    #[error("\"{CLUSTER_METADATA}\" is the name of the metadata log, not of a topic")]
    Reserved,
    /// See [`INTERNAL`]: the broker alone makes it, with partitions and configs that it counts on.
    #[error("\"{name}\" is one of the broker's own topics; it makes them when they are needed")]
    Internal {
        /// Which one.
        name: String,
    },
    /// See [`crate::retry_topic::of_retry_topic`].
    #[error(
        "\"{retry_topic}\" is a retry topic: a record from there that fails again is sent to it once more, not to one of its own"
    )]
    OfRetryTopic {
        /// Whose retry topic it would be.
        retry_topic: String,
    },
}

/// Whether a topic may have this name.
pub fn check(name: &str) -> Result<(), TopicNameError> {
    match name {
        "" => return Err(TopicNameError::Empty),
        "." | ".." => return Err(TopicNameError::Dots),
        CLUSTER_METADATA => return Err(TopicNameError::Reserved),
        _ => {}
    }
    if name.len() > MAX_LENGTH {
        return Err(TopicNameError::TooLong { length: name.len() });
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match name.chars().find(|c| !legal(*c)) {
        Some(character) => Err(TopicNameError::IllegalCharacter { character }),
        None => Ok(()),
    }
}

/// The name with dots as underscores. Two topics whose folded names are equal collide: metrics
/// write both characters as one, so Kafka refuses the second.
pub fn fold(name: &str) -> String {
    name.replace('.', "_")
}

/// Whether the topic is one of the broker's own.
pub fn is_internal(name: &str) -> bool {
    INTERNAL.contains(&name)
}

/// Whether Kafka Streams made this topic for itself. Its tasks count on records staying in the
/// partition where they were put.
pub fn is_streams_internal(name: &str) -> bool {
    name.ends_with("-changelog") || name.ends_with("-repartition")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_by_kafkas_rules() {
        for good in [
            "orders",
            "a",
            "Orders.v1_x-2",
            "...",
            "__consumer_offsets",
            &"x".repeat(249),
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "a b",
            "a/b",
            "ä",
            "a:b",
            "__cluster_metadata",
            "a\0",
            &"x".repeat(250),
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dots_and_underscores_collide() {
        assert_eq!(fold("a.b_c"), fold("a_b.c"));
        assert_ne!(fold("a.b"), fold("a-b"));
    }
}
