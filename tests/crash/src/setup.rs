//! The topics, and what changes about them.

use bed::topics::{self, binding, check};
use corvid_wire::client::{Client, ClientError, ClientOptions};
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::CreatePartitionsRequest;
use corvid_wire::kafka::messages::create_partitions_request::CreatePartitionsTopic;
use serde_json::json;

use crate::card;
use crate::rng::Rng;
use crate::teller;

/// The topic with the plugins.
pub const ORDERS: &str = "orders";
/// Its dead-letter topic.
pub const LETTERS: &str = "orders.DLT";
/// A topic without plugins.
pub const PLAIN: &str = "plain";
/// A topic of records that are to be delivered later; its log is deleted behind its reader.
pub const LATER: &str = "later";
/// How many partitions that has.
pub const LATER_PARTITIONS: i32 = 2;
/// The dead-letter topic of both.
pub const LATER_LETTERS: &str = "later.DLT";
/// A topic that is compacted.
pub const KEPT: &str = "kept";
/// How many partitions it has.
pub const KEPT_PARTITIONS: i32 = 2;
/// A topic with a retry table.
pub const JOBS: &str = "jobs";
/// Where its consumers produce what they fail on.
pub const RETRY: &str = "jobs.workers.retry";
/// Where it ends when nobody succeeds.
pub const JOBS_LETTERS: &str = "jobs.DLT";
/// How many partitions these have.
pub const JOBS_PARTITIONS: i32 = 2;
/// How often a record of it is handled at most.
pub const ATTEMPTS: u32 = 4;
/// A topic that some read through a view.
pub const CARDS: &str = "cards";
/// The plugin of that view.
pub const MASK: &str = "field-mask";
/// A topic that is a table.
pub const LIMITS: &str = "limits";
/// How many partitions it has.
pub const LIMITS_PARTITIONS: i32 = 2;
/// A topic whose records are judged by it.
pub const TRANSFERS: &str = "transfers";
/// How many partitions that has.
pub const TRANSFERS_PARTITIONS: i32 = 2;
/// The plugin that judges them.
pub const ALERT: &str = "threshold-alert";
/// What those are called who read through it.
pub const VIEWER: &str = "viewer";
/// Where all letters go when they are redriven.
pub const AGAIN: &str = "again";
/// How many partitions the dead-letter topics have.
pub const LETTERS_PARTITIONS: i32 = 2;
/// All of them but those that have a reader of their own, and `again`.
pub const TOPICS: [&str; 6] = [ORDERS, LETTERS, PLAIN, LATER_LETTERS, JOBS, CARDS];
/// The dead-letter topics.
pub const ALL_LETTERS: [&str; 3] = [LETTERS, LATER_LETTERS, JOBS_LETTERS];
/// The topics that hold records until later.
pub const HOLDING: [&str; 2] = [LATER, RETRY];
/// How many partitions these have.
pub const HOLDING_PARTITIONS: i32 = 2;

/// How many partitions `orders` begins with.
pub const PARTITIONS: i32 = 3;
/// How many it may grow to.
pub const PARTITIONS_MAX: i32 = 8;

/// Small segments, so that they roll.
const SMALL: (&str, &str) = ("internal.segment.bytes", "65536");

/// Smaller ones, so that something can be deleted.
const SMALLER: (&str, &str) = ("internal.segment.bytes", "16384");

/// Records may ask to be delivered later.
const DELAYS: (&str, &str) = ("corvid.delay.max.ms", "60000");

/// The dead-letter topic of a topic, if it has one.
pub fn dead_letters(topic: &str) -> Option<String> {
    match topic {
        ORDERS => Some(LETTERS.to_owned()),
        LATER | KEPT => Some(LATER_LETTERS.to_owned()),
        _ => None,
    }
}

/// Creates the topics.
pub async fn create(client: &mut Client, rng: &mut Rng) -> Result<(), ClientError> {
    topics::create(client, LETTERS, LETTERS_PARTITIONS, &[SMALL]).await?;
    topics::create(client, PLAIN, 2, &[SMALL]).await?;
    topics::create(client, AGAIN, LETTERS_PARTITIONS, &[SMALL]).await?;
    topics::create(client, LATER_LETTERS, LETTERS_PARTITIONS, &[SMALL]).await?;
    let [_, (key, produce)] = self::bindings(rng);
    topics::create(client, LATER, LATER_PARTITIONS, &[SMALLER, DELAYS, (key, &produce)]).await?;
    let kept = [
        SMALLER,
        ("cleanup.policy", "compact"),
        ("min.cleanable.dirty.ratio", "0.01"),
        ("corvid.dead.letter.topic", LATER_LETTERS),
        (key, &produce),
    ];
    topics::create(client, KEPT, KEPT_PARTITIONS, &kept).await?;
    topics::create(client, CARDS, 2, &[SMALL, ("corvid.fetch", &view(rng))]).await?;
    let limits = [
        SMALLER,
        ("cleanup.policy", "compact"),
        ("min.cleanable.dirty.ratio", "0.01"),
    ];
    topics::create(client, LIMITS, LIMITS_PARTITIONS, &limits).await?;
    let transfers = [SMALL, ("corvid.produce", &*judged(rng))];
    topics::create(client, TRANSFERS, TRANSFERS_PARTITIONS, &transfers).await?;
    create_jobs(client, rng).await?;
    let bindings = bindings(rng);
    let bindings = bindings.iter().map(|(key, value)| (*key, value.as_str()));
    let configs: Vec<_> = bindings.chain([SMALL]).collect();
    topics::create(client, ORDERS, PARTITIONS, &configs).await
}

/// The retry topic comes by itself, when it is named.
async fn create_jobs(client: &mut Client, rng: &mut Rng) -> Result<(), ClientError> {
    const BACKOFF: &str = r#"{"initial":"30ms","multiplier":3.0,"max":"500ms","jitter":0.5}"#;
    topics::create(client, JOBS_LETTERS, JOBS_PARTITIONS, &[SMALL]).await?;
    let attempts = ATTEMPTS.to_string();
    let configs = [
        SMALL,
        ("corvid.retry.attempts", &attempts),
        ("corvid.retry.backoff", BACKOFF),
        ("corvid.retry.policy", &policy(rng)),
    ];
    topics::create(client, JOBS, JOBS_PARTITIONS, &configs).await?;
    loop {
        match client.partition_count(RETRY, true).await {
            Err(error) if error.is_retriable() => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            made => {
                made?;
                break;
            }
        }
    }
    topics::alter(client, RETRY, &[SMALL]).await
}

/// Binds the plugins with another configuration: other coins, another mask, and sometimes a validator that takes bad records.
pub async fn change_bindings(client: &mut Client, rng: &mut Rng) -> Result<(), ClientError> {
    let bindings = bindings(rng);
    let configs: Vec<_> = bindings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    topics::alter(client, ORDERS, &configs).await?;
    let [_, (key, produce)] = self::bindings(rng);
    topics::alter(client, LATER, &[(key, &produce)]).await?;
    topics::alter(client, KEPT, &[(key, &produce)]).await?;
    topics::alter(client, JOBS, &[("corvid.retry.policy", &policy(rng))]).await?;
    topics::alter(client, TRANSFERS, &[("corvid.produce", &judged(rng))]).await?;
    topics::alter(client, CARDS, &[("corvid.fetch", &view(rng))]).await
}

/// Binds a validator that panics on bad records, which is to be tried again; what is refused for good stays so.
pub async fn make_panic(client: &mut Client) -> Result<(), ClientError> {
    let panics = check(&json!({ "behaviour": "panic", "on": "bad" }), "refuse");
    let refuses = check(&json!({ "behaviour": "refuse", "on": "worst" }), "refuse");
    topics::alter(
        client,
        ORDERS,
        &[("corvid.produce", &json!([panics, refuses]).to_string())],
    )
    .await
}

/// Adds a partition, if there are not enough.
pub async fn add_partition(client: &mut Client) -> Result<(), ClientError> {
    let count = client.partition_count(ORDERS, false).await?;
    if count >= PARTITIONS_MAX {
        return Ok(());
    }
    let topic = CreatePartitionsTopic::default()
        .with_name(corvid_wire::client::topic_name(ORDERS))
        .with_count(count + 1);
    let request = CreatePartitionsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(10_000);
    let response = client.request(&request).await?;
    for topic in &response.results {
        let error = ResponseError::try_from_code(topic.error_code);
        if let Some(error) = error.filter(|error| *error != ResponseError::InvalidPartitions) {
            let what = "CreatePartitions".to_owned();
            return Err(corvid_wire::client::BrokerError { what, error }.into());
        }
    }
    Ok(())
}

/// A client for all this.
pub async fn client(address: std::net::SocketAddr) -> Result<Client, ClientError> {
    patient_client(address, "corvid").await
}

/// A client that waits for as long as a busy machine may need.
pub async fn patient_client(address: std::net::SocketAddr, client_id: &str) -> Result<Client, ClientError> {
    let options = ClientOptions {
        client_id: client_id.to_owned(),
        request_timeout: std::time::Duration::from_secs(60),
        ..ClientOptions::default()
    };
    Client::connect(&address.to_string(), options).await
}

/// When a failed record comes back, or that it does not: mostly by a coin that never falls alike twice, sometimes by the table, which has
/// a jitter, or by a policy that panics on some, so that the table decides of these.
fn policy(rng: &mut Rng) -> String {
    match rng.below(8) {
        0 => String::new(),
        1 => binding(&json!({ "behaviour": "panic", "on": "bad" })),
        _ => binding(&json!({ "behaviour": "coin-flip", "seed": rng.below(1 << 30) })),
    }
}

/// What viewers see of a card.
fn view(rng: &mut Rng) -> String {
    let config = mask(rng.pick(&[0, card::KEPT]));
    json!([{ "plugin": MASK, "config": config, "clients": [VIEWER] }]).to_string()
}

/// The configuration of that view's plugin.
pub fn mask(keep_last: usize) -> serde_json::Value {
    json!({ "mask": ["card"], "keep_last": keep_last })
}

/// The binding that grants a table.
fn judged(rng: &mut Rng) -> String {
    let config = alert(rng.pick(&["true", "yes"]));
    json!([{ "plugin": ALERT, "config": config, "tables": { "limits": LIMITS } }]).to_string()
}

/// The configuration of that plugin.
fn alert(value: &str) -> serde_json::Value {
    json!({
        "field": "amount",
        "user": "from",
        "table": "limits",
        "limit": "limit",
        "threshold": teller::THRESHOLD,
        "value": value,
    })
}

fn bindings(rng: &mut Rng) -> [(&'static str, String); 2] {
    let mut seed = || rng.below(1 << 30);
    let partitioner = binding(&json!({ "behaviour": "coin-flip", "seed": seed() }));
    let letters = check(
        &json!({ "behaviour": "coin-flip", "on": "bad", "seed": seed() }),
        "dead-letter",
    );
    let refuses = check(
        &json!({ "behaviour": "coin-flip", "on": "worst", "seed": seed() }),
        "refuse",
    );
    let mut produce = vec![letters, refuses];
    if rng.chance(20) {
        produce.remove(0);
    }
    [
        ("corvid.partitioner", partitioner),
        ("corvid.produce", json!(produce).to_string()),
    ]
}
