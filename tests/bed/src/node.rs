//! A node, started from Rust.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use corvid::{Node, NodeConfig};
use corvid_metadata::{NodeId, PluginLimits, PluginRecord, Record};
use corvid_pipeline::digest_of;
use corvid_plugin_host::{Compiler, Limits};

use crate::{MISBEHAVING, PLUGIN};

/// Any free port of the loopback interface.
pub const ANY_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// The settings of a node for a test: few partitions of the offsets topic, no waiting for more members of a group.
pub fn config(data: &Path, listen: SocketAddr) -> NodeConfig {
    let fixed = [
        ("group.initial.rebalance.delay.ms", "0"),
        ("offsets.topic.num.partitions", "4"),
    ];
    NodeConfig {
        node: NodeId(1),
        data: data.to_owned(),
        listen,
        advertise: None,
        rack: Some("here".to_owned()),
        fixed: fixed
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
        builtin: BTreeMap::from([(PLUGIN.to_owned(), Bytes::from_static(MISBEHAVING))]),
        threads: 2,
        compiler: Compiler::InProcess,
        plugin_limits: Limits::default(),
    }
}

/// Why there is no node, or no plugin on it.
#[derive(Debug, thiserror::Error)]
pub enum BedError {
    /// The node didn't start.
    #[error(transparent)]
    Node(#[from] corvid::NodeError),
    /// The plugin wasn't taken.
    #[error(transparent)]
    Submit(#[from] corvid_controller::SubmitError),
}

/// Starts a node that has the plugin, in this generation at least.
pub async fn start(config: NodeConfig, generation: u64) -> Result<Node, BedError> {
    let node = Node::start(config).await?;
    let controller = &node.broker().controller;
    let known = controller.image().plugin(PLUGIN).map_or(0, |plugin| plugin.generation);
    if known < generation {
        let plugin = PluginRecord {
            module: digest_of(MISBEHAVING),
            builtin: Some(PLUGIN.to_owned()),
            config: serde_json::Value::Null,
            limits: PluginLimits::default(),
            generation,
            deployment: corvid_metadata::Deployment::default(),
        };
        let put = Record::PutPlugin {
            name: PLUGIN.to_owned(),
            plugin,
        };
        let image = controller.submit(vec![put]).await?;
        node.broker().settle(&image).await;
    }
    Ok(node)
}
