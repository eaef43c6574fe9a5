//! Every config that a Kafka client can ask for or set: its type, default, range and meaning, and
//! whether Corvid gives it an effect.
//!
//! The tables are data ([`topic_keys`], [`broker_keys`], [`group_keys`]); [`validate_topic`] and its kin check one
//! change, [`check_topic`] a topic's whole set, [`TopicSettings`] is the typed result, and
//! [`describe_topic`] and [`describe_broker`] say what DescribeConfigs answers.

mod broker_absent;
mod broker_coordinator_table;
mod broker_log_table;
mod broker_table;
mod describe;
mod group_table;
mod key;
pub mod keys;
mod layers;
mod retries;
mod settings;
#[cfg(test)]
mod tests;
mod topic_table;
mod validate;

pub use describe::{Described, Synonym, describe_broker, describe_group, describe_topic};
pub use key::{Check, ConfigKey, ConfigType, Scale, Support};
pub use layers::{BrokerLayers, Source};
pub use settings::{CleanupPolicy, CompressionType, Durability, TimestampType, TopicSettings};
pub use validate::{check_together, check_topic, validate_broker, validate_group, validate_topic};
pub(crate) use validate::{same_value, validate_bindings};

/// The effective configs of a topic, a broker or a group, by key.
pub type Configs = std::collections::BTreeMap<String, String>;

/// A change of a config that is not accepted. On the wire: INVALID_CONFIG.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// No such key.
    #[error("unknown {resource} config \"{key}\"")]
    Unknown {
        /// "topic", "broker" or "group".
        resource: &'static str,
        /// What was asked for.
        key: String,
    },
    /// The value is not of the key's type, or out of its range.
    #[error("invalid value {value:?} for config {key}: {reason}")]
    Invalid {
        /// The key.
        key: String,
        /// What was given, cut to a length that fits a message.
        value: String,
        /// What would be right.
        reason: String,
    },
    /// Kafka would take it, Corvid does not (yet).
    #[error("config {key} = {value:?} is not supported: {reason}")]
    Refused {
        /// The key.
        key: String,
        /// What was given, cut to a length that fits a message.
        value: String,
        /// Why not.
        reason: &'static str,
    },
    /// A broker config that is read at start only.
    #[error("config {key} can only be set in the node's own file, and takes effect at its next start")]
    ReadOnly {
        /// The key.
        key: String,
    },
    /// A broker config of Kafka's that is shown and does nothing.
    #[error("config {key} cannot be set: it is for something of Kafka's that this release does not have")]
    Absent {
        /// The key.
        key: String,
    },
    /// Each value is fine, but not together.
    #[error("{0}")]
    Incoherent(String),
}

impl ConfigError {
    pub(crate) fn invalid(key: &str, value: &str, reason: impl Into<String>) -> Self {
        ConfigError::Invalid {
            key: key.to_owned(),
            value: value.chars().take(100).collect(),
            reason: reason.into(),
        }
    }
}

/// Every topic config, sorted by name.
pub fn topic_keys() -> &'static [ConfigKey] {
    topic_table::TABLE
}

/// Every broker config: those that do something here, and those of Kafka that do not.
pub fn broker_keys() -> impl Iterator<Item = &'static ConfigKey> {
    broker_log_table::TABLE
        .iter()
        .chain(broker_table::TABLE)
        .chain(broker_coordinator_table::TABLE)
        .chain(std::iter::once_with(broker_absent::table).flatten())
}

/// Every config of a consumer group, sorted by name.
pub fn group_keys() -> &'static [ConfigKey] {
    group_table::TABLE
}

/// A topic config by its name.
pub fn topic_key(name: &str) -> Option<&'static ConfigKey> {
    topic_keys().iter().find(|key| key.name == name)
}

/// A broker config by its name.
pub fn broker_key(name: &str) -> Option<&'static ConfigKey> {
    broker_keys().find(|key| key.name == name)
}

/// A group config by its name.
pub fn group_key(name: &str) -> Option<&'static ConfigKey> {
    group_keys().iter().find(|key| key.name == name)
}
