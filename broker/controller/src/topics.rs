//! Topics: create, delete, add partitions. What Kafka checks, with Kafka's rules.

use corvid_metadata::config::{ConfigError, Configs};
use corvid_metadata::topic_name::TopicNameError;
use corvid_metadata::{NodeId, TopicId};

use crate::controller::Controller;
use crate::error::SubmitError;

/// A topic that is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// How many partitions; `None` for `num.partitions`.
    pub partitions: Option<i32>,
    /// How many replicas of each; `None` for `default.replication.factor`.
    pub replication_factor: Option<i16>,
    /// The replicas of each partition from 0 on, the preferred leader first, chosen by hand;
    /// then neither number above may be given. Empty: the broker places them.
    pub assignments: Vec<Vec<NodeId>>,
    /// What is to differ from the defaults.
    pub configs: Configs,
}

/// A topic as it was made, or would be.
#[derive(Clone, Debug, PartialEq)]
pub struct CreatedTopic {
    /// Its id; [`TopicId::ZERO`] if it was only validated.
    pub id: TopicId,
    /// How many partitions.
    pub partitions: i32,
    /// How many replicas of each.
    pub replication_factor: i16,
    /// What differs from the defaults.
    pub configs: Configs,
}

/// Why a topic was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateTopicError {
    /// INVALID_TOPIC_EXCEPTION.
    #[error("{0}")]
    InvalidName(#[from] TopicNameError),
    /// INVALID_TOPIC_EXCEPTION: it differs from another topic in dots and underscores only.
    #[error("topic \"{name}\" collides with \"{other}\": metrics can't tell '.' from '_'")]
    Collides {
        /// The name that was asked for.
        name: String,
        /// The topic that is there.
        other: String,
    },
    /// TOPIC_ALREADY_EXISTS.
    #[error("topic \"{0}\" already exists")]
    Exists(String),
    /// INVALID_PARTITIONS.
    #[error("{0}")]
    InvalidPartitions(String),
    /// INVALID_REPLICATION_FACTOR.
    #[error("{0}")]
    InvalidReplicationFactor(String),
    /// INVALID_REPLICA_ASSIGNMENT.
    #[error("{0}")]
    InvalidAssignment(String),
    /// INVALID_REQUEST: assignments together with numbers.
    #[error("partitions or replication factor can't be given together with assignments")]
    NumbersAndAssignments,
    /// INVALID_CONFIG.
    #[error("{0}")]
    InvalidConfig(#[from] ConfigError),
    /// INVALID_CONFIG: a binding names a plugin that isn't deployed.
    #[error("{0}")]
    InvalidBinding(String),
    /// The quorum did not take it.
    #[error("{0}")]
    Submit(#[source] SubmitError),
}

/// Why a topic was not deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeleteTopicError {
    /// UNKNOWN_TOPIC_OR_PARTITION, or UNKNOWN_TOPIC_ID if it was asked for by id.
    #[error("there is no such topic")]
    Unknown,
    /// TOPIC_DELETION_DISABLED.
    #[error("delete.topic.enable is false")]
    Disabled,
    /// The quorum did not take it.
    #[error("{0}")]
    Submit(#[source] SubmitError),
}

/// Why partitions were not added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreatePartitionsError {
    /// UNKNOWN_TOPIC_OR_PARTITION.
    #[error("there is no topic \"{0}\"")]
    Unknown(String),
    /// INVALID_PARTITIONS.
    #[error("{0}")]
    InvalidPartitions(String),
    /// INVALID_REPLICA_ASSIGNMENT.
    #[error("{0}")]
    InvalidAssignment(String),
    /// The quorum did not take it.
    #[error("{0}")]
    Submit(#[source] SubmitError),
}

impl Controller {
    /// Creates a topic, or only says whether it could be created.
    pub async fn create_topic(&self, _spec: TopicSpec, _validate_only: bool) -> Result<CreatedTopic, CreateTopicError> {
        todo!()
    }

    /// Deletes a topic with all its records.
    pub async fn delete_topic(&self, _id: TopicId) -> Result<(), DeleteTopicError> {
        todo!()
    }

    /// Gives a topic more partitions: `total` of them. `assignments` are the replicas of the new
    /// ones, chosen by hand; empty: the broker places them.
    pub async fn create_partitions(
        &self,
        _topic: &str,
        _total: i32,
        _assignments: &[Vec<NodeId>],
        _validate_only: bool,
    ) -> Result<(), CreatePartitionsError> {
        todo!()
    }
}
