//! A node with its admin listener.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use corvid::settings::{Named, Settings};
use corvid::{Node, NodeError, Prepared};
use corvid_admin::{AdminConfig, Applier, Server};
use corvid_env::net::TcpListener;

use super::super::{Done, Failure};
use super::{node_config, resolve};

/// What serves.
pub struct Running {
    node: Node,
    admin: Server,
}

impl Running {
    /// Starts a node as its settings say. Its file, if it has one, is applied before anybody is let in.
    pub async fn start(settings: &Settings, file: Option<&Path>) -> Result<Self, Failure> {
        let listen = resolve(&settings.listeners.kafka).await?;
        let admin_address = resolve(&settings.admin.listen).await?;
        let prepared = Prepared::new(node_config(settings, listen)).await.map_err(of_node)?;
        match Self::let_in(settings, file, admin_address, &prepared).await {
            Ok(listener) => Self::serve(settings, prepared, listener),
            Err(failure) => {
                // The failure says why it does not start; that it stops badly on top of it would only hide that.
                let _ = prepared.stop().await;
                Err(failure)
            }
        }
    }

    async fn let_in(
        settings: &Settings,
        file: Option<&Path>,
        address: SocketAddr,
        prepared: &Prepared,
    ) -> Result<TcpListener, Failure> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            let failure = Failure::failed(format!("the admin listener cannot listen on {address}: {error}"));
            failure.hint("choose another with --admin-listen, or `listen` in [admin]")
        })?;
        if let Some(file) = file {
            apply(settings, file, prepared).await?;
        }
        Ok(listener)
    }

    fn serve(settings: &Settings, prepared: Prepared, listener: TcpListener) -> Result<Self, Failure> {
        let node = prepared.serve().map_err(of_node)?;
        let config = AdminConfig {
            token: settings.admin.token.clone(),
            hosts: settings.admin.hosts.clone(),
        };
        let admin = Server::start(node.admin_context(), listener, config)?;
        Ok(Self { node, admin })
    }

    /// The node.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Where the admin listener is.
    pub fn admin(&self) -> SocketAddr {
        self.admin.address()
    }

    /// Applies files.
    pub fn applier(&self) -> Arc<Applier> {
        self.node.admin_context().applier.clone()
    }

    /// Where clients are told to connect.
    pub fn advertised(&self) -> String {
        let broker = self.node.broker();
        let image = broker.image();
        image.broker(broker.node).map_or_else(
            || self.node.address().to_string(),
            |me| format!("{}:{}", me.host, me.port),
        )
    }

    /// Stops both.
    pub async fn stop(self) -> Done {
        self.admin.stop().await;
        self.node.stop().await.map_err(of_node)
    }
}

/// Applies the node's own file. One that was applied before and cannot be obeyed now (somebody has added partitions
/// since) must not keep a node with data from starting; one that never was must not be passed over in silence.
async fn apply(settings: &Settings, file: &Path, prepared: &Prepared) -> Done {
    let named = Named::of(file);
    let applied = match settings.application(&named) {
        Ok(application) => prepared
            .applier()
            .apply(&application, false)
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match applied {
        Ok(outcome) => {
            outcome
                .changes
                .iter()
                .for_each(|change| tracing::info!("applied: {change}"));
            outcome.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
            Ok(())
        }
        Err(error) if prepared.has_applied(&named.name) => {
            tracing::error!("{}: not applied, what was applied last stays: {error}", file.display());
            Ok(())
        }
        Err(error) => {
            let failure = Failure::failed(format!("{}: {error}", file.display()));
            Err(failure.hint(
                "nothing was started: the file has never been applied, so its topics would be without their policies",
            ))
        }
    }
}

fn of_node(error: NodeError) -> Failure {
    Failure::failed(error.to_string())
}
