//! What the tour says.

use std::time::Duration;

use super::account::Account;
use super::events::Event;
use super::place::{Place, Port};
use super::{DEAD_LETTERS, TOPIC};
use crate::cli::{Running, bytes_text, table};

/// Who is here, and what will happen.
pub fn welcome(running: &Running, place: &Place, events: &[Event]) -> String {
    let taken = |port: Port, what: &str| match port.is_another() {
        true => format!("  (port {} is taken, so {what} has another)\n", port.usual),
        false => String::new(),
    };
    format!(
        "Corvid {}: {} real events, one week of the US Geological Survey's feed, through three plugins.\n\n\
         1. A node serves Kafka clients at {}\n{}{}",
        env!("CARGO_PKG_VERSION"),
        thousands(events.len()),
        running.advertised(),
        taken(place.kafka, "the node"),
        taken(place.admin, "its admin listener"),
    )
}

/// The plugins.
pub fn policies() -> String {
    let mut plugins = table(["PLUGIN", "IS", "DOES"]);
    plugins.add_row([
        "earthquakes-only",
        "builtin:json-schema-validator",
        "refuses what is no earthquake: to earthquakes.DLT",
    ]);
    plugins.add_row([
        "strong",
        "builtin:threshold-alert",
        "marks magnitudes of 5 and more: header alert=strong",
    ]);
    plugins.add_row([
        "by-network",
        "builtin:field-partitioner",
        "gives each reporting network a partition",
    ]);
    format!(
        "2. Topic `{TOPIC}` runs three plugins on every record that is produced\n\n{}\n",
        plugins.trim_fmt()
    )
}

/// What was sent.
pub fn sent(events: &[Event], took: Duration) -> String {
    format!(
        "3. A Kafka producer (idempotent, acks=all, gzip) sent {} events in {} ms\n",
        thousands(events.len()),
        took.as_millis()
    )
}

/// Where it went.
pub fn account(account: &Account) -> String {
    let mut places = table(["WHERE", "EVENTS", "OF", "WHY"]);
    for (number, partition) in &account.partitions {
        let networks: Vec<&str> = partition.networks.iter().map(String::as_str).collect();
        let alerts = if partition.alerts == 0 {
            String::new()
        } else {
            format!("; {} marked alert=strong", partition.alerts)
        };
        places.add_row([
            format!("{TOPIC} · partition {number}"),
            thousands(partition.events),
            format!("network {}", networks.join(", ")),
            format!("by-network{alerts}"),
        ]);
    }
    for (kind, refused) in &account.dead_letters {
        let reasons: Vec<String> = refused
            .reasons
            .iter()
            .map(|reason| bytes_text::cut(reason, 60))
            .collect();
        places.add_row([
            DEAD_LETTERS.to_owned(),
            thousands(refused.events),
            kind.clone(),
            format!("earthquakes-only: {}", reasons.join("; ")),
        ]);
    }
    let earthquakes: usize = account.partitions.values().map(|partition| partition.events).sum();
    let letters: usize = account.dead_letters.values().map(|refused| refused.events).sum();
    let verdict = match account.faults.len() {
        0 => "every event is accounted for: none lost, none twice, each where its plugins sent it".to_owned(),
        faults => format!(
            "{} events are NOT accounted for:\n  {}",
            thousands(faults),
            account.faults.join("\n  ")
        ),
    };
    format!(
        "4. Every topic, read back by a Kafka consumer\n\n{}\n\n{} sent = {} in {TOPIC} ({} of them marked) + {} in {DEAD_LETTERS}\n{verdict}",
        places.trim_fmt(),
        thousands(account.sent),
        thousands(earthquakes),
        thousands(account.alerts),
        thousands(letters),
    )
}

/// Lines to paste.
pub fn what_next(running: &Running) -> String {
    let (kafka, admin) = (running.advertised(), running.admin());
    let corvid = std::env::current_exe().map_or_else(|_| "corvid".to_owned(), |path| path.display().to_string());
    format!(
        "\nThe node serves on; Ctrl-C ends it. Some lines to paste:\n\n  \
         kcat -b {kafka} -t {TOPIC} -C -e -f '%p %o %k %h\\n' | grep alert\n  \
         kcat -b {kafka} -t {DEAD_LETTERS} -C -e -f '%k %h\\n'\n  \
         {corvid} dlt show {TOPIC} --kafka {kafka} --admin {admin}\n  \
         {corvid} plugin describe by-network --admin {admin}\n\n  \
         npm install kafkajs && node -e '\n    \
         const {{ Kafka }} = require(\"kafkajs\")\n    \
         const consumer = new Kafka({{ brokers: [\"{kafka}\"] }}).consumer({{ groupId: \"tour\" }})\n    \
         consumer.connect().then(() => consumer.subscribe({{ topic: \"{TOPIC}\", fromBeginning: true }})).then(() =>\n      \
         consumer.run({{ eachMessage: async ({{ partition, message }}) => console.log(partition, message.key.toString()) }}))'"
    )
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
