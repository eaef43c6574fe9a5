//! Why a batch of records cannot follow this image.

use crate::ids::{NodeId, PartitionIndex, TopicId};
use crate::topic_name::TopicNameError;

/// A batch that contradicts the image. Nothing of it was applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The records are of a later release.
    #[error("metadata has format {version}, this release reads up to {known}; start a newer release")]
    UnknownFormat {
        /// The records' format.
        version: u32,
        /// The newest one that this release reads.
        known: u32,
    },
    /// A cluster keeps its id.
    #[error("the cluster already has the id {0}")]
    ClusterIdSet(String),
    /// Not 22 characters of base64url.
    #[error("{0:?} is no cluster id")]
    BadClusterId(String),
    /// One life of a broker registers once.
    #[error("broker {node} has registered with incarnation {incarnation} already")]
    AlreadyRegistered {
        /// The broker.
        node: NodeId,
        /// The life of it.
        incarnation: String,
    },
    /// The name is taken.
    #[error("topic \"{name}\" exists already, with id {id}")]
    TopicExists {
        /// The name.
        name: String,
        /// Who has it.
        id: TopicId,
    },
    /// The name differs from another topic's in dots and underscores only.
    #[error("topic \"{name}\" collides with \"{other}\": metrics can't tell '.' from '_'")]
    TopicCollides {
        /// The name that was asked for.
        name: String,
        /// The topic that is there.
        other: String,
    },
    /// Ids are never used twice.
    #[error("topic id {0} is taken, or is not an id")]
    TopicIdTaken(TopicId),
    /// Against Kafka's rules.
    #[error("{0}")]
    BadTopicName(#[from] TopicNameError),
    /// Deleted, or never there.
    #[error("there is no topic with id {0}")]
    UnknownTopic(TopicId),
    /// Beyond the topic's partitions.
    #[error("topic \"{topic}\" has no partition {partition}")]
    UnknownPartition {
        /// The topic's name.
        topic: String,
        /// What was asked for.
        partition: PartitionIndex,
    },
    /// A topic without partitions, or an addition of none.
    #[error("topic \"{0}\" needs at least one partition")]
    NoPartitions(String),
    /// Somebody else has added partitions since.
    #[error("topic \"{topic}\" has {have} partitions by now, not {expected}")]
    PartitionsMoved {
        /// The topic's name.
        topic: String,
        /// What it has.
        have: i32,
        /// What the request was made for.
        expected: i32,
    },
    /// Replicas, in-sync set and leader contradict each other.
    #[error("a partition of topic \"{topic}\" is impossible: {reason}")]
    BadPartition {
        /// The topic's name.
        topic: String,
        /// How.
        reason: &'static str,
    },
    /// Decided on the base of an older leader epoch.
    #[error("topic \"{topic}\" partition {partition} is at leader epoch {have}, the change is for {given}")]
    StaleLeaderEpoch {
        /// The topic's name.
        topic: String,
        /// Which partition.
        partition: PartitionIndex,
        /// The image's.
        have: i32,
        /// The record's.
        given: i32,
    },
    /// Somebody else has taken that block.
    #[error("the next producer id is {next}, the block begins at {first}")]
    ProducerIdsMoved {
        /// The image's.
        next: i64,
        /// The record's.
        first: i64,
    },
    /// A block of nothing, or beyond 2^62, where link stamps begin.
    #[error("there is no block of {count} producer ids at {first}")]
    BadProducerIds {
        /// The record's.
        first: i64,
        /// The record's.
        count: i32,
    },
    /// Somebody else has taken that source id.
    #[error("the next source id is {next}, not {given}")]
    SourcesMoved {
        /// The image's.
        next: u32,
        /// The record's.
        given: u32,
    },
    /// A partition keeps its source id.
    #[error("topic \"{topic}\" partition {partition} has a source id already")]
    SourceSet {
        /// The topic's name.
        topic: String,
        /// Which partition.
        partition: PartitionIndex,
    },
    /// All 2^31 are used up.
    #[error("there are no source ids left")]
    NoSourcesLeft,
    /// Nothing to take away.
    #[error("topic {topic} has no route to {target}")]
    UnknownRoute {
        /// Where records came from.
        topic: TopicId,
        /// Where they went.
        target: TopicId,
    },
    /// A binding names what isn't there.
    #[error("topic \"{topic}\" binds plugin \"{plugin}\", which isn't deployed")]
    UnknownPlugin {
        /// The topic's name.
        topic: String,
        /// The plugin's.
        plugin: String,
    },
    /// Nothing to remove.
    #[error("there is no plugin \"{0}\"")]
    NoSuchPlugin(String),
    /// Somebody else has deployed another generation since.
    #[error("plugin \"{plugin}\" is at generation {have}, the change is generation {given}")]
    StaleGeneration {
        /// The plugin's name.
        plugin: String,
        /// The image's; 0 if there is none.
        have: u64,
        /// The record's.
        given: u64,
    },
    /// No generation of this number is tried: it was promoted or given up, or another took its place.
    #[error("generation {generation} of plugin \"{plugin}\" is not being tried")]
    NoSuchCandidate {
        /// The plugin's name.
        plugin: String,
        /// The record's.
        generation: u64,
    },
    /// A topic can't have a partitioner and be compacted, or be an internal one.
    #[error("{0}")]
    PartitionerRefused(String),
}
