//! What a partition can be.

use std::collections::BTreeSet;

use super::{Conflict, PartitionImage, TopicImage};
use crate::ids::{NodeId, PartitionIndex};
use crate::record::PartitionRecord;

/// New partitions, or why they are impossible.
pub(super) fn new(topic: &str, records: &[PartitionRecord]) -> Result<Vec<PartitionImage>, Conflict> {
    if records.is_empty() {
        return Err(Conflict::NoPartitions(topic.to_owned()));
    }
    let image = |record: &PartitionRecord| {
        let partition = PartitionImage {
            replicas: record.replicas.clone(),
            isr: record.isr.clone(),
            leader: record.leader,
            leader_epoch: record.leader_epoch,
            source: None,
        };
        check(topic, &partition).map(|()| partition)
    };
    records.iter().map(image).collect()
}

/// A new leader or in-sync set.
pub(super) fn change(
    topic: &mut TopicImage,
    index: PartitionIndex,
    leader: Option<NodeId>,
    leader_epoch: i32,
    isr: &[NodeId],
) -> Result<(), Conflict> {
    let name = topic.name.clone();
    let present = find(topic, index)?;
    let stale =
        leader_epoch < present.leader_epoch || (leader_epoch == present.leader_epoch && leader != present.leader);
    if stale {
        return Err(Conflict::StaleLeaderEpoch {
            topic: name,
            partition: index,
            have: present.leader_epoch,
            given: leader_epoch,
        });
    }
    let changed = PartitionImage {
        leader,
        leader_epoch,
        isr: isr.to_vec(),
        ..present.clone()
    };
    check(&name, &changed)?;
    *present = changed;
    Ok(())
}

/// A partition's name in link stamps, given once.
pub(super) fn set_source(topic: &mut TopicImage, index: PartitionIndex, source: u32) -> Result<(), Conflict> {
    let name = topic.name.clone();
    let present = find(topic, index)?;
    if present.source.is_some() {
        return Err(Conflict::SourceSet {
            topic: name,
            partition: index,
        });
    }
    present.source = Some(source);
    Ok(())
}

fn find(topic: &mut TopicImage, index: PartitionIndex) -> Result<&mut PartitionImage, Conflict> {
    let TopicImage { name, partitions, .. } = topic;
    index
        .position()
        .and_then(|position| partitions.get_mut(position))
        .ok_or_else(|| Conflict::UnknownPartition {
            topic: name.clone(),
            partition: index,
        })
}

/// Replicas without duplicates, an in-sync set out of them, a leader out of that.
pub(super) fn check(topic: &str, partition: &PartitionImage) -> Result<(), Conflict> {
    let replicas: BTreeSet<NodeId> = partition.replicas.iter().copied().collect();
    let isr: BTreeSet<NodeId> = partition.isr.iter().copied().collect();
    let reason = if replicas.is_empty() {
        "it has no replica"
    } else if replicas.len() != partition.replicas.len() {
        "a replica is listed twice"
    } else if isr.is_empty() {
        "nobody is in sync"
    } else if isr.len() != partition.isr.len() {
        "an in-sync replica is listed twice"
    } else if !isr.is_subset(&replicas) {
        "who is in sync is not a replica"
    } else if partition.leader.is_some_and(|leader| !isr.contains(&leader)) {
        "the leader is not in sync"
    } else if partition.leader_epoch < 0 {
        "its leader epoch is negative"
    } else {
        return Ok(());
    };
    Err(Conflict::BadPartition {
        topic: topic.to_owned(),
        reason,
    })
}
