//! Topics that are created, however often the node dies of it.

use std::time::Duration;

use bed::topics;
use corvid_env::clock;
use corvid_sim::Outcome;
use corvid_wire::client::Client;

use crate::connect::CONNECT_TRIES;

/// Creates a topic, or finds it there.
pub async fn create(client: &mut Client, name: &str, partitions: i32, configs: &[(&str, &str)]) -> Outcome {
    for _ in 0..CONNECT_TRIES {
        // An earlier try may have created it, and died before it said so.
        if client.partition_count(name, false).await.is_ok() {
            return Ok(());
        }
        let _ = topics::create(client, name, partitions, configs).await;
        clock::sleep(Duration::from_millis(20)).await;
    }
    Ok(topics::create(client, name, partitions, configs).await?)
}
