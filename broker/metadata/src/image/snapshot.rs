//! An image as bytes: a line that says what they are, then JSON. A person can read it, and every
//! later release can.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{BrokerImage, Conflict, Image, TopicImage, partitions};
use crate::config::Configs;
use crate::ids::NodeId;
use crate::plugin::Lineage;
use crate::record::{AppliedKeys, FORMAT_VERSION, PluginRecord};
use crate::topic_name;

/// What the first line begins with; the format version follows.
const HEADER: &str = "corvid metadata snapshot, format ";

/// Bytes that are no snapshot, or not one that this release reads.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The first line is something else.
    #[error("this is not a snapshot of Corvid's metadata")]
    NotASnapshot,
    /// Of a later release.
    #[error(
        "the metadata snapshot has format {version}, this release reads up to {FORMAT_VERSION}; start a newer release"
    )]
    UnknownFormat {
        /// What the first line says.
        version: u32,
    },
    /// Not the JSON that an image is written as.
    #[error("the metadata snapshot can't be read: {0}")]
    Malformed(#[from] serde_json::Error),
    /// Readable, but not an image that records can lead to.
    #[error("the metadata snapshot contradicts itself: {0}")]
    Contradiction(#[from] Conflict),
    /// Two partitions with one source id, or one that was never allotted.
    #[error("the metadata snapshot contradicts itself: source id {0} is in use twice, or was never allotted")]
    BadSource(u32),
}

/// The image as it is written.
#[derive(Serialize, Deserialize)]
struct Stored {
    version: u64,
    cluster_id: Option<String>,
    brokers: Vec<BrokerImage>,
    topics: Vec<Arc<TopicImage>>,
    cluster_configs: Configs,
    node_configs: BTreeMap<NodeId, Configs>,
    group_configs: BTreeMap<String, Configs>,
    plugins: BTreeMap<String, Arc<PluginRecord>>,
    #[serde(default)]
    lineages: BTreeMap<String, Lineage>,
    applied: BTreeMap<String, AppliedKeys>,
    next_producer_id: i64,
    next_source: u32,
}

impl Image {
    /// The image as bytes.
    pub fn to_snapshot(&self) -> Vec<u8> {
        let of_nodes = |(node, configs): (&Option<NodeId>, &Configs)| node.map(|node| (node, configs.clone()));
        let stored = Stored {
            version: self.version,
            cluster_id: self.cluster_id.as_deref().map(str::to_owned),
            brokers: self.brokers.values().cloned().collect(),
            topics: self.topics().cloned().collect(),
            cluster_configs: self.broker_configs(None).clone(),
            node_configs: self.broker_configs.iter().filter_map(of_nodes).collect(),
            group_configs: (*self.group_configs).clone(),
            plugins: (*self.plugins).clone(),
            lineages: (*self.lineages).clone(),
            applied: (*self.applied).clone(),
            next_producer_id: self.next_producer_id,
            next_source: self.next_source,
        };
        let mut bytes = format!("{HEADER}{}\n", self.format_version).into_bytes();
        serde_json::to_writer(&mut bytes, &stored).expect("an image is plain data, and a Vec takes all");
        bytes
    }

    /// Reads what [`Image::to_snapshot`] wrote, of this release or an earlier one.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Image, SnapshotError> {
        let newline = bytes.iter().take(HEADER.len() + 16).position(|byte| *byte == b'\n');
        let (line, json) = bytes.split_at(newline.ok_or(SnapshotError::NotASnapshot)?);
        let version = std::str::from_utf8(line)
            .ok()
            .and_then(|line| line.strip_prefix(HEADER));
        let version: u32 = version
            .and_then(|version| version.parse().ok())
            .ok_or(SnapshotError::NotASnapshot)?;
        if version > FORMAT_VERSION {
            return Err(SnapshotError::UnknownFormat { version });
        }
        restore(version, serde_json::from_slice(json)?)
    }
}

fn restore(format_version: u32, stored: Stored) -> Result<Image, SnapshotError> {
    let mut image = Image {
        version: stored.version,
        format_version,
        cluster_id: stored.cluster_id.map(Arc::from),
        brokers: Arc::new(stored.brokers.into_iter().map(|broker| (broker.node, broker)).collect()),
        group_configs: Arc::new(stored.group_configs),
        plugins: Arc::new(stored.plugins),
        lineages: Arc::new(stored.lineages),
        applied: Arc::new(stored.applied),
        next_producer_id: stored.next_producer_id,
        next_source: stored.next_source,
        ..Image::default()
    };
    let of_nodes = stored
        .node_configs
        .into_iter()
        .map(|(node, configs)| (Some(node), configs));
    let all = of_nodes
        .chain([(None, stored.cluster_configs)])
        .filter(|(_, configs)| !configs.is_empty());
    image.broker_configs = Arc::new(all.collect());
    let mut sources = BTreeSet::new();
    for topic in stored.topics {
        check_topic(&topic)?;
        for source in topic.partitions.iter().filter_map(|partition| partition.source) {
            if source >= image.next_source || !sources.insert(source) {
                return Err(SnapshotError::BadSource(source));
            }
        }
        take_topic(&mut image, topic)?;
    }
    Ok(image)
}

fn check_topic(topic: &TopicImage) -> Result<(), Conflict> {
    topic_name::check(&topic.name)?;
    if topic.partitions.is_empty() {
        return Err(Conflict::NoPartitions(topic.name.clone()));
    }
    topic
        .partitions
        .iter()
        .try_for_each(|partition| partitions::check(&topic.name, partition))
}

fn take_topic(image: &mut Image, topic: Arc<TopicImage>) -> Result<(), Conflict> {
    let id = topic.id;
    if image.names.insert(topic_name::fold(&topic.name).into(), id).is_some() {
        return Err(Conflict::TopicExists {
            name: topic.name.clone(),
            id,
        });
    }
    match image.topics.insert(id, topic) {
        Some(_) => Err(Conflict::TopicIdTaken(id)),
        None => Ok(()),
    }
}
