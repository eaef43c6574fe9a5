//! What the handlers of one node share.

use std::sync::Arc;

use corvid_controller::Controller;
use corvid_coordinator::Coordinator;
use corvid_metadata::{Image, NodeId, PartitionIndex, TopicId, TopicImage};
use corvid_pipeline::Topics;
use corvid_replication::{NodeConfigs, Partition, PartitionId, Replicas};
use tokio::sync::watch;

use crate::fetch_sessions::FetchSessions;
use crate::misled::Misled;
use crate::request_meters::RequestMeters;
use crate::time_look_ups::TimeLookUps;

/// A node, as its Kafka listener sees it.
pub struct Broker {
    /// This node.
    pub node: NodeId,
    /// The cluster's id.
    pub cluster_id: String,
    /// The quorum that agrees on the metadata.
    pub controller: Arc<Controller>,
    /// The partitions of this node.
    pub replicas: Arc<Replicas>,
    /// Consumer groups.
    pub coordinator: Arc<Coordinator>,
    /// Topics with their settings and hooks.
    pub topics: Arc<Topics>,
    /// The version of the image that this node has put into effect.
    pub settled: watch::Receiver<u64>,
    /// Incremental fetches.
    pub sessions: FetchSessions,
    /// Look-ups of offsets by time.
    pub time_look_ups: TimeLookUps,
    /// What has come in, and how long it took.
    pub requests: RequestMeters,
    /// Who was warned of.
    pub misled: Misled,
}

impl Broker {
    /// The newest image.
    pub fn image(&self) -> Arc<Image> {
        self.controller.image()
    }

    /// The configs that hold on this node.
    pub fn configs(&self) -> &NodeConfigs {
        self.replicas.configs()
    }

    /// The partition, if this node leads it.
    pub fn partition(&self, topic: TopicId, index: i32) -> Option<Arc<Partition>> {
        self.replicas.get(PartitionId {
            topic,
            index: PartitionIndex(index),
        })
    }

    /// Returns once this node has put `image` into effect: its partitions are open, its plugins loaded.
    ///
    /// Who creates a topic and is answered can produce to it.
    pub async fn settle(&self, image: &Image) {
        // The sender lives as long as the node; if it is gone, there is nothing to wait for.
        let _ = self
            .settled
            .clone()
            .wait_for(|version| *version >= image.version())
            .await;
    }
}

/// A topic as a request names it: by id in newer versions, by name in older ones.
#[derive(Debug, Clone)]
pub enum Named {
    /// The topic is there.
    Known(Arc<TopicImage>),
    /// No topic has this name.
    UnknownName,
    /// No topic has this id.
    UnknownId,
}

impl Named {
    /// Looks a topic up by its id, if one is given, or by its name.
    pub fn find(image: &Image, name: &str, id: TopicId) -> Self {
        if id == TopicId::ZERO {
            return image.topic(name).cloned().map_or(Self::UnknownName, Self::Known);
        }
        image.topic_by_id(id).cloned().map_or(Self::UnknownId, Self::Known)
    }
}
