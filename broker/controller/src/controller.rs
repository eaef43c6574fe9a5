//! The handle that everyone holds.

use std::sync::Arc;

use corvid_env::fs::Dir;
use corvid_metadata::config::Configs;
use corvid_metadata::{Image, NodeId, Record};
use tokio::sync::watch;

use crate::error::{StartError, SubmitError};

/// What a controller is started with.
#[derive(Clone, Debug)]
pub struct ControllerConfig {
    /// This node.
    pub node: NodeId,
    /// Where the quorum's files are: a directory of its own.
    pub dir: Dir,
    /// Where clients reach this node.
    pub advertised: Advertised,
    /// The configs from the node's own file, under Kafka's names.
    pub fixed: Configs,
    /// A snapshot is written, and the log cut, after so many entries.
    pub snapshot_every: u64,
}

/// Where clients reach a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Advertised {
    /// A name or an address.
    pub host: String,
    /// The port of that.
    pub port: u16,
    /// `broker.rack`.
    pub rack: Option<String>,
}

/// This node's part of the metadata quorum.
pub struct Controller {
    node: NodeId,
    fixed: Configs,
    images: watch::Receiver<Arc<Image>>,
}

impl Controller {
    /// Starts the quorum from its files, or founds it in an empty directory; registers this node,
    /// and returns when the image is up to date.
    pub async fn start(_config: ControllerConfig) -> Result<Arc<Controller>, StartError> {
        todo!()
    }

    /// This node.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The configs from the node's own file.
    pub fn fixed_configs(&self) -> &Configs {
        &self.fixed
    }

    /// The newest image.
    pub fn image(&self) -> Arc<Image> {
        self.images.borrow().clone()
    }

    /// Tells of every new image. A slow watcher sees the newest only.
    pub fn watch(&self) -> watch::Receiver<Arc<Image>> {
        self.images.clone()
    }

    /// The broker configs that count on this node: its file, under what was set over the wire.
    pub fn broker_configs(&self) -> Configs {
        self.image().broker_layers(self.node, &self.fixed).merged()
    }

    /// Commits a batch, all or nothing, and returns the image that has it.
    pub async fn submit(&self, _records: Vec<Record>) -> Result<Arc<Image>, SubmitError> {
        todo!()
    }

    /// Writes a snapshot and stops. Afterwards every submission is [`SubmitError::Unavailable`].
    pub async fn shutdown(&self) {
        todo!()
    }
}
