//! Clients while the node dies under them: one produces, one looks at the letters, and one reads everything back at the end.

use std::time::Duration;

use bed::topics::check;
use corvid_env::random;
use corvid_sim::Outcome;
use corvid_sim::whole_node::{
    Durability, Ledger, Workload, connect, consumer, create_topic, numbered, read_back, until_stopped,
};
use corvid_wire::client::{ClientError, Start};
use serde_json::json;

use crate::ledger::{Letters, check as check_ledger, found, is_complete, saw_letter};

/// Where records are sent.
pub const TOPIC: &str = "orders";
/// Where records go that a validator refuses.
pub const LETTERS: &str = "orders.DLT";
const PARTITIONS: i32 = 2;
/// What redrives and links may need for what is under way, in the world's time.
const DELIVERY_TIME: Duration = Duration::from_mins(1);

/// Creates the topics, and produces.
pub async fn produce(ledger: &Ledger<Letters>, durability: Durability) -> Outcome {
    let mut client = connect().await?;
    let coin = json!({ "behaviour": "coin-flip", "on": "bad", "seed": random::below(1 << 30) });
    let produce = json!([check(&coin, "dead-letter")]).to_string();
    let mut configs = vec![("internal.segment.bytes", "8192"), durability.config()];
    create_topic(&mut client, LETTERS, PARTITIONS, &configs).await?;
    configs.push(("corvid.produce", &produce));
    create_topic(&mut client, TOPIC, PARTITIONS, &configs).await?;
    let workload = Workload {
        topic: TOPIC,
        batch_max: 6,
        durability,
    };
    let value = || if random::below(2) == 0 { "bad" } else { "good" };
    workload
        .produce(client, ledger, |number| (None, numbered(number, value())))
        .await
}

/// Notes all letters that it sees.
pub async fn watch(ledger: &Ledger<Letters>) -> Outcome {
    until_stopped(ledger, async || try_to_watch(ledger).await).await;
    Ok(())
}

async fn try_to_watch(ledger: &Ledger<Letters>) -> Result<(), ClientError> {
    let mut consumer = consumer().await?;
    consumer.assign_topic(LETTERS, Start::Earliest).await?;
    while !ledger.is_stopped() {
        for letter in consumer.poll().await? {
            saw_letter(ledger, &letter);
        }
    }
    Ok(())
}

/// Reads everything, once all letters have left, or the time is over.
pub async fn compare(ledger: &Ledger<Letters>, durability: Durability) -> Outcome {
    let topics = [TOPIC, LETTERS];
    read_back(
        &topics,
        DELIVERY_TIME,
        |record| found(ledger, record),
        || is_complete(ledger),
    )
    .await?;
    check_ledger(ledger, durability);
    Ok(())
}
