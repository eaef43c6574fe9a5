//! How clients reach a node that dies under them.

use std::time::Duration;

use bed::topics;
use corvid_env::clock;
use corvid_wire::client::{Client, ClientError, ClientOptions, Consumer, ConsumerOptions};

use super::life::{NODE, PORT};
use crate::Outcome;

/// A node that does not come back within these never will.
const TRIES: u32 = 200;
/// How long a client waits for a node that is down.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Calls the node again and again: it may be down, and comes back.
pub async fn connect() -> Result<Client, ClientError> {
    for _ in 0..TRIES {
        if let Ok(client) = call().await {
            return Ok(client);
        }
        clock::sleep(TRY_AGAIN).await;
    }
    call().await
}

/// A consumer for as long as the node lives; one that fetches often, and little at a time.
pub async fn consumer() -> Result<Consumer, ClientError> {
    let options = ConsumerOptions {
        max_wait: Duration::from_millis(20),
        partition_max_bytes: 2048,
        ..ConsumerOptions::default()
    };
    Ok(Consumer::new(call().await?, options))
}

/// Creates a topic, however often the node dies of it, or finds it there.
pub async fn create_topic(client: &mut Client, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Outcome {
    for _ in 0..TRIES {
        // An earlier try may have created it, and died before it said so.
        if client.partition_count(name, false).await.is_ok() {
            return Ok(());
        }
        let _ = topics::create(client, name, partitions, configs).await;
        clock::sleep(TRY_AGAIN).await;
    }
    Ok(topics::create(client, name, partitions, configs).await?)
}

/// Calls the node once. The waits fit into a life.
async fn call() -> Result<Client, ClientError> {
    let options = ClientOptions {
        connect_timeout: Duration::from_millis(300),
        request_timeout: Duration::from_secs(1),
        ..ClientOptions::default()
    };
    Client::connect(&format!("{NODE}:{PORT}"), options).await
}
