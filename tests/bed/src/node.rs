//! A node, started from Rust.

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

/// The settings of a node for a test: few partitions of the offsets topic, no waiting for more members of a group. It knows the
/// binary's own plugins and that of the tests.
pub fn config(data: &Path, listen: SocketAddr) -> NodeConfig {
    let fixed = [
        ("group.initial.rebalance.delay.ms", "0"),
        ("offsets.topic.num.partitions", "4"),
    ];
    let mut builtin = corvid::embedded::plugins();
    builtin.insert(PLUGIN.to_owned(), Bytes::from_static(MISBEHAVING));
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
        builtin,
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

/// Starts a node that has the plugin of the tests, in this generation at least.
pub async fn start(config: NodeConfig, generation: u64) -> Result<Node, BedError> {
    let node = Node::start(config).await?;
    // One that is only tried is newer than the active one.
    if node.broker().controller.image().next_generation(PLUGIN) <= generation {
        deploy(&node, PLUGIN, MISBEHAVING, serde_json::Value::Null, generation).await?;
    }
    Ok(node)
}

/// Puts one of the binary's own plugins on the node, if it is not there yet, with this configuration where a binding has none.
pub async fn deploy_first_party(node: &Node, name: &str, config: serde_json::Value) -> Result<(), BedError> {
    let module = &corvid::embedded::plugins()[name];
    match node.broker().controller.image().plugin(name) {
        Some(_) => Ok(()),
        None => deploy(node, name, module, config, 1).await,
    }
}

async fn deploy(
    node: &Node,
    name: &str,
    module: &[u8],
    config: serde_json::Value,
    generation: u64,
) -> Result<(), BedError> {
    let plugin = PluginRecord {
        module: digest_of(module),
        builtin: Some(name.to_owned()),
        config,
        limits: PluginLimits::default(),
        generation,
        deployment: corvid_metadata::Deployment::default(),
    };
    let put = Record::PutPlugin {
        name: name.to_owned(),
        plugin,
    };
    let image = node.broker().controller.submit(vec![put]).await?;
    node.broker().settle(&image).await;
    Ok(())
}
