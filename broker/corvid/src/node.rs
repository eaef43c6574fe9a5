//! A node: every layer, put together. What starts first stops last.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use corvid_api::{Broker, FetchSessions, Server};
use corvid_controller::{Advertised, Controller, ControllerConfig};
use corvid_coordinator::Coordinator;
use corvid_delivery::Delivery;
use corvid_env::fs::{Dir, DirLock};
use corvid_env::net::TcpListener;
use corvid_env::task::{self, JoinHandle};
use corvid_metadata::NodeId;
use corvid_metadata::config::Configs;
use corvid_pipeline::{Modules, Plugins, Topics};
use corvid_plugin_host::{Compiler, HostConfig, Limits, PluginHost};
use corvid_replication::{NodeConfigs, Replicas};
use corvid_storage::{LogDirectory, LogDirectoryConfig};
use tokio::sync::watch;

use crate::follow::Follower;
use crate::node_error::NodeError;
use crate::{coordinator_config, housekeeping};

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
    /// Who compiles plugins.
    pub compiler: Compiler,
    /// The limits of plugins that set none of their own.
    pub plugin_limits: Limits,
}

/// A running node.
pub struct Node {
    broker: Arc<Broker>,
    delivery: Arc<Delivery>,
    host: Arc<PluginHost>,
    server: Arc<Server>,
    directory: Arc<LogDirectory>,
    tasks: Vec<JoinHandle<()>>,
    /// Held to the end: nobody else may use the directory.
    _lock: DirLock,
}

impl Node {
    /// Starts a node. When this returns, clients are served.
    pub async fn start(config: NodeConfig) -> Result<Self, NodeError> {
        let root = Dir::create_all(&config.data).map_err(|error| NodeError::data(&config.data, error))?;
        let lock = root.lock()?;
        let listener = TcpListener::bind(config.listen).await.map_err(|error| NodeError::bind(config.listen, error))?;
        let address = listener.local_addr().map_err(|error| NodeError::bind(config.listen, error))?;
        let sub = |name: &str| root.subdir(name).map_err(|error| NodeError::data(&config.data, error));
        let controller = Controller::start(ControllerConfig {
            node: config.node,
            dir: sub("metadata")?,
            advertised: advertised(&config, address),
            fixed: config.fixed.clone(),
            snapshot_every: SNAPSHOT_EVERY,
        })
        .await?;
        let cluster_id = controller.image().cluster_id().unwrap_or_default().to_owned();
        let logs = sub("logs")?;
        let directory = LogDirectory::open(logs.clone(), directory_config(&config, &controller, &cluster_id)).await?;
        let configs = NodeConfigs {
            node: config.node,
            fixed: config.fixed.clone(),
        };
        let replicas = Replicas::new(configs.clone(), logs, directory.clone());
        let host = PluginHost::new(HostConfig {
            cache: Some(sub("plugin-cache")?),
            compiler: config.compiler.clone(),
            workers: 2,
            defaults: config.plugin_limits,
        })?;
        let modules = Arc::new(Modules::new(sub("plugins")?, config.builtin.clone()));
        let topics = Topics::new(configs, Arc::new(Plugins::new(host.clone(), modules)));
        let coordinator = Coordinator::new(coordinator_config::of(&controller));
        let delivery = Delivery::new(replicas.clone());
        let (settle, settled) = watch::channel(0);
        let follower = Follower {
            controller: controller.clone(),
            replicas: replicas.clone(),
            topics: topics.clone(),
            delivery: delivery.clone(),
            coordinator: coordinator.clone(),
            settled: settle,
        };
        let following = follower.start().await;
        let keeping = task::spawn("housekeeping", housekeeping::run(controller.clone(), replicas.clone()));
        let broker = Arc::new(Broker {
            node: config.node,
            cluster_id,
            controller,
            replicas,
            coordinator,
            topics,
            settled,
            sessions: FetchSessions::default(),
        });
        let server = Server::start(broker.clone(), listener).map_err(|error| NodeError::bind(address, error))?;
        Ok(Self {
            broker,
            delivery,
            host,
            server: Arc::new(server),
            directory,
            tasks: vec![following, keeping],
            _lock: lock,
        })
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
        &self.broker
    }

    /// Delivery between partitions.
    pub fn delivery(&self) -> &Arc<Delivery> {
        &self.delivery
    }

    /// Where plugins run.
    pub fn plugin_host(&self) -> &Arc<PluginHost> {
        &self.host
    }

    /// Stops: takes no more requests, answers those under way, flushes, and leaves the mark of a clean
    /// shutdown, so that the next start has nothing to recover.
    pub async fn stop(self) -> Result<(), NodeError> {
        self.server.stop().await;
        for task in &self.tasks {
            task.abort();
        }
        self.broker.coordinator.shutdown().await;
        self.broker.controller.shutdown().await;
        self.directory.shutdown().await?;
        Ok(())
    }
}

/// A snapshot of the metadata is written after so many entries of its log.
const SNAPSHOT_EVERY: u64 = 10_000;

fn advertised(config: &NodeConfig, address: SocketAddr) -> Advertised {
    let (host, port) = config.advertise.clone().unwrap_or_else(|| (address.ip().to_string(), address.port()));
    // "localhost:0": the name is what was asked for, the port what the system picked.
    let port = if port == 0 { address.port() } else { port };
    Advertised {
        host,
        port,
        rack: config.rack.clone(),
    }
}

fn directory_config(config: &NodeConfig, controller: &Controller, cluster_id: &str) -> LogDirectoryConfig {
    let image = controller.image();
    let layers = image.broker_layers(config.node, &config.fixed);
    let expiration = layers.number("producer.id.expiration.ms").max(1);
    LogDirectoryConfig {
        cluster_id: Some(cluster_id.to_owned()),
        node_id: config.node.0,
        producer_id_expiration: std::time::Duration::from_millis(expiration.unsigned_abs()),
        ..LogDirectoryConfig::default()
    }
}
