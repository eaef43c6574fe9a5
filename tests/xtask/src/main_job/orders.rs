//! The topic: its rules, and what must be in it.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use serde_json::Value;

use super::project::NAME;
use crate::broker::Broker;

/// What the file of settings says.
#[derive(Debug, Clone, Copy)]
pub enum Rules {
    /// An order has a number.
    First,
    /// And an amount; the letters of those that don't have Spring's headers.
    Second,
    /// A schema that is none.
    Wrong,
}

impl Rules {
    /// The file.
    pub fn settings(self) -> String {
        let (schema, headers) = match self {
            Self::First => (r#"{ type = "object", required = ["order"] }"#, "corvid"),
            Self::Second => (r#"{ type = "object", required = ["order", "amount"] }"#, "spring"),
            Self::Wrong => (r#"{ type = "no such type" }"#, "corvid"),
        };
        format!(
            r#"
[plugins.{NAME}]
file = "{NAME}/{NAME}.wasm"

[plugins.order-schema]
file   = "builtin:json-schema-validator"
config = {{ schema = {schema} }}

[topics.orders]
partitions  = 2
partitioner = "{NAME}"
produce     = ["order-schema"]
on_refused  = "dead-letter"

[topics.orders.dead_letter]
topic   = "orders.DLT"
headers = "{headers}"
"#
        )
    }
}

/// A record, as `corvid consume` shows it.
struct Record {
    partition: i64,
    key: String,
    value: String,
    headers: BTreeMap<String, String>,
}

/// Each client has sent ten records that were refused; their letters say where they were and why.
pub fn letters_are_there(broker: &Broker, clients: usize) -> anyhow::Result<()> {
    let letters = read(broker, "orders.DLT")?;
    ensure!(
        letters.len() == 10 * clients,
        "{} dead letters of {}",
        letters.len(),
        10 * clients
    );
    for letter in &letters {
        let header = |name: &str| {
            letter
                .headers
                .get(&format!("corvid-dlt-{name}"))
                .map_or("", String::as_str)
        };
        let right = (header("topic"), header("plugin"), header("stage")) == ("orders", "order-schema", "validator");
        ensure!(
            right && header("reason").contains("JSON"),
            "the headers of a letter are {:?}",
            letter.headers
        );
        let place: Result<(i64, i64), _> = header("partition")
            .parse()
            .and_then(|p| Ok((p, header("offset").parse()?)));
        let (partition, offset) = place.with_context(|| format!("the headers of a letter are {:?}", letter.headers))?;
        ensure!(
            partition == letter.partition && offset >= 0,
            "{} is from {partition}, and in {}",
            letter.key,
            letter.partition
        );
    }
    println!("{} dead letters say why", letters.len());
    Ok(())
}

/// What is produced now goes by the second rules.
pub fn new_rules_hold(broker: &Broker) -> anyhow::Result<()> {
    let mark = "after the change";
    let lines = |value: &str| {
        ('A'..='Z')
            .map(|letter| format!("{letter}:{value}\n"))
            .collect::<String>()
    };
    broker.produce("orders", &[], &lines(&format!(r#"{{"order": "{mark}", "amount": 1}}"#)))?;
    broker.produce("orders", &[], &lines(&format!(r#"{{"order": "{mark}"}}"#)))?;
    let ours = |records: Vec<Record>| {
        records
            .into_iter()
            .filter(|record| record.value.contains(mark))
            .collect::<Vec<_>>()
    };
    let orders = ours(read(broker, "orders")?);
    ensure!(orders.len() == 26, "{} of 26 orders", orders.len());
    for order in &orders {
        let partition = i64::from(order.key.as_str() <= "M");
        ensure!(
            order.partition == partition,
            "{} is in partition {} by the old code",
            order.key,
            order.partition
        );
    }
    let letters = ours(read(broker, "orders.DLT")?);
    ensure!(letters.len() == 26, "{} of 26 letters", letters.len());
    for letter in &letters {
        let reason = letter
            .headers
            .get("kafka_dlt-exception-message")
            .map_or("", String::as_str);
        ensure!(
            reason.contains("amount"),
            "the headers of a letter are {:?}",
            letter.headers
        );
    }
    println!(
        "the new rules hold: {}",
        letters[0].headers["kafka_dlt-exception-message"]
    );
    Ok(())
}

fn read(broker: &Broker, topic: &str) -> anyhow::Result<Vec<Record>> {
    let records = broker.ask(&["consume", topic])?;
    records
        .iter()
        .map(|one| record(one).with_context(|| format!("{topic}: {one}")))
        .collect()
}

fn record(record: &Value) -> Option<Record> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let headers = record["headers"]
        .as_array()?
        .iter()
        .map(|header| (text(&header[0]), text(&header[1])));
    Some(Record {
        partition: record["partition"].as_i64()?,
        key: text(&record["key"]),
        value: text(&record["value"]),
        headers: headers.collect(),
    })
}
