//! A node: every layer, put together. What starts first stops last.

mod parts;
mod prepared;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use corvid_admin::{Context, Figures, RequestTimes};
use corvid_api::{Broker, Server};
use corvid_delivery::Delivery;
use corvid_metadata::NodeId;
use corvid_metadata::config::Configs;
use corvid_plugin_host::{Compiler, Limits, PluginHost};

use crate::node_error::NodeError;

use parts::Parts;
pub use prepared::Prepared;

/// What a node is started with: settings after all defaults.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// `node.id`.
    pub node: NodeId,
    /// Where everything is kept.
    pub data: PathBuf,
    /// Where Kafka clients connect; port 0 picks a free one.
    pub listen: SocketAddr,
    /// What clients are told to connect to; by default what is listened on.
    pub advertise: Option<(String, u16)>,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// The node's own broker configs, under Kafka's names.
    pub fixed: Configs,
    /// The plugins in the binary, by name.
    pub builtin: BTreeMap<String, Bytes>,
    /// How many threads run plugins: as many as serve connections.
    pub threads: usize,
    /// Who compiles plugins.
    pub compiler: Compiler,
    /// The limits of plugins that set none of their own.
    pub plugin_limits: Limits,
}

/// A running node.
pub struct Node {
    parts: Parts,
    server: Arc<Server>,
}

impl Node {
    /// Starts a node. When this returns, clients are served.
    pub async fn start(config: NodeConfig) -> Result<Self, NodeError> {
        Prepared::new(config).await?.serve()
    }

    /// Where Kafka clients connect.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The Kafka listener.
    pub fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// What handlers share.
    pub fn broker(&self) -> &Arc<Broker> {
        &self.parts.broker
    }

    /// Delivery between partitions.
    pub fn delivery(&self) -> &Arc<Delivery> {
        &self.parts.delivery
    }

    /// Where plugins run.
    pub fn plugin_host(&self) -> &Arc<PluginHost> {
        &self.parts.host
    }

    /// What the admin listener serves.
    pub fn admin_context(&self) -> Arc<Context> {
        let broker = &self.parts.broker;
        Arc::new(Context {
            version: env!("CARGO_PKG_VERSION"),
            controller: broker.controller.clone(),
            replicas: broker.replicas.clone(),
            topics: broker.topics.clone(),
            coordinator: broker.coordinator.clone(),
            delivery: self.parts.delivery.clone(),
            redriver: self.parts.redriver.clone(),
            plugin_host: self.parts.host.clone(),
            applier: self.parts.applier.clone(),
            figures: Arc::new(KafkaListener {
                server: self.server.clone(),
                broker: self.parts.broker.clone(),
            }),
        })
    }

    /// Stops: takes no more requests, answers those under way, flushes, and leaves the mark of a clean
    /// shutdown, so that the next start has nothing to recover.
    pub async fn stop(self) -> Result<(), NodeError> {
        self.server.stop().await;
        self.parts.stop().await
    }
}

/// The Kafka listener, as the admin listener below it sees it.
struct KafkaListener {
    server: Arc<Server>,
    broker: Arc<Broker>,
}

impl Figures for KafkaListener {
    fn connections(&self) -> usize {
        self.server.connections()
    }

    fn request_memory_bytes(&self) -> usize {
        self.server.request_memory()
    }

    fn requests(&self) -> Vec<(&'static str, u64)> {
        self.broker.requests.all()
    }

    fn request_times(&self) -> Vec<RequestTimes> {
        let times = self.broker.requests.times().into_iter();
        let shown = times.map(|times| RequestTimes {
            api: times.api,
            buckets: times.buckets,
            sum_ms: times.sum_ms,
        });
        shown.collect()
    }
}
