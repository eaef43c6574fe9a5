//! How clients reach a node that dies under them.

use std::time::Duration;

use corvid_env::clock;
use corvid_wire::client::{Client, ClientError, ClientOptions};

/// A node that does not come back within these never will.
pub const CONNECT_TRIES: u32 = 200;

/// Calls the node again and again: it may be down, and comes back.
pub async fn connect() -> Result<Client, ClientError> {
    for _ in 0..CONNECT_TRIES {
        if let Ok(client) = Client::connect("node:9092", options()).await {
            return Ok(client);
        }
        clock::sleep(Duration::from_millis(20)).await;
    }
    Client::connect("node:9092", options()).await
}

/// Waits that fit into a life.
pub fn options() -> ClientOptions {
    ClientOptions {
        connect_timeout: Duration::from_millis(300),
        request_timeout: Duration::from_secs(1),
        ..ClientOptions::default()
    }
}
