//! The layers behind the listener.

use std::io;
use std::sync::Arc;

use corvid_admin::Applier;
use corvid_api::{Broker, FetchSessions, Misled, RequestMeters, TimeLookUps};
use corvid_controller::{Advertised, Controller, ControllerConfig};
use corvid_coordinator::Coordinator;
use corvid_delivery::Delivery;
use corvid_env::fs::{Dir, DirLock};
use corvid_env::task::JoinHandle;
use corvid_metadata::config::keys;
use corvid_pipeline::{Decided, Modules, Plugins, Redriver, Tables, Topics};
use corvid_plugin_host::{HostConfig, PluginHost};
use corvid_replication::{NodeConfigs, Replicas};
use corvid_storage::{LogDirectory, LogDirectoryConfig};
use tokio::sync::watch;

use super::NodeConfig;
use crate::coordinator_config;
use crate::follow::Follower;
use crate::housekeeping::{Housekeeping, Kept};
use crate::node_error::NodeError;

/// Everything that runs without a client.
pub(super) struct Parts {
    pub broker: Arc<Broker>,
    pub delivery: Arc<Delivery>,
    pub redriver: Arc<Redriver>,
    pub host: Arc<PluginHost>,
    pub applier: Arc<Applier>,
    directory: Arc<LogDirectory>,
    following: JoinHandle<()>,
    keeping: Housekeeping,
    /// Held to the end: nobody else may use the directory.
    _lock: DirLock,
}

/// A snapshot of the metadata is written after so many entries of its log.
const SNAPSHOT_EVERY: u64 = 10_000;

impl Parts {
    pub async fn start(
        config: NodeConfig,
        root: &Dir,
        lock: DirLock,
        advertised: Advertised,
    ) -> Result<Self, NodeError> {
        let [metadata, logs, plugin_cache, plugins] =
            subdirectories(root).map_err(|error| NodeError::data(&config.data, error))?;
        let controller = Controller::start(ControllerConfig {
            node: config.node,
            dir: metadata,
            advertised,
            fixed: config.fixed.clone(),
            snapshot_every: SNAPSHOT_EVERY,
        })
        .await?;
        let cluster_id = cluster_id(&controller);
        let directory = LogDirectory::open(logs.clone(), directory_config(&config, &controller, &cluster_id)).await?;
        let replicas = Replicas::new(node_configs(&config), logs, directory.clone());
        let host = plugin_host(&config, plugin_cache)?;
        let topics = topics(&config, plugins, host.clone(), &controller, &replicas);
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
        let kept = Kept::of(&follower);
        let following = follower.start().await;
        let keeping = Housekeeping::start(kept);
        let redriver = Redriver::new(controller.clone(), topics.clone());
        let applier = Applier::new(controller.clone(), topics.clone(), settled.clone());
        let broker = Arc::new(Broker {
            node: config.node,
            cluster_id,
            controller,
            replicas,
            coordinator,
            topics,
            settled,
            sessions: FetchSessions::default(),
            time_look_ups: TimeLookUps::default(),
            requests: RequestMeters::default(),
            misled: Misled::default(),
        });
        Ok(Self {
            broker,
            delivery,
            redriver,
            host,
            applier,
            directory,
            following,
            keeping,
            _lock: lock,
        })
    }

    /// Stops what started last first.
    pub async fn stop(self) -> Result<(), NodeError> {
        self.keeping.stop().await;
        self.following.abort();
        // Cancelled: it holds nothing any more.
        let _ = self.following.await;
        self.delivery.stop().await;
        self.broker.coordinator.shutdown().await;
        self.broker.controller.shutdown().await;
        self.directory.shutdown().await?;
        if let Err(error) = self.delivery.write_hints().await {
            tracing::warn!(%error, "the next start has to look at delivered entries again");
        }
        Ok(())
    }
}

/// The node's directories: metadata, logs, compiled plugins, plugins. Their names are durable when this returns, or a power cut would
/// take all that is in them, synced or not.
fn subdirectories(root: &Dir) -> io::Result<[Dir; 4]> {
    let names = ["metadata", "logs", "plugin-cache", "plugins"];
    let [metadata, logs, cache, plugins] = names.map(|name| root.subdir(name));
    let all = [metadata?, logs?, cache?, plugins?];
    // Also those that were there: whoever made them may have been killed before this.
    root.sync()?;
    Ok(all)
}

/// The topics with their plugins; `plugins` is where modules are kept.
fn topics(
    config: &NodeConfig,
    plugins: Dir,
    host: Arc<PluginHost>,
    controller: &Controller,
    replicas: &Arc<Replicas>,
) -> Arc<Topics> {
    let decided = Decided::open(plugins.clone());
    let modules = Arc::new(Modules::new(plugins, config.builtin.clone()));
    let tables = Tables::new(replicas.clone(), bytes(controller, keys::TABLE_BYTES));
    let plugins = Arc::new(Plugins::new(host, modules, tables));
    let view_cache = bytes(controller, keys::VIEW_CACHE_BYTES);
    Topics::new(node_configs(config), plugins, decided, view_cache)
}

/// A size among the broker's configs.
fn bytes(controller: &Controller, key: &str) -> usize {
    let image = controller.image();
    let layers = image.broker_layers(controller.node(), controller.fixed_configs());
    usize::try_from(layers.number(key)).unwrap_or(0)
}

fn node_configs(config: &NodeConfig) -> NodeConfigs {
    NodeConfigs {
        node: config.node,
        fixed: config.fixed.clone(),
    }
}

fn cluster_id(controller: &Controller) -> String {
    controller.image().cluster_id().unwrap_or_default().to_owned()
}

fn plugin_host(config: &NodeConfig, cache: Dir) -> Result<Arc<PluginHost>, NodeError> {
    Ok(PluginHost::new(HostConfig {
        cache: Some(cache),
        compiler: config.compiler.clone(),
        workers: config.threads,
        defaults: config.plugin_limits,
    })?)
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
