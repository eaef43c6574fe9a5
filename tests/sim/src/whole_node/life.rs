//! One life of a node.

use std::future::pending;
use std::path::Path;
use std::rc::Rc;

use bed::node::{BedError, config, start};
use corvid::Node;
use corvid_env::{signal, sim};
use corvid_metadata::PartitionIndex;
use corvid_replication::PartitionId;
use tokio::select;

use super::{Ledger, Scenario};
use crate::Outcome;

/// The name of the node's host.
pub(super) const NODE: &str = "node";
/// Where it listens.
pub(super) const PORT: u16 = 9092;

/// Runs a node, and what the scenario does on it, until it is told to stop, or dies. Every life has a newer generation of the tests'
/// plugin, so that what was decided before a crash is retried under other code.
pub(super) async fn live<S: Scenario>(scenario: S, ledger: Rc<Ledger<S::Own>>) -> Outcome {
    let life = ledger.count_life();
    match Box::pin(start_node(life)).await {
        Ok(node) => {
            for why in offline(&node) {
                ledger.complain(format!("life {life}: {why}"));
            }
            select! {
                biased;
                () = signal::terminate() => {}
                never = scenario.operate(&node, &ledger) => never?,
            }
            Ok(Box::pin(node.stop()).await?)
        }
        Err(error) => {
            if sim::condemned().is_empty() {
                ledger.complain(format!("life {life}: the node did not start: {error}"));
            }
            pending().await
        }
    }
}

async fn start_node(life: u64) -> Result<Node, BedError> {
    let listen = ([0, 0, 0, 0], PORT).into();
    let mut config = config(Path::new("/data"), listen);
    config.advertise = Some((NODE.to_owned(), PORT));
    let interval = ("log.retention.check.interval.ms".to_owned(), "50".to_owned());
    config.fixed.extend([interval]);
    start(config, life).await
}

/// Why logs did not open: what a log says of itself.
fn offline(node: &Node) -> Vec<String> {
    let (image, replicas) = (node.broker().controller.image(), &node.broker().replicas);
    let ids = image.topics().flat_map(|topic| {
        let indexes = (0..topic.partitions.len() as i32).map(PartitionIndex);
        indexes.map(|index| PartitionId { topic: topic.id, index })
    });
    ids.filter_map(|id| replicas.offline_reason(id)).collect()
}
