//! Clients of a compacted topic while the node dies under them: one produces, with keys that come again, and one reads everything, all
//! the time.

use std::time::Duration;

use bed::topics::check;
use corvid_env::{clock, random};
use corvid_sim::Outcome;
use corvid_sim::whole_node::{
    Durability, Ledger, Place, Workload, connect, consumer, create_topic, key, numbered, until_stopped,
};
use corvid_wire::client::{Client, ClientError, Consumer, NewRecord};
use serde_json::json;

use crate::Policy;
use crate::ledger::{Keys, Scan, Sent, TOMBSTONES_KEPT_MS, saw};

const PARTITIONS: i32 = 3;
const TOPIC: &str = "users";
/// Where records go that a validator refuses.
pub const LETTERS: &str = "users.DLT";
/// Keys that come all the time.
const HOT_KEYS: u64 = 24;
/// And those that come once in a while: one record in so many.
const COLD_KEYS: u64 = 30;
const COLD_ONE_IN: u64 = 40;
const TOMBSTONE_ONE_IN: u64 = 4;

/// So far may a clock be believed and wrong: half an hour behind when a tombstone is met first, and an hour ahead later.
const CLOCK_ERROR_MS: i64 = 90 * 60_000;
/// A reading that takes longer may miss tombstones.
const SCAN_TIME: Duration = Duration::from_millis(TOMBSTONES_KEPT_MS as u64 / 3);
/// In this time what is left at the end is compacted.
const COMPACTION_TIME: Duration = Duration::from_secs(2);

/// Creates the topics, and produces.
pub async fn produce(ledger: &Ledger<Keys>, policy: Policy) -> Outcome {
    let mut client = connect().await?;
    create_topics(&mut client, policy).await?;
    let workload = Workload {
        topic: TOPIC,
        batch_max: 6,
        durability: Durability::Disk,
    };
    workload
        .produce(client, ledger, |number| record(number, policy, ledger))
        .await
}

async fn create_topics(client: &mut Client, policy: Policy) -> Outcome {
    let coin = json!({ "behaviour": "coin-flip", "on": "bad", "seed": random::below(1 << 30) });
    let produce = json!([check(&coin, "dead-letter")]).to_string();
    let kept = match policy {
        Policy::None | Policy::Coins => TOMBSTONES_KEPT_MS,
        Policy::Clocks => TOMBSTONES_KEPT_MS + CLOCK_ERROR_MS,
    };
    let kept = kept.to_string();
    let mut configs = vec![
        ("cleanup.policy", "compact"),
        ("internal.segment.bytes", "3000"),
        ("segment.ms", "300"),
        ("min.cleanable.dirty.ratio", "0"),
        ("delete.retention.ms", &*kept),
    ];
    if policy == Policy::Coins {
        create_topic(client, LETTERS, PARTITIONS, &[configs[1]]).await?;
        configs.push(("corvid.produce", &produce));
    }
    create_topic(client, TOPIC, PARTITIONS, &configs).await
}

/// A record, and the partition that it is sent to.
fn record(number: u64, policy: Policy, ledger: &Ledger<Keys>) -> (Option<i32>, NewRecord) {
    let of = match random::below(COLD_ONE_IN) {
        0 => HOT_KEYS + random::below(COLD_KEYS),
        _ => random::below(HOT_KEYS),
    };
    // Others would be replaced before their time is over.
    let one_in = if of < HOT_KEYS { TOMBSTONE_ONE_IN } else { 2 };
    let is_tombstone = random::below(one_in) == 0;
    let partition = of as i32 % PARTITIONS;
    let sent = Sent {
        key: of,
        is_tombstone,
        home: (policy != Policy::Coins).then(|| place(TOPIC, partition)),
        at_ms: clock::wall_clock().0,
    };
    ledger.own().send(number, sent);
    let value = match random::below(3) {
        0 => b"bad".to_vec(),
        _ => vec![b'x'; random::below(200) as usize],
    };
    let mut record = numbered(number, value);
    record.key = Some(key(of));
    record.value.take_if(|_| is_tombstone);
    (Some(partition), record)
}

/// Reads everything, and what comes then, as often as the node lives for long enough.
pub async fn read(ledger: &Ledger<Keys>, policy: Policy) -> Outcome {
    until_stopped(ledger, async || try_to_read(ledger, policy).await).await;
    Ok(())
}

/// On one connection, as long as it lasts.
async fn try_to_read(ledger: &Ledger<Keys>, policy: Policy) -> Result<(), ClientError> {
    let mut consumer = consumer().await?;
    while !ledger.is_stopped() {
        if random::below(2) == 0 {
            scan(ledger, &mut consumer, policy).await?;
        } else {
            for place in places(policy) {
                consumer.assign(&place.topic, place.partition, ledger.position(&place));
            }
        }
        for _ in 0..random::below(10) {
            for record in consumer.poll().await? {
                saw(ledger, &record);
            }
        }
    }
    Ok(())
}

/// Reads everything when nothing dies any more: at once, and when all is compacted and the tombstones' time is over.
///
/// Where links begin, what they may still need is not compacted; elsewhere, everything is.
pub async fn compare(ledger: &Ledger<Keys>, policy: Policy) -> Outcome {
    for wait in [Duration::ZERO, Duration::from_millis(TOMBSTONES_KEPT_MS as u64)] {
        clock::sleep(wait + COMPACTION_TIME).await;
        let scan = scan(ledger, &mut consumer().await?, policy).await?;
        let scan = scan.ok_or("the end is not reached")?;
        let replaced = scan.replaced_in(TOPIC);
        if policy != Policy::Coins && replaced > 0 {
            ledger.complain(format!("{replaced} records are there that later ones have replaced"));
        }
    }
    Ok(())
}

/// Reads everything and compares; `None` if that takes too long.
async fn scan(ledger: &Ledger<Keys>, consumer: &mut Consumer, policy: Policy) -> Result<Option<Scan>, ClientError> {
    let mut scan = Scan::begin(ledger);
    let deadline = clock::now() + SCAN_TIME;
    places(policy).for_each(|place| consumer.assign(&place.topic, place.partition, 0));
    while !consumer.is_at_end() {
        consumer
            .poll()
            .await?
            .iter()
            .for_each(|record| scan.saw(ledger, record));
        if clock::now() > deadline {
            return Ok(None);
        }
    }
    scan.end(ledger);
    Ok(Some(scan))
}

/// The partitions there are.
fn places(policy: Policy) -> impl Iterator<Item = Place> {
    let topics: &[&str] = match policy {
        Policy::None | Policy::Clocks => &[TOPIC],
        Policy::Coins => &[TOPIC, LETTERS],
    };
    topics
        .iter()
        .flat_map(|topic| (0..PARTITIONS).map(|partition| place(topic, partition)))
}

fn place(topic: &str, partition: i32) -> Place {
    Place {
        topic: topic.to_owned(),
        partition,
    }
}
