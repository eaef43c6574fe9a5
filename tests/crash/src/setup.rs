//! The topics, and what changes about them.

use bed::topics::{self, binding, check};
use corvid_wire::client::{Client, ClientError, ClientOptions};
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::CreatePartitionsRequest;
use corvid_wire::kafka::messages::create_partitions_request::CreatePartitionsTopic;
use serde_json::json;

use crate::rng::Rng;

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
/// Its dead-letter topic.
pub const LATER_LETTERS: &str = "later.DLT";
/// Where the letters of both go when they are redriven.
pub const AGAIN: &str = "again";
/// How many partitions the dead-letter topics have.
pub const LETTERS_PARTITIONS: i32 = 2;
/// All of them but `later` and `again`.
pub const TOPICS: [&str; 4] = [ORDERS, LETTERS, PLAIN, LATER_LETTERS];

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
        LATER => Some(LATER_LETTERS.to_owned()),
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
    let bindings = bindings(rng);
    let bindings = bindings.iter().map(|(key, value)| (*key, value.as_str()));
    let configs: Vec<_> = bindings.chain([SMALL]).collect();
    topics::create(client, ORDERS, PARTITIONS, &configs).await
}

/// Binds the plugins with another configuration: other coins, and sometimes a validator that takes bad records.
pub async fn change_bindings(client: &mut Client, rng: &mut Rng) -> Result<(), ClientError> {
    let bindings = bindings(rng);
    let configs: Vec<_> = bindings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    topics::alter(client, ORDERS, &configs).await?;
    let [_, (key, produce)] = self::bindings(rng);
    topics::alter(client, LATER, &[(key, &produce)]).await
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
    Client::connect(&address.to_string(), ClientOptions::default()).await
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
