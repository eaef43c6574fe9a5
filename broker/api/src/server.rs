//! The listener: takes connections, bounds their number, and lets them finish when the broker stops.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use corvid_env::net::TcpListener;
use corvid_env::{clock, task};
use corvid_wire::{MemoryBudget, limits};
use tokio::sync::{Semaphore, watch};

use crate::broker::Broker;
use crate::connection;
use crate::dispatch::Client;

/// `max.connections`: beyond this, a new connection is closed at once.
pub const CONNECTIONS_MAX: usize = 10_000;

/// A Kafka listener that is bound, and serves until it is stopped.
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    memory: MemoryBudget,
    connections: Arc<Semaphore>,
}

impl Server {
    /// Starts to serve `broker` on `listener`.
    pub fn start(broker: Arc<Broker>, listener: TcpListener) -> std::io::Result<Self> {
        let server = Self {
            address: listener.local_addr()?,
            stop: watch::Sender::new(false),
            memory: MemoryBudget::new(limits::FRAME_BUDGET_BYTES),
            connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
        };
        let accepting = Accepting {
            broker,
            listener,
            memory: server.memory.clone(),
            connections: server.connections.clone(),
            stop: server.stop.subscribe(),
        };
        drop(task::spawn("accept", accepting.run()));
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        CONNECTIONS_MAX - self.connections.available_permits()
    }

    /// Bytes of requests that are being read or handled.
    pub fn request_memory(&self) -> usize {
        self.memory.in_use()
    }

    /// Stops accepting, and returns when every request that was taken is answered; who does not read its answers
    /// is not waited for.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        // All permits back means no connection is left.
        let all = u32::try_from(CONNECTIONS_MAX).expect("the bound of connections is small");
        if clock::timeout(PATIENCE, self.connections.acquire_many(all))
            .await
            .is_err()
        {
            tracing::warn!(
                connections = self.connections(),
                "stopping though clients have not read their answers"
            );
        }
    }
}

/// How long stopping waits for connections: longer than they give their own answers.
const PATIENCE: Duration = Duration::from_secs(4);

struct Accepting {
    broker: Arc<Broker>,
    listener: TcpListener,
    memory: MemoryBudget,
    connections: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

/// How long accepting pauses when the system is out of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

impl Accepting {
    async fn run(mut self) {
        loop {
            tokio::select! {
                biased;
                _ = self.stop.changed() => return,
                accepted = self.listener.accept() => match accepted {
                    Ok((socket, address)) => self.serve(socket, address),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        clock::sleep(PAUSE).await;
                    }
                }
            }
        }
    }

    fn serve(&self, socket: corvid_env::net::TcpStream, address: SocketAddr) {
        let Ok(permit) = self.connections.clone().try_acquire_owned() else {
            tracing::warn!(client = %address, limit = CONNECTIONS_MAX, "refused: too many connections");
            return;
        };
        // Small answers must not wait for more to come (Nagle).
        let (Ok(()), Ok(reached)) = (socket.set_nodelay(true), socket.local_addr()) else {
            return;
        };
        let (broker, memory, stop) = (self.broker.clone(), self.memory.clone(), self.stop.clone());
        let client = Client { address, reached };
        drop(task::spawn("connection", async move {
            connection::serve(broker, socket, client, memory, stop).await;
            drop(permit);
        }));
    }
}
