//! Reads everything back.

use std::net::SocketAddr;

use corvid_wire::client::{ClientError, ConsumedRecord, Consumer, ConsumerOptions, Start};

use crate::checker::Logs;
use crate::history::Found;
use crate::setup;

/// Every record of these topics, from the first offset to the last.
pub async fn read_back(address: SocketAddr, topics: &[&str]) -> Result<Logs, ClientError> {
    read_back_as("corvid", address, topics).await
}

/// The same, as one who is called so.
pub async fn read_back_as(client_id: &str, address: SocketAddr, topics: &[&str]) -> Result<Logs, ClientError> {
    let mut logs = Logs::new();
    for topic in topics {
        let client = setup::patient_client(address, client_id).await?;
        let mut consumer = Consumer::new(client, ConsumerOptions::default());
        consumer.assign_topic(topic, Start::Earliest).await?;
        while !consumer.is_at_end() {
            for record in consumer.poll().await? {
                let partition = (record.topic.clone(), record.partition);
                logs.entry(partition).or_default().push(found(&record));
            }
        }
    }
    Ok(logs)
}

/// A record as it was read.
pub fn found(record: &ConsumedRecord) -> Found {
    let header = |name: &str| record.headers.iter().rfind(|(key, _)| key == name.as_bytes());
    let text = |name: &str| std::str::from_utf8(header(name)?.1.as_deref()?).ok();
    let number = |name: &str| text(name)?.parse::<i64>().ok();
    // A dead letter says it in its own words, one that comes back in others.
    let either = |name: &str| number(&format!("corvid-dlt-{name}")).or_else(|| number(&format!("corvid-retry-{name}")));
    Found {
        offset: record.offset,
        key: record.key.as_deref().unwrap_or_default().to_vec(),
        value: record.value.as_deref().unwrap_or_default().to_vec(),
        letter_offset: number("corvid-dlt-offset"),
        timestamp: record.timestamp,
        was_held: header("corvid-held-timestamp").is_some(),
        seen_at: None,
        attempts: either("attempts").and_then(|attempts| attempts.try_into().ok()),
        is_alert: header("alert").is_some(),
        origin: either("partition").and_then(|partition| Some((partition.try_into().ok()?, either("offset")?))),
    }
}
