//! Configs of topics, brokers and groups: what IncrementalAlterConfigs and AlterConfigs change.

mod edit;

use std::sync::Arc;

use corvid_metadata::config::{self, ConfigError, Configs};
use corvid_metadata::{Conflict, Image, NodeId, Record, TopicImage};

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
        topic: &str,
        changes: &[Change],
        validate_only: bool,
    ) -> Result<(), AlterConfigsError> {
        let build = |image: &Image| {
            let topic = find(image, topic)?;
            topic_records(topic, &edit::edited(&topic.configs, changes, config::topic_key)?)
        };
        self.alter(build, validate_only).await
    }

    /// Replaces all configs of a topic: what is absent goes back to its default.
    pub async fn replace_topic_configs(
        &self,
        topic: &str,
        configs: Configs,
        validate_only: bool,
    ) -> Result<(), AlterConfigsError> {
        let build = |image: &Image| topic_records(find(image, topic)?, &configs);
        self.alter(build, validate_only).await
    }

    /// Changes some configs of one broker, or of all (`None`).
    pub async fn alter_broker_configs(
        &self,
        node: Option<NodeId>,
        changes: &[Change],
        validate_only: bool,
    ) -> Result<(), AlterConfigsError> {
        let build = |image: &Image| {
            let present = image.broker_configs(node);
            broker_records(node, present, &edit::edited(present, changes, config::broker_key)?)
        };
        self.alter(build, validate_only).await
    }

    /// Replaces all dynamic configs of one broker, or of all (`None`).
    pub async fn replace_broker_configs(
        &self,
        node: Option<NodeId>,
        configs: Configs,
        validate_only: bool,
    ) -> Result<(), AlterConfigsError> {
        let build = |image: &Image| broker_records(node, image.broker_configs(node), &configs);
        self.alter(build, validate_only).await
    }

    /// Changes some configs of a consumer group.
    pub async fn alter_group_configs(
        &self,
        group: &str,
        changes: &[Change],
        validate_only: bool,
    ) -> Result<(), AlterConfigsError> {
        let build = |image: &Image| {
            let present = image.group_configs(group);
            group_records(group, present, &edit::edited(present, changes, config::group_key)?)
        };
        self.alter(build, validate_only).await
    }

    async fn alter(
        &self,
        build: impl Fn(&Image) -> Result<Vec<Record>, AlterConfigsError>,
        validate_only: bool,
    ) -> Result<(), AlterConfigsError> {
        if validate_only {
            let image = self.image();
            let records = build(&image)?;
            return image
                .apply(&records)
                .map(drop)
                .map_err(|conflict| refused(SubmitError::Conflict(conflict)));
        }
        self.submit_built(build, |_| false, refused).await.map(drop)
    }
}

fn find<'a>(image: &'a Image, topic: &str) -> Result<&'a Arc<TopicImage>, AlterConfigsError> {
    image
        .topic(topic)
        .ok_or_else(|| AlterConfigsError::UnknownTopic(topic.to_owned()))
}

/// A value that changes is checked by itself, and then all values together. One that stays is not
/// checked again: what an earlier release accepted must not bar the way to a better value.
fn topic_records(topic: &TopicImage, wanted: &Configs) -> Result<Vec<Record>, AlterConfigsError> {
    let differences = edit::differences(&topic.configs, wanted);
    for (key, value) in &differences {
        edit::check(
            key,
            value.as_deref(),
            |key, value| config::validate_topic(&topic.name, key, value),
            config::topic_key,
        )?;
    }
    config::check_together(&topic.name, wanted)?;
    let record = |(key, value)| Record::SetTopicConfig {
        topic: topic.id,
        key,
        value,
    };
    Ok(differences.into_iter().map(record).collect())
}

fn broker_records(node: Option<NodeId>, present: &Configs, wanted: &Configs) -> Result<Vec<Record>, AlterConfigsError> {
    let differences = edit::differences(present, wanted);
    for (key, value) in &differences {
        edit::check(key, value.as_deref(), config::validate_broker, config::broker_key)?;
    }
    let record = |(key, value)| Record::SetBrokerConfig { node, key, value };
    Ok(differences.into_iter().map(record).collect())
}

fn group_records(group: &str, present: &Configs, wanted: &Configs) -> Result<Vec<Record>, AlterConfigsError> {
    let differences = edit::differences(present, wanted);
    for (key, value) in &differences {
        edit::check(key, value.as_deref(), config::validate_group, config::group_key)?;
    }
    let record = |(key, value)| Record::SetGroupConfig {
        group: group.to_owned(),
        key,
        value,
    };
    Ok(differences.into_iter().map(record).collect())
}

/// What the log decided.
fn refused(error: SubmitError) -> AlterConfigsError {
    match error {
        SubmitError::Conflict(conflict @ Conflict::UnknownPlugin { .. }) => {
            AlterConfigsError::InvalidBinding(conflict.to_string())
        }
        SubmitError::Conflict(Conflict::PartitionerRefused(reason)) => {
            AlterConfigsError::InvalidConfig(ConfigError::Incoherent(reason))
        }
        SubmitError::Conflict(Conflict::UnknownTopic(id)) => AlterConfigsError::UnknownTopic(id.to_string()),
        other => AlterConfigsError::Submit(other),
    }
}
