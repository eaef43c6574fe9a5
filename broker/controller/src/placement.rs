//! Which brokers hold a new partition: in turn, so that leaders and replicas spread.

use corvid_metadata::{Image, NodeId, PartitionRecord};

/// A placement that Kafka's rules refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlacementError {
    #[error("replication factor must be larger than 0; leave it out for the default")]
    NotPositive,
    #[error("the replication factor of {wanted} cannot be reached, because only {brokers} broker(s) are registered")]
    TooFewBrokers { wanted: i16, brokers: usize },
    #[error("{0}")]
    Assignment(String),
}

/// `count` new partitions with `factor` replicas each, the first of them beginning at the broker
/// in position `start` of all.
pub(crate) fn place(
    image: &Image,
    count: i32,
    factor: i16,
    start: usize,
) -> Result<Vec<PartitionRecord>, PlacementError> {
    let brokers: Vec<NodeId> = image.brokers().map(|broker| broker.node).collect();
    let factor_wanted = usize::try_from(factor).unwrap_or(0);
    if factor_wanted == 0 {
        return Err(PlacementError::NotPositive);
    }
    if factor_wanted > brokers.len() {
        return Err(PlacementError::TooFewBrokers {
            wanted: factor,
            brokers: brokers.len(),
        });
    }
    let replicas = |partition: usize| {
        (0..factor_wanted)
            .map(|n| brokers[(start + partition + n) % brokers.len()])
            .collect()
    };
    Ok((0..usize::try_from(count).unwrap_or(0))
        .map(|partition| PartitionRecord::new(replicas(partition)))
        .collect())
}

/// Partitions with replicas that were chosen by hand: known brokers, none twice, as many for each.
/// `factor` is what the partitions before them have, if there are any.
pub(crate) fn by_hand(
    image: &Image,
    assignments: &[Vec<NodeId>],
    factor: Option<usize>,
) -> Result<Vec<PartitionRecord>, PlacementError> {
    let factor = factor.unwrap_or_else(|| assignments.first().map_or(0, Vec::len));
    for replicas in assignments {
        check(image, replicas, factor).map_err(PlacementError::Assignment)?;
    }
    Ok(assignments
        .iter()
        .map(|replicas| PartitionRecord::new(replicas.clone()))
        .collect())
}

fn check(image: &Image, replicas: &[NodeId], factor: usize) -> Result<(), String> {
    if replicas.is_empty() {
        return Err("the manual partition assignment includes an empty replica list".to_owned());
    }
    for (index, node) in replicas.iter().enumerate() {
        if replicas[..index].contains(node) {
            return Err(format!(
                "the manual partition assignment includes broker {node} more than once"
            ));
        }
        if image.broker(*node).is_none() {
            return Err(format!(
                "the manual partition assignment includes broker {node}, but no such broker is registered"
            ));
        }
    }
    if replicas.len() != factor {
        return Err(format!(
            "the manual partition assignment includes a partition with {} replica(s), but the other partitions have {factor}",
            replicas.len()
        ));
    }
    Ok(())
}
