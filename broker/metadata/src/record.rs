//! What the quorum's log says: one entry is a batch of these, applied together or not at all.
//!
//! They are kept as JSON, tagged by `type`. A field that is added must have a default, so that
//! every later release reads what this one wrote; a change of meaning raises
//! [`FORMAT_VERSION`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::config::Configs;
use crate::desired::DesiredPlugin;
use crate::ids::{Digest, NodeId, PartitionIndex, TopicId};
use crate::plugin::{Deployment, Rollout};
use crate::policy::PluginLimits;

/// The newest format of records and snapshots that this release writes.
pub const FORMAT_VERSION: u32 = 1;

/// One change of the metadata.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Record {
    /// Which format the records that follow have. A release refuses one that it does not know.
    FormatVersion {
        /// See [`FORMAT_VERSION`].
        version: u32,
    },
    /// The cluster's id, once and for all.
    ClusterId {
        /// 22 characters of base64url, as Kafka's.
        id: String,
    },
    /// A broker has started. Every partition that it leads gets the next leader epoch, so that what
    /// was written before the restart can be told from what came after.
    RegisterBroker {
        /// Which broker.
        node: NodeId,
        /// Drawn anew at every start: tells one life of a node from the next. A UUID in Kafka's spelling.
        incarnation: String,
        /// Where clients reach it.
        host: String,
        /// The port of that.
        port: u16,
        /// `broker.rack`.
        #[serde(default)]
        rack: Option<String>,
    },
    /// A new topic.
    CreateTopic {
        /// Never used before.
        id: TopicId,
        /// By [`crate::topic_name::check`].
        name: String,
        /// From partition 0 on; at least one.
        partitions: Vec<PartitionRecord>,
        /// What differs from the defaults.
        #[serde(default)]
        configs: BTreeMap<String, String>,
    },
    /// The end of a topic, of its routes, and of the routes to it.
    DeleteTopic {
        /// Which topic.
        id: TopicId,
    },
    /// More partitions, behind those that are there.
    AddPartitions {
        /// Which topic.
        id: TopicId,
        /// The number of partitions that the topic had when this was decided: two concurrent
        /// requests for "six partitions" must not give nine.
        from: i32,
        /// The new ones.
        partitions: Vec<PartitionRecord>,
    },
    /// A topic's config; no value means the default again.
    SetTopicConfig {
        /// Which topic.
        topic: TopicId,
        /// By [`crate::config::topic_key`].
        key: String,
        /// The new value.
        value: Option<String>,
    },
    /// A dynamic broker config; no value means the default again.
    SetBrokerConfig {
        /// One broker, or all of them.
        node: Option<NodeId>,
        /// By [`crate::config::broker_key`].
        key: String,
        /// The new value.
        value: Option<String>,
    },
    /// A config of a consumer group (KIP-848's resource type GROUP).
    SetGroupConfig {
        /// Which group.
        group: String,
        /// The key.
        key: String,
        /// The new value.
        value: Option<String>,
    },
    /// A new leader or in-sync set.
    ChangePartition {
        /// Which topic.
        topic: TopicId,
        /// Which partition of it.
        partition: PartitionIndex,
        /// `None`: nobody leads for now.
        leader: Option<NodeId>,
        /// Not below the present one, and above it when the leader changes.
        leader_epoch: i32,
        /// A part of the replicas.
        isr: Vec<NodeId>,
    },
    /// A block of producer ids that is handed out from now on; never again, whoever crashes.
    AllocateProducerIds {
        /// Must be the image's next producer id.
        first: i64,
        /// How many.
        count: i32,
    },
    /// A partition's name in link stamps, given once and never again to another one.
    AllocateSource {
        /// Which topic.
        topic: TopicId,
        /// Which partition of it.
        partition: PartitionIndex,
        /// Must be the image's next source id; 31 bits.
        source: u32,
    },
    /// `topic` may send records to `target` (which may be itself) from now on.
    AddRoute {
        /// Where records come from.
        topic: TopicId,
        /// Where they go.
        target: TopicId,
    },
    /// A route that is drained and no longer wanted.
    RemoveRoute {
        /// Where records came from.
        topic: TopicId,
        /// Where they went.
        target: TopicId,
    },
    /// A plugin, new or in a new generation, which is active at once. It ends the trial of another.
    PutPlugin {
        /// What bindings call it.
        name: String,
        /// What it is.
        plugin: PluginRecord,
    },
    /// A new generation of a plugin, tried beside the active one. It takes the place of another that is tried.
    TryPlugin {
        /// Which plugin.
        name: String,
        /// What it is.
        plugin: PluginRecord,
        /// How it is tried.
        rollout: Rollout,
    },
    /// The generation that is tried becomes the active one.
    PromotePlugin {
        /// Which plugin.
        name: String,
        /// The generation that is tried, or this says nothing.
        generation: u64,
    },
    /// The generation that is tried is given up.
    AbandonPlugin {
        /// Which plugin.
        name: String,
        /// The generation that is tried, or this says nothing.
        generation: u64,
    },
    /// A plugin that no topic binds any more.
    RemovePlugin {
        /// Which plugin.
        name: String,
    },
    /// What the last applied file of this owner had: what it lacks next time goes back to default.
    AppliedKeys {
        /// Who applies: a name for the file, not its path.
        owner: String,
        /// All that it had.
        keys: AppliedKeys,
    },
}

/// A partition in [`Record::CreateTopic`] and [`Record::AddPartitions`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionRecord {
    /// The brokers that hold it, the preferred leader first. No duplicates, at least one.
    pub replicas: Vec<NodeId>,
    /// Those that are in sync: a part of the replicas.
    pub isr: Vec<NodeId>,
    /// One of the in-sync set.
    pub leader: Option<NodeId>,
    /// 0 for a new partition.
    pub leader_epoch: i32,
}

impl PartitionRecord {
    /// A new partition: everyone in sync, the first replica leads.
    pub fn new(replicas: Vec<NodeId>) -> Self {
        PartitionRecord {
            isr: replicas.clone(),
            leader: replicas.first().copied(),
            replicas,
            leader_epoch: 0,
        }
    }
}

/// A plugin as it is deployed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginRecord {
    /// Which module; the node keeps the bytes by this name.
    pub module: Digest,
    /// The name of a first-party plugin that is embedded in the binary, if it is one.
    #[serde(default)]
    pub builtin: Option<String>,
    /// Its configuration; a binding's own takes its place.
    #[serde(default)]
    pub config: serde_json::Value,
    /// Its limits; a binding's take precedence.
    #[serde(default)]
    pub limits: PluginLimits,
    /// Counts the changes of this plugin, from 1. See [`crate::plugin`].
    pub generation: u64,
    /// Who made this generation, when and why.
    #[serde(default, skip_serializing_if = "Deployment::is_unknown")]
    pub deployment: Deployment,
}

/// What an applied file had.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AppliedKeys {
    /// Topic → the configs that the file set, with the values that it gave them.
    #[serde(default)]
    pub topics: BTreeMap<String, Configs>,
    /// The plugins that the file had.
    #[serde(default)]
    pub plugins: BTreeSet<String>,
    /// What it wanted of them: a file that still says the same does not undo what was deployed since.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub wanted: BTreeMap<String, DesiredPlugin>,
}
