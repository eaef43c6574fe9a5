//! Configs of topics, brokers and groups: what IncrementalAlterConfigs and AlterConfigs change.

use corvid_metadata::NodeId;
use corvid_metadata::config::{ConfigError, Configs};

use crate::controller::Controller;
use crate::error::SubmitError;

/// One change of one config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: String,
    /// What happens to it.
    pub op: Op,
}

/// What happens to a config.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// It gets this value.
    Set(String),
    /// It goes back to its default.
    Delete,
    /// These words, with commas between, are added to a list.
    Append(String),
    /// These words, with commas between, are taken from a list.
    Subtract(String),
}

/// Why configs were not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlterConfigsError {
    /// UNKNOWN_TOPIC_OR_PARTITION.
    #[error("there is no topic \"{0}\"")]
    UnknownTopic(String),
    /// INVALID_CONFIG.
    #[error("{0}")]
    InvalidConfig(#[from] ConfigError),
    /// INVALID_CONFIG: a binding names a plugin that isn't deployed.
    #[error("{0}")]
    InvalidBinding(String),
    /// INVALID_REQUEST: one key, twice.
    #[error("config {0} is changed twice in one request")]
    Twice(String),
    /// INVALID_CONFIG: the key is no list.
    #[error("config {0} is not a list: it can be set or deleted, not appended to or subtracted from")]
    NotAList(String),
    /// The quorum did not take it.
    #[error("{0}")]
    Submit(#[source] SubmitError),
}

impl Controller {
    /// Changes some configs of a topic.
    pub async fn alter_topic_configs(
        &self,
        _topic: &str,
        _changes: &[Change],
        _validate_only: bool,
    ) -> Result<(), AlterConfigsError> {
        todo!()
    }

    /// Replaces all configs of a topic: what is absent goes back to its default.
    pub async fn replace_topic_configs(
        &self,
        _topic: &str,
        _configs: Configs,
        _validate_only: bool,
    ) -> Result<(), AlterConfigsError> {
        todo!()
    }

    /// Changes some configs of one broker, or of all (`None`).
    pub async fn alter_broker_configs(
        &self,
        _node: Option<NodeId>,
        _changes: &[Change],
        _validate_only: bool,
    ) -> Result<(), AlterConfigsError> {
        todo!()
    }

    /// Replaces all dynamic configs of one broker, or of all (`None`).
    pub async fn replace_broker_configs(
        &self,
        _node: Option<NodeId>,
        _configs: Configs,
        _validate_only: bool,
    ) -> Result<(), AlterConfigsError> {
        todo!()
    }

    /// Changes some configs of a consumer group.
    pub async fn alter_group_configs(
        &self,
        _group: &str,
        _changes: &[Change],
        _validate_only: bool,
    ) -> Result<(), AlterConfigsError> {
        todo!()
    }
}
