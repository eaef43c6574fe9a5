//! The events on their way: there through a producer, and back through a consumer, over TCP as any client.

use bytes::Bytes;
use corvid_record::Compression;
use corvid_wire::client::{
    Client, ConsumedRecord, Consumer, ConsumerOptions, Delivery, NewRecord, Producer, ProducerOptions, Start,
};

use super::TOPIC;
use super::events::Event;
use crate::cli::{Failure, produce};

/// Sends every event, keyed by its id, and returns when all are acknowledged.
pub async fn send(client: Client, events: &[Event]) -> Result<(), Failure> {
    let options = ProducerOptions {
        // The one codec that every client reads: kafkajs has no other built in.
        compression: Compression::Gzip,
        create_topics: false,
        ..ProducerOptions::default()
    };
    let mut producer = Producer::new(client, options);
    for event in events {
        let record = NewRecord {
            key: Some(Bytes::from(event.id.clone())),
            value: Some(Bytes::from_static(event.line.as_bytes())),
            ..NewRecord::default()
        };
        producer.send(TOPIC, None, record).await?;
    }
    acknowledged(&producer.flush().await?)
}

fn acknowledged(deliveries: &[Delivery]) -> Result<(), Failure> {
    for delivery in deliveries {
        if let Err(refusal) = &delivery.result {
            return Err(Failure::failed(format!(
                "the node refused events: {}",
                produce::reasons(refusal).join("; ")
            )));
        }
    }
    Ok(())
}

/// Reads topics from their beginning to their end.
pub async fn read_back(client: Client, topics: &[&str]) -> Result<Vec<ConsumedRecord>, Failure> {
    let mut consumer = Consumer::new(client, ConsumerOptions::default());
    for topic in topics {
        consumer.assign_topic(topic, Start::Earliest).await?;
    }
    let mut records = Vec::new();
    loop {
        records.extend(consumer.poll().await?);
        if consumer.is_at_end() {
            return Ok(records);
        }
    }
}
