//! Reads everything back.

use std::net::SocketAddr;

use corvid_wire::client::{ClientError, ConsumedRecord, Consumer, ConsumerOptions, Start};

use crate::checker::Logs;
use crate::history::Found;
use crate::setup;

/// Every record of these topics, from the first offset to the last.
pub async fn read_back(address: SocketAddr, topics: &[&str]) -> Result<Logs, ClientError> {
    let mut logs = Logs::new();
    for topic in topics {
        let client = setup::client(address).await?;
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
    let header = |name: &str| record.headers.iter().find(|(key, _)| key == name.as_bytes());
    let was_held = header("corvid-held-timestamp").is_some();
    let header = header("corvid-dlt-offset");
    let text = header.and_then(|(_, value)| std::str::from_utf8(value.as_deref()?).ok());
    Found {
        offset: record.offset,
        key: record.key.as_deref().unwrap_or_default().to_vec(),
        value: record.value.as_deref().unwrap_or_default().to_vec(),
        letter_offset: text.and_then(|text| text.parse().ok()),
        timestamp: record.timestamp,
        was_held,
        seen_at: None,
    }
}
