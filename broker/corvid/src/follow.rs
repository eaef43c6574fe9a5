//! Follows the metadata: every new image is put into effect on this node, in one order, by one task.

use std::collections::BTreeSet;
use std::sync::Arc;

use corvid_controller::Controller;
use corvid_coordinator::{Coordinator, OFFSETS_TOPIC, PartitionLog};
use corvid_delivery::Delivery;
use corvid_env::task::{self, JoinHandle};
use corvid_metadata::Image;
use corvid_pipeline::{Topics, settle_routes};
use corvid_record::LeaderEpoch;
use corvid_replication::{PartitionId, Replicas};
use tokio::sync::watch;

/// What follows the metadata.
pub(crate) struct Follower {
    pub controller: Arc<Controller>,
    pub replicas: Arc<Replicas>,
    pub topics: Arc<Topics>,
    pub delivery: Arc<Delivery>,
    pub coordinator: Arc<Coordinator>,
    /// Tells which version is in effect.
    pub settled: watch::Sender<u64>,
}

/// What the coordinator was told so far.
#[derive(Default)]
struct Told {
    shards: BTreeSet<(PartitionId, LeaderEpoch)>,
    topics: BTreeSet<String>,
}

impl Follower {
    /// Puts the present image into effect, and goes on with later ones in the background.
    pub async fn start(self) -> JoinHandle<()> {
        let mut images = self.controller.watch();
        let mut told = Told::default();
        images.mark_unchanged();
        self.settle(&mut told).await;
        task::spawn("follow metadata", async move {
            while images.changed().await.is_ok() {
                images.mark_unchanged();
                self.settle(&mut told).await;
            }
        })
    }

    /// Partitions before hooks: a hook sends records to partitions that are open. Couriers last: what they
    /// find missing is gone, and not just late.
    async fn settle(&self, told: &mut Told) {
        let configs = self.replicas.configs();
        settle_routes(&self.controller, &self.controller.image(), configs).await;
        let image = self.controller.image();
        self.replicas.reconcile(&image).await;
        self.topics.reconcile(&image).await;
        self.delivery.reconcile();
        self.tell_coordinator(&image, told);
        self.settled.send_replace(image.version());
    }

    fn tell_coordinator(&self, image: &Image, told: &mut Told) {
        if let Some(topic) = image.topic(OFFSETS_TOPIC) {
            self.coordinator.set_partitions(topic.partitions.len() as i32);
            for (index, partition) in topic.numbered() {
                let id = PartitionId { topic: topic.id, index };
                let Some(led) = self.replicas.get(id) else { continue };
                if told.shards.insert((id, LeaderEpoch(partition.leader_epoch))) {
                    self.coordinator.lead(index, Arc::new(PartitionLog(led)));
                }
            }
        }
        let topics: BTreeSet<String> = image.topics().map(|topic| topic.name.clone()).collect();
        let deleted: Vec<String> = told.topics.difference(&topics).cloned().collect();
        if !deleted.is_empty() {
            self.coordinator.topics_deleted(&deleted);
        }
        told.topics = topics;
    }
}
