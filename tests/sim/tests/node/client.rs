//! Clients while the node dies under them: one produces, one reads and has the log deleted behind it, and one reads everything back at
//! the end.

use std::time::Duration;

use bed::topics::{binding, check};
use corvid_env::{clock, random};
use corvid_sim::Outcome;
use corvid_sim::whole_node::{
    Durability, Ledger, Place, Workload, connect, consumer, create_topic, numbered, read_back, until_stopped,
};
use corvid_wire::client::{Client, ClientError, NewRecord, topic_name};
use corvid_wire::kafka::messages::DeleteRecordsRequest;
use corvid_wire::kafka::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use serde_json::json;

use crate::Policy;
use crate::ledger::{Due, check as check_ledger, has_all, saw};

const PARTITIONS: i32 = 3;
const TOPIC: &str = "orders";
/// Where records go that a validator refuses.
pub const LETTERS: &str = "orders.DLT";
/// What a link may need to deliver what is under way, in the world's time.
const DELIVERY_TIME: Duration = Duration::from_mins(1);
/// What is held may come so much later: a clock that has jumped is not believed at once, nor when it has jumped back.
const RELEASE_TIME: Duration = Duration::from_mins(5);

/// Creates the topics, and produces.
pub async fn produce(ledger: &Ledger<Due>, policy: Policy) -> Outcome {
    let mut client = connect().await?;
    create_topics(&mut client, policy).await?;
    let workload = Workload {
        topic: TOPIC,
        batch_max: 20,
        durability: Durability::Disk,
    };
    workload
        .produce(client, ledger, |number| (None, record(number, policy, ledger)))
        .await
}

async fn create_topics(client: &mut Client, policy: Policy) -> Outcome {
    let segments = ("internal.segment.bytes", "65536");
    let partitioner = binding(&json!({ "behaviour": "coin-flip", "seed": random::below(1 << 30) }));
    let letters = check(
        &json!({ "behaviour": "coin-flip", "on": "bad", "seed": random::below(1 << 30) }),
        "dead-letter",
    );
    let produce = json!([letters]).to_string();
    let bindings = [
        segments,
        ("corvid.partitioner", &*partitioner),
        ("corvid.produce", &produce),
    ];
    create_topic(client, LETTERS, PARTITIONS, &[segments]).await?;
    let smaller = ("internal.segment.bytes", "16384");
    let later = [smaller, ("corvid.delay.max.ms", "31536000000"), bindings[2]];
    let configs = match policy {
        Policy::None => &bindings[..1],
        Policy::Coins => &bindings[..],
        Policy::Later => &later[..],
    };
    create_topic(client, TOPIC, PARTITIONS, configs).await
}

fn record(number: u64, policy: Policy, ledger: &Ledger<Due>) -> NewRecord {
    let mut value = vec![b'x'; random::below(300) as usize];
    if random::below(4) == 0 {
        value = b"bad".to_vec();
    }
    let mut record = numbered(number, value);
    if policy == Policy::Later && random::below(2) == 0 {
        let ms = if random::below(10) == 0 {
            random::below(20_000)
        } else {
            random::below(400)
        };
        // By the right time, whatever the node's clock says.
        let due = clock::wall_clock().0 + ms as i64;
        ledger.own().insert(number, due);
        record
            .headers
            .push(("corvid-deliver-at".to_owned(), Some(due.to_string().into())));
    }
    record
}

/// Reads the topic while the node dies and comes back, and has the log deleted behind it.
pub async fn watch(ledger: &Ledger<Due>) -> Outcome {
    until_stopped(ledger, async || try_to_watch(ledger).await).await;
    Ok(())
}

async fn try_to_watch(ledger: &Ledger<Due>) -> Result<(), ClientError> {
    let mut consumer = consumer().await?;
    let place = |partition| Place {
        topic: TOPIC.to_owned(),
        partition,
    };
    for partition in 0..PARTITIONS {
        consumer.assign(TOPIC, partition, ledger.position(&place(partition)));
    }
    while !ledger.is_stopped() {
        consumer.poll().await?.iter().for_each(|record| saw(ledger, record));
        let partition = random::below(PARTITIONS as u64) as i32;
        delete_below(consumer.client(), partition, ledger.position(&place(partition))).await?;
    }
    Ok(())
}

async fn delete_below(client: &mut Client, partition: i32, offset: i64) -> Result<(), ClientError> {
    let partition = DeleteRecordsPartition::default()
        .with_partition_index(partition)
        .with_offset(offset);
    let topic = DeleteRecordsTopic::default()
        .with_name(topic_name(TOPIC))
        .with_partitions(vec![partition]);
    let request = DeleteRecordsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(1_000);
    client.request(&request).await.map(drop)
}

/// Reads everything that is there and compares. What is moved, or held, arrives later.
pub async fn compare(ledger: &Ledger<Due>, policy: Policy) -> Outcome {
    let (topics, patience): (&[&str], _) = match policy {
        Policy::None => (&[TOPIC], DELIVERY_TIME),
        Policy::Coins => (&[TOPIC, LETTERS], DELIVERY_TIME),
        Policy::Later => (&[TOPIC, LETTERS], RELEASE_TIME),
    };
    read_back(topics, patience, |record| saw(ledger, record), || has_all(ledger)).await?;
    check_ledger(ledger, policy == Policy::Coins);
    Ok(())
}
