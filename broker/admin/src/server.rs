//! The listener, from its start to its stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use corvid_env::net::TcpListener;
use corvid_env::{clock, task};
use tokio::sync::watch;

use crate::context::Context;
use crate::gate::Gate;
use crate::listener::Bounded;
use crate::routes;

/// How the listener is served.
#[derive(Debug, Clone, Default)]
pub struct AdminConfig {
    /// What callers must send as a bearer token.
    pub token: Option<String>,
    /// Names, besides `localhost` and addresses, by which it may be called.
    pub hosts: Vec<String>,
}

/// A running admin listener.
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    serving: task::JoinHandle<()>,
}

/// How long requests under way may take when the node stops.
const STOP_MAX: Duration = Duration::from_secs(2);

impl Server {
    /// Serves `context` on `listener`.
    pub fn start(context: Arc<Context>, listener: TcpListener, config: AdminConfig) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, mut stopped) = watch::channel(false);
        let gate = Gate {
            token: config.token,
            hosts: config.hosts,
        };
        let router = routes::router(context, gate);
        let serving = task::spawn("admin", async move {
            let stopping = async move {
                // The sender goes with the server.
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            let served = axum::serve(Bounded::new(listener), router)
                .with_graceful_shutdown(stopping)
                .await;
            if let Err(error) = served {
                tracing::error!(%error, "the admin listener has ended");
            }
        });
        Ok(Self { address, stop, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, and gives those under way a moment.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let abort = self.serving.abort_handle();
        if clock::timeout(STOP_MAX, self.serving).await.is_err() {
            abort.abort();
        }
    }
}
