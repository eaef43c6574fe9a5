//! A node before its clients: its state is loaded, and its metadata is in effect.

use std::net::SocketAddr;
use std::sync::Arc;

use corvid_admin::Applier;
use corvid_api::Server;
use corvid_controller::Advertised;
use corvid_env::fs::Dir;
use corvid_env::net::TcpListener;

use super::parts::Parts;
use super::{Node, NodeConfig};
use crate::node_error::NodeError;

/// A node that listens, and does not accept yet: what its file wants can be applied before anybody produces.
pub struct Prepared {
    parts: Parts,
    listener: TcpListener,
    address: SocketAddr,
}

impl Prepared {
    /// Takes the directory and the address, and brings everything up behind them.
    pub async fn new(config: NodeConfig) -> Result<Self, NodeError> {
        let root = Dir::create_all(&config.data).map_err(|error| NodeError::data(&config.data, error))?;
        let lock = root.lock()?;
        let bind = |error| NodeError::bind(config.listen, error);
        let listener = TcpListener::bind(config.listen).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let advertised = advertised(&config, address);
        Ok(Self {
            parts: Parts::start(config, &root, lock, advertised).await?,
            listener,
            address,
        })
    }

    /// Applies files.
    pub fn applier(&self) -> &Arc<Applier> {
        &self.parts.applier
    }

    /// Whether a file of this name was applied before: then the metadata has what it wanted.
    pub fn has_applied(&self, owner: &str) -> bool {
        self.parts.broker.image().applied_keys(owner).is_some()
    }

    /// Lets the clients in.
    pub fn serve(self) -> Result<Node, NodeError> {
        let server = Server::start(self.parts.broker.clone(), self.listener);
        Ok(Node {
            server: Arc::new(server.map_err(|error| NodeError::bind(self.address, error))?),
            parts: self.parts,
        })
    }

    /// Stops without ever having served.
    pub async fn stop(self) -> Result<(), NodeError> {
        self.parts.stop().await
    }
}

fn advertised(config: &NodeConfig, address: SocketAddr) -> Advertised {
    let (host, port) = config
        .advertise
        .clone()
        .unwrap_or_else(|| (address.ip().to_string(), address.port()));
    // "localhost:0": the name is what was asked for, the port what the system picked.
    let port = if port == 0 { address.port() } else { port };
    Advertised {
        host,
        port,
        rack: config.rack.clone(),
    }
}
