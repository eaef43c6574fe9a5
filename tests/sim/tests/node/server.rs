//! One life of a node.

use std::cell::RefCell;
use std::future::pending;
use std::path::Path;
use std::rc::Rc;

use bed::node::{BedError, config, start};
use corvid_env::{signal, sim};
use corvid_metadata::PartitionIndex;
use corvid_replication::PartitionId;
use corvid_sim::Outcome;

use crate::ledger::Ledger;

/// Runs a node until it is told to stop, or dies. Every life has a newer generation of the plugin, so that what was
/// decided before a crash is retried under other code.
pub async fn life(ledger: Rc<RefCell<Ledger>>) -> Outcome {
    let life = ledger.borrow_mut().count_life();
    match start_node(life).await {
        Ok(node) => {
            for why in offline(&node) {
                ledger.borrow_mut().complain(format!("life {life}: {why}"));
            }
            signal::terminate().await;
            Ok(node.stop().await?)
        }
        Err(error) => {
            if sim::condemned().is_empty() {
                ledger
                    .borrow_mut()
                    .complain(format!("life {life}: the node did not start: {error}"));
            }
            pending().await
        }
    }
}

async fn start_node(life: u64) -> Result<corvid::Node, BedError> {
    let mut config = config(Path::new("/data"), "0.0.0.0:9092".parse().expect("an address"));
    config.advertise = Some(("node".to_owned(), 9092));
    config.fixed.insert("num.partitions".to_owned(), "3".to_owned());
    let interval = ("log.retention.check.interval.ms".to_owned(), "50".to_owned());
    config.fixed.extend([interval]);
    start(config, life).await
}

/// Why logs did not open: what a log says of itself.
fn offline(node: &corvid::Node) -> Vec<String> {
    let (image, replicas) = (node.broker().controller.image(), &node.broker().replicas);
    let ids = image.topics().flat_map(|topic| {
        let indexes = (0..topic.partitions.len() as i32).map(PartitionIndex);
        indexes.map(|index| PartitionId { topic: topic.id, index })
    });
    ids.filter_map(|id| replicas.offline_reason(id)).collect()
}
