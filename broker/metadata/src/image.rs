//! The sum of all committed records: what brokers act on.

mod apply;
mod bindings;
mod conflict;
mod partitions;
#[cfg(test)]
mod plugin_tests;
mod plugins;
#[cfg(test)]
mod property_tests;
mod snapshot;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config::{BrokerLayers, ConfigError, Configs, TopicSettings};
use crate::ids::{NodeId, PartitionIndex, TopicId};
use crate::plugin::Lineage;
use crate::record::{AppliedKeys, PluginRecord};
use crate::shared_map::SharedMap;
use crate::topic_name;

pub use conflict::Conflict;
pub use snapshot::SnapshotError;

/// The cluster's metadata at one point of the quorum's log. A clone costs a few reference counts.
///
/// Invariant: `names` has exactly the topics of `topics`, by their folded names, so that no two
/// topics collide.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    version: u64,
    format_version: u32,
    cluster_id: Option<Arc<str>>,
    brokers: Arc<BTreeMap<NodeId, BrokerImage>>,
    topics: SharedMap<TopicId, Arc<TopicImage>>,
    names: SharedMap<Arc<str>, TopicId>,
    broker_configs: Arc<BTreeMap<Option<NodeId>, Configs>>,
    group_configs: Arc<BTreeMap<String, Configs>>,
    plugins: Arc<BTreeMap<String, Arc<PluginRecord>>>,
    lineages: Arc<BTreeMap<String, Lineage>>,
    applied: Arc<BTreeMap<String, AppliedKeys>>,
    next_producer_id: i64,
    next_source: u32,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopicImage {
    /// Its identity.
    pub id: TopicId,
    /// Its name.
    pub name: String,
    /// From partition 0 on.
    pub partitions: Vec<PartitionImage>,
    /// What differs from the defaults.
    #[serde(default)]
    pub configs: Configs,
    /// Where it may send records: itself, its dead-letter topics.
    #[serde(default)]
    pub routes: BTreeSet<TopicId>,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartitionImage {
    /// The brokers that hold it, the preferred leader first.
    pub replicas: Vec<NodeId>,
    /// Those in sync.
    pub isr: Vec<NodeId>,
    /// One of the in-sync set, or nobody for now.
    pub leader: Option<NodeId>,
    /// Grows with every change of the leader, and with every start of it.
    pub leader_epoch: i32,
    /// Its name in link stamps, if it has one. See [`crate::record::Record::AllocateSource`].
    #[serde(default)]
    pub source: Option<u32>,
}

/// A broker that has registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokerImage {
    /// Its number.
    pub node: NodeId,
    /// The life of it that registered last.
    pub incarnation: String,
    /// Where clients reach it.
    pub host: String,
    /// The port of that.
    pub port: u16,
    /// Where it stands.
    #[serde(default)]
    pub rack: Option<String>,
}

impl TopicImage {
    /// A partition by its number.
    pub fn partition(&self, index: PartitionIndex) -> Option<&PartitionImage> {
        self.partitions.get(index.position()?)
    }

    /// The partitions with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (PartitionIndex, &PartitionImage)> {
        (0..).map(PartitionIndex).zip(&self.partitions)
    }

    /// Whether it is one of the broker's own.
    pub fn is_internal(&self) -> bool {
        topic_name::is_internal(&self.name)
    }

    /// Its configs as types, over the broker's.
    pub fn settings(&self, broker_configs: &Configs) -> Result<TopicSettings, ConfigError> {
        TopicSettings::resolve(&self.name, &self.configs, broker_configs)
    }
}

impl Image {
    /// The number of batches that made this image what it is. Equal versions of one log are equal
    /// images.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The cluster's id, once it has one.
    pub fn cluster_id(&self) -> Option<&str> {
        self.cluster_id.as_deref()
    }

    /// A topic by its name.
    pub fn topic(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.topic_like(name).filter(|topic| topic.name == name)
    }

    /// The topic whose folded name is that of `name`: the one that `name` would collide with.
    pub fn topic_like(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.names
            .get(topic_name::fold(name).as_str())
            .and_then(|id| self.topics.get(id))
    }

    /// A topic by its id.
    pub fn topic_by_id(&self, id: TopicId) -> Option<&Arc<TopicImage>> {
        self.topics.get(&id)
    }

    /// All topics, in the order of their (folded) names.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<TopicImage>> {
        self.names.values().filter_map(|id| self.topics.get(id))
    }

    /// The number of topics.
    pub fn topic_count(&self) -> usize {
        self.topics.len()
    }

    /// A partition by its topic's id and its number.
    pub fn partition(&self, topic: TopicId, index: PartitionIndex) -> Option<&PartitionImage> {
        self.topics.get(&topic)?.partition(index)
    }

    /// The brokers that have ever registered, by number.
    pub fn brokers(&self) -> impl Iterator<Item = &BrokerImage> {
        self.brokers.values()
    }

    /// A broker by its number.
    pub fn broker(&self, node: NodeId) -> Option<&BrokerImage> {
        self.brokers.get(&node)
    }

    /// All plugins, by name.
    pub fn plugins(&self) -> impl Iterator<Item = (&str, &Arc<PluginRecord>)> {
        self.plugins.iter().map(|(name, plugin)| (name.as_str(), plugin))
    }

    /// A plugin by its name.
    pub fn plugin(&self, name: &str) -> Option<&Arc<PluginRecord>> {
        self.plugins.get(name)
    }

    /// Where a topic may send records.
    pub fn routes_of(&self, topic: TopicId) -> impl Iterator<Item = TopicId> {
        self.topics
            .get(&topic)
            .into_iter()
            .flat_map(|topic| topic.routes.iter().copied())
    }

    /// A partition's name in link stamps.
    pub fn source_of(&self, topic: TopicId, index: PartitionIndex) -> Option<u32> {
        self.partition(topic, index)?.source
    }

    /// The first producer id that no block has taken.
    pub fn next_producer_id(&self) -> i64 {
        self.next_producer_id
    }

    /// The first source id that nobody has.
    pub fn next_source(&self) -> u32 {
        self.next_source
    }

    /// What was set over the wire for this node, and for all nodes; `fixed` is the node's own file.
    pub fn broker_layers<'a>(&'a self, node: NodeId, fixed: &'a Configs) -> BrokerLayers<'a> {
        BrokerLayers {
            node: self.broker_configs(Some(node)),
            cluster: self.broker_configs(None),
            fixed,
        }
    }

    /// What was set over the wire for one node, or for all nodes (`None`).
    pub fn broker_configs(&self, node: Option<NodeId>) -> &Configs {
        self.broker_configs.get(&node).unwrap_or(&EMPTY)
    }

    /// A group's own configs.
    pub fn group_configs(&self, group: &str) -> &Configs {
        self.group_configs.get(group).unwrap_or(&EMPTY)
    }

    /// The groups that have configs of their own.
    pub fn groups_with_configs(&self) -> impl Iterator<Item = &str> {
        self.group_configs.keys().map(String::as_str)
    }

    /// What the last file of this owner had.
    pub fn applied_keys(&self, owner: &str) -> Option<&AppliedKeys> {
        self.applied.get(owner)
    }
}

static EMPTY: Configs = Configs::new();
