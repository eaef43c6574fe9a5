//! The couriers of a node: one for each partition that has a route.

use std::collections::BTreeMap;
use std::sync::Arc;

use corvid_env::task;
use corvid_replication::{PartitionId, Replicas};
use parking_lot::Mutex;

use crate::counters::Counters;
use crate::courier::Courier;

/// Delivery on this node.
pub struct Delivery {
    replicas: Arc<Replicas>,
    counters: Arc<Counters>,
    running: Mutex<BTreeMap<PartitionId, task::JoinHandle<()>>>,
}

impl Delivery {
    /// No courier runs yet.
    pub fn new(replicas: Arc<Replicas>) -> Arc<Self> {
        Arc::new(Self {
            replicas,
            counters: Arc::default(),
            running: Mutex::default(),
        })
    }

    /// What has been delivered since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Starts a courier for each partition that has got a source id, after the partitions were reconciled. A
    /// courier ends by itself when its partition is closed.
    pub fn reconcile(&self) {
        let mut running = self.running.lock();
        running.retain(|_, courier| !courier.is_finished());
        for (id, partition) in self.replicas.all().iter() {
            let Some(source) = partition.source() else { continue };
            running.entry(*id).or_insert_with(|| {
                let courier = Courier::new(partition.clone(), source, self.replicas.clone(), self.counters.clone());
                task::spawn("courier", courier.run())
            });
        }
    }

    /// Ends every courier. What was not delivered is, after the next start.
    pub async fn stop(&self) {
        let running = std::mem::take(&mut *self.running.lock());
        for courier in running.into_values() {
            courier.abort();
            // Cancelled, or ended before: it holds nothing any more.
            let _ = courier.await;
        }
    }
}
