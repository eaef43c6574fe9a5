//! `/v1/topics`.

use corvid_metadata::config::Configs;
use serde::{Deserialize, Serialize};

/// A topic of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicSummary {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// How many partitions.
    pub partitions: usize,
    /// How many replicas of each.
    pub replication_factor: usize,
    /// Whether it is one of the broker's own.
    pub internal: bool,
    /// Offsets between the start and the end, over all partitions: an upper bound of the records.
    pub offsets: i64,
    /// Bytes on this node's disk.
    pub bytes: u64,
    /// The plugins that it binds, in the order in which they run.
    pub plugins: Vec<String>,
    /// Why it takes no records; none when all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
}

/// A topic with all that is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicDetail {
    /// As in the list.
    #[serde(flatten)]
    pub summary: TopicSummary,
    /// Each partition.
    pub partition_details: Vec<PartitionBody>,
    /// Every config, those that are set first.
    pub configs: Vec<ConfigBody>,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionBody {
    /// Its number.
    pub partition: i32,
    /// The node that leads it.
    pub leader: Option<i32>,
    /// The epoch in which it does.
    pub leader_epoch: i32,
    /// The nodes that hold it.
    pub replicas: Vec<i32>,
    /// Those that are in sync.
    pub in_sync: Vec<i32>,
    /// The first offset that clients see.
    pub start: Option<i64>,
    /// Behind the last offset that clients see.
    pub end: Option<i64>,
    /// Bytes on this node's disk.
    pub bytes: Option<u64>,
    /// Why it is not served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offline: Option<String>,
}

/// A config that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigBody {
    /// Its name.
    pub name: String,
    /// Its value; none for null.
    pub value: Option<String>,
    /// Where it comes from: `topic`, `broker`, or `default`.
    pub source: String,
}

/// `POST /v1/topics`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateTopicBody {
    /// Its name.
    pub name: String,
    /// How many partitions; none for the broker's default.
    #[serde(default)]
    pub partitions: Option<i32>,
    /// How many replicas; none for the broker's default.
    #[serde(default)]
    pub replication_factor: Option<i16>,
    /// What differs from the defaults.
    #[serde(default)]
    pub configs: Configs,
}

/// The topic as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedTopicBody {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// How many partitions.
    pub partitions: i32,
    /// How many replicas of each.
    pub replication_factor: i16,
}

/// `PATCH /v1/topics/{name}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlterTopicBody {
    /// How many partitions it is to have; they never shrink.
    #[serde(default)]
    pub partitions: Option<i32>,
    /// Configs to set.
    #[serde(default)]
    pub set: Configs,
    /// Configs that go back to their default.
    #[serde(default)]
    pub unset: Vec<String>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlteredTopicBody {
    /// Whether anything differed.
    pub changed: bool,
}
