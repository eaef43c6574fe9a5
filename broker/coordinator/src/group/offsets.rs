//! The committed offsets of a group.

use std::collections::BTreeMap;

use corvid_metadata::PartitionIndex;

use crate::answer::CommittedOffset;
use crate::request::Topic;
use crate::schema::OffsetCommit;

/// The committed offsets of a group. Only what is committed in the log is here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offsets {
    topics: BTreeMap<String, BTreeMap<i32, OffsetCommit>>,
}

impl Offsets {
    pub fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }

    pub fn len(&self) -> usize {
        self.topics.values().map(BTreeMap::len).sum()
    }

    pub fn get(&self, topic: &str, partition: i32) -> Option<&OffsetCommit> {
        self.topics.get(topic)?.get(&partition)
    }

    pub fn set(&mut self, topic: String, partition: i32, offset: OffsetCommit) {
        self.topics.entry(topic).or_default().insert(partition, offset);
    }

    pub fn remove(&mut self, topic: &str, partition: i32) {
        if let Some(partitions) = self.topics.get_mut(topic) {
            partitions.remove(&partition);
            if partitions.is_empty() {
                self.topics.remove(topic);
            }
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i32, &OffsetCommit)> {
        self.topics.iter().flat_map(|(topic, all)| {
            all.iter()
                .map(move |(partition, offset)| (topic.as_str(), *partition, offset))
        })
    }

    /// All of them, as OffsetFetch answers them.
    pub fn all(&self) -> Vec<Topic<CommittedOffset>> {
        let topic = |(name, all): (&String, &BTreeMap<i32, OffsetCommit>)| Topic {
            name: name.clone(),
            id: None,
            partitions: all
                .iter()
                .map(|(partition, offset)| (PartitionIndex(*partition), shown(offset)))
                .collect(),
        };
        self.topics.iter().map(topic).collect()
    }

    /// Those asked for, with `CommittedOffset::NONE` where there is none.
    pub fn named(&self, topics: Vec<Topic<()>>) -> Vec<Topic<CommittedOffset>> {
        let topic = |topic: Topic<()>| {
            let partitions = topic.partitions.iter().map(|(partition, ())| {
                let offset = self.get(&topic.name, partition.0);
                (*partition, offset.map_or(CommittedOffset::NONE, shown))
            });
            Topic {
                partitions: partitions.collect(),
                name: topic.name,
                id: topic.id,
            }
        };
        topics.into_iter().map(topic).collect()
    }
}

fn shown(offset: &OffsetCommit) -> CommittedOffset {
    CommittedOffset {
        offset: offset.offset,
        leader_epoch: offset.leader_epoch,
        metadata: offset.metadata.clone(),
    }
}
