//! What the handlers share.

use std::sync::Arc;

use corvid_controller::Controller;
use corvid_coordinator::Coordinator;
use corvid_delivery::Delivery;
use corvid_metadata::{Image, TopicImage};
use corvid_pipeline::{Redriver, Topics};
use corvid_plugin_host::PluginHost;
use corvid_replication::{Partition, PartitionId, Replicas};

use crate::apply::Applier;
use crate::error::ApiError;

/// A node, as its admin listener sees it.
pub struct Context {
    /// The release.
    pub version: &'static str,
    /// The quorum that agrees on the metadata.
    pub controller: Arc<Controller>,
    /// The partitions of this node.
    pub replicas: Arc<Replicas>,
    /// Topics with their settings and hooks.
    pub topics: Arc<Topics>,
    /// Consumer groups.
    pub coordinator: Arc<Coordinator>,
    /// Delivery between partitions.
    pub delivery: Arc<Delivery>,
    /// Dead letters that go out again.
    pub redriver: Arc<Redriver>,
    /// Where plugins run.
    pub plugin_host: Arc<PluginHost>,
    /// Applies files.
    pub applier: Arc<Applier>,
    /// What the Kafka listener counts.
    pub figures: Arc<dyn Figures>,
}

/// Figures of the Kafka listener, which lies above this crate.
pub trait Figures: Send + Sync {
    /// How many clients are connected.
    fn connections(&self) -> usize;
    /// Bytes of requests that are being read or handled.
    fn request_memory_bytes(&self) -> usize;
    /// How many requests of each API have come in, by Kafka's names.
    fn requests(&self) -> Vec<(&'static str, u64)>;
    /// How long the requests of each API that was used have taken.
    fn request_times(&self) -> Vec<RequestTimes>;
}

/// How long the requests of an API have taken, from the last byte of the request to the last byte of its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestTimes {
    /// Kafka's name of the API.
    pub api: &'static str,
    /// The upper bound of each bucket in milliseconds, and how many requests are in it alone; the last bound is `f64::INFINITY`.
    pub buckets: Vec<(f64, u64)>,
    /// Of all of them, in milliseconds.
    pub sum_ms: f64,
}

impl Context {
    /// The newest image.
    pub(crate) fn image(&self) -> Arc<Image> {
        self.controller.image()
    }

    /// A topic by its name.
    pub(crate) fn topic(&self, name: &str) -> Result<Arc<TopicImage>, ApiError> {
        let topic = self.image().topic(name).cloned();
        topic.ok_or_else(|| {
            ApiError::not_found(format!("there is no topic `{name}`")).hint("`corvid topic list` shows those there are")
        })
    }

    /// The partitions of a topic that this node leads, in order.
    pub(crate) fn led(&self, topic: &TopicImage) -> Vec<Arc<Partition>> {
        let all = topic
            .numbered()
            .filter_map(|(index, _)| self.replicas.get(PartitionId { topic: topic.id, index }));
        all.collect()
    }
}
