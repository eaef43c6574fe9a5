//! The client against a broker that fits on a page, over real sockets.

mod fake;

use std::time::Duration;

use bytes::Bytes;
use corvid_record::Compression;
use kafka_protocol::error::ResponseError;

use self::fake::{Broker, Mischief};
use super::*;

async fn client(broker: &Broker) -> Client {
    let options = ClientOptions {
        request_timeout: Duration::from_secs(5),
        ..ClientOptions::default()
    };
    Client::connect(&broker.address, options)
        .await
        .expect("the broker listens")
}

fn record(value: &str) -> NewRecord {
    let headers = vec![("a".to_owned(), Some(Bytes::from_static(b"1"))), ("a".to_owned(), None)];
    NewRecord {
        key: None,
        value: Some(Bytes::copy_from_slice(value.as_bytes())),
        headers,
        timestamp: Some(1_000),
    }
}

fn options(compression: Compression) -> ProducerOptions {
    ProducerOptions {
        compression,
        backoff: Duration::from_millis(1),
        ..ProducerOptions::default()
    }
}

async fn read_all(broker: &Broker) -> Vec<ConsumedRecord> {
    let mut consumer = Consumer::new(client(broker).await, ConsumerOptions::default());
    consumer
        .assign_topic("events", Start::Earliest)
        .await
        .expect("the topic is there");
    let mut records = Vec::new();
    while !consumer.is_at_end() {
        records.extend(consumer.poll().await.expect("a fetch"));
    }
    records
}

#[tokio::test]
async fn what_is_produced_is_consumed_with_every_codec() {
    for codec in [
        Compression::None,
        Compression::Gzip,
        Compression::Snappy,
        Compression::Lz4,
        Compression::Zstd,
    ] {
        let broker = Broker::start(Mischief::None).await;
        let mut producer = Producer::new(client(&broker).await, options(codec));
        for at in 0..300 {
            let record = NewRecord {
                key: Some(format!("k{at}").into()),
                ..record(&format!("v{at}"))
            };
            producer.send("events", None, record).await.expect("it is gathered");
        }
        let deliveries = producer.flush().await.expect("it is sent");
        assert_eq!(deliveries.iter().map(|delivery| delivery.records).sum::<usize>(), 300);
        assert!(deliveries.iter().all(|delivery| delivery.result == Ok(0)));

        let records = read_all(&broker).await;
        assert_eq!(records.len(), 300);
        let expected: Vec<_> = [(&b"a"[..], Some(&b"1"[..])), (b"a", None)].into();
        for record in &records {
            let key = record.key.as_ref().expect("a key");
            assert_eq!(partition_for_key(key, 3), record.partition);
            let headers: Vec<_> = record
                .headers
                .iter()
                .map(|(key, value)| (&key[..], value.as_deref()))
                .collect();
            assert_eq!(headers, expected);
            assert_eq!(record.timestamp, 1_000);
        }
    }
}

#[tokio::test]
async fn records_without_a_key_go_to_one_partition_after_the_other_a_batch_each() {
    let broker = Broker::start(Mischief::None).await;
    let mut producer = Producer::new(client(&broker).await, options(Compression::None));
    for round in 0..6 {
        producer
            .send("events", None, record("one"))
            .await
            .expect("it is gathered");
        producer
            .send("events", None, record("two"))
            .await
            .expect("it is gathered");
        let deliveries = producer.flush().await.expect("it is sent");
        let targets: Vec<_> = deliveries
            .iter()
            .map(|delivery| (delivery.partition, delivery.records))
            .collect();
        assert_eq!(targets, [(round % 3, 2)]);
    }
}

/// The bug this is for: a batch whose answer was lost is sent again under another sequence, and appended twice.
#[tokio::test]
async fn a_batch_whose_answer_is_lost_is_sent_again_with_its_sequence() {
    let broker = Broker::start(Mischief::CloseAfterAppend { every: 2 }).await;
    let mut producer = Producer::new(client(&broker).await, options(Compression::None));
    for at in 0..10 {
        producer
            .send("events", Some(1), record(&at.to_string()))
            .await
            .expect("it is gathered");
        let deliveries = producer.flush().await.expect("it is sent");
        assert!(
            deliveries.iter().all(|delivery| delivery.result.is_ok()),
            "{deliveries:?}"
        );
    }
    let values: Vec<_> = read_all(&broker)
        .await
        .into_iter()
        .filter_map(|record| record.value)
        .collect();
    let expected: Vec<Bytes> = (0..10).map(|at| Bytes::from(at.to_string())).collect();
    assert_eq!(values, expected);
}

#[tokio::test]
async fn a_refused_batch_says_why_and_leaves_its_sequence_to_the_next() {
    let broker = Broker::start(Mischief::RefuseValue("bad")).await;
    let mut producer = Producer::new(client(&broker).await, options(Compression::None));
    for value in ["good", "bad", "fine"] {
        producer
            .send("events", Some(0), record(value))
            .await
            .expect("it is gathered");
        let deliveries = producer.flush().await.expect("it is sent");
        let expected = if value == "bad" {
            let records = vec![(0, Some("bad is bad".to_owned()))];
            Err(Refusal {
                error: ResponseError::InvalidRecord,
                message: Some("refused".to_owned()),
                records,
            })
        } else {
            Ok(i64::from(value == "fine"))
        };
        assert_eq!(deliveries[0].result, expected);
    }
}

#[tokio::test]
async fn a_request_whose_future_is_dropped_does_not_confuse_the_next() {
    let broker = Broker::start(Mischief::None).await;
    let mut client = client(&broker).await;
    for _ in 0..20 {
        {
            let request = client.metadata(None, false);
            tokio::select! { biased; _ = request => {}, () = tokio::task::yield_now() => {} }
        }
        assert_eq!(client.partition_count("events", false).await.expect("an answer"), 3);
    }
    let missing = client
        .partition_count("nowhere", false)
        .await
        .expect_err("there is no such topic");
    assert_eq!(
        missing.to_string(),
        "topic nowhere: UnknownTopicOrPartition (Kafka's error 3)"
    );
}

#[tokio::test]
async fn what_cannot_be_reached_is_said_plainly() {
    let refused = async |address: &str| {
        let error = Client::connect(address, ClientOptions::default())
            .await
            .err()
            .expect("nobody listens");
        error.to_string()
    };
    assert_eq!(
        refused("nonsense").await,
        "nonsense is not an address of the form host:port"
    );
    assert!(
        refused("127.0.0.1:1")
            .await
            .starts_with("can't connect to 127.0.0.1:1: ")
    );
}

/// Whoever uses a client does so in a task.
#[tokio::test]
async fn futures_can_be_spawned() {
    fn is_send(_: &impl Send) {}
    let broker = Broker::start(Mischief::None).await;
    let mut producer = Producer::new(client(&broker).await, ProducerOptions::default());
    is_send(&producer.send("events", None, record("value")));
    is_send(&producer.flush());
    let mut consumer = Consumer::new(client(&broker).await, ConsumerOptions::default());
    is_send(&consumer.poll());
    let mut frames = crate::FrameReader::new(
        &[][..],
        crate::frame::FrameLimits::default(),
        crate::MemoryBudget::new(1),
    );
    is_send(&frames.next());
}
