//! A client that produces while the node dies under it, and reads everything back at the end.

use std::collections::BTreeSet;
use std::time::Duration;

use bed::topics::check;
use corvid_sim::Outcome;
use corvid_sim::whole_node::{Durability, Ledger, Workload, connect, create_topic, numbered, read_back};
use serde_json::json;

use crate::Fate;

const TOPIC: &str = "orders";
/// Where records go that a validator refuses.
pub const LETTERS: &str = "orders.DLT";
/// Where letters are redriven to.
pub const AGAIN: &str = "again";
/// What a link may need to deliver what is under way, in the world's time.
const DELIVERY_TIME: Duration = Duration::from_mins(1);

/// Whether a record is one that leaves the topic it is sent to.
fn leaves(number: u64) -> bool {
    number.is_multiple_of(2)
}

/// Creates the topics, and produces.
pub async fn produce(ledger: &Ledger<()>, fate: Fate) -> Outcome {
    let mut client = connect().await?;
    let letters = check(&json!({ "behaviour": "refuse", "on": "bad" }), "dead-letter");
    let produce = json!([letters]).to_string();
    let replicas = Durability::Replicas.config();
    create_topic(&mut client, AGAIN, 1, &[]).await?;
    let of_letters: &[_] = if fate == Fate::Redriven { &[replicas] } else { &[] };
    create_topic(&mut client, LETTERS, 1, of_letters).await?;
    create_topic(&mut client, TOPIC, 1, &[replicas, ("corvid.produce", &produce)]).await?;
    let workload = Workload {
        topic: TOPIC,
        batch_max: 6,
        durability: Durability::Replicas,
    };
    let record = |number| (None, numbered(number, if leaves(number) { "bad" } else { "good" }));
    workload.produce(client, ledger, record).await
}

/// Reads everything. Nothing may be twice in a topic; what was acknowledged and leaves must be where it was to go.
pub async fn compare(ledger: &Ledger<()>, fate: Fate) -> Outcome {
    let topics = [TOPIC, LETTERS, AGAIN];
    let is_complete = || lacking(ledger, fate).is_empty();
    let saw = |record: &_| {
        ledger.saw(record);
    };
    read_back(&topics, DELIVERY_TIME, saw, is_complete).await?;
    for topic in topics {
        ledger.check_once_in(topic);
    }
    for number in lacking(ledger, fate) {
        ledger.complain(format!("{number} is not in {}", target(fate)));
    }
    Ok(())
}

fn target(fate: Fate) -> &'static str {
    match fate {
        Fate::Letter => LETTERS,
        Fate::Redriven => AGAIN,
    }
}

/// What was acknowledged, and should have come to where it was to go, and has not.
fn lacking(ledger: &Ledger<()>, fate: Fate) -> BTreeSet<u64> {
    let there = ledger.times_in(target(fate));
    let mut lacking = left(ledger);
    lacking.retain(|number| !there.contains_key(number));
    lacking
}

/// Those that leave and were acknowledged.
pub fn left(ledger: &Ledger<()>) -> BTreeSet<u64> {
    let mut left = ledger.acknowledged().clone();
    left.retain(|number| leaves(*number));
    left
}
