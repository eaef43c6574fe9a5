//! What happens to the dead letters of `consumer-retry`, on the command line: `dlt show` tells the story of each, and `dlt
//! redrive` sends each out once, as the page about retries shows it.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::page;
use super::play::Wish;
use crate::broker::Broker;

/// How many letters each client has, and how often it failed on each.
const LETTERS: usize = 10;
const ATTEMPTS: i64 = 4;
/// How long the broker has waited for the three times that one came back: 200, 400 and 800 ms.
const WAITED_MS: i64 = 1400;

/// The page, and the group that it speaks of.
const PAGE: &str = "broker/pipeline/RETRIES.md";
const GROUP: &str = "billing";

/// Does what a client wishes.
pub fn grant(broker: &Broker, wish: &Wish) -> anyhow::Result<()> {
    let Wish::Redrive { topic, group } = wish;
    let sent = sent(broker, topic)?;
    let letters = letters(broker, topic, group)?;
    ensure!(letters.len() == LETTERS, "{} dead letters of {group}", letters.len());
    for (key, letter) in &letters {
        check(letter, sent.get(key), topic, group).with_context(|| format!("`dlt show` says {letter}"))?;
    }
    // Shown, redriven, and redriven again.
    page::follow(broker, PAGE, &[(GROUP, group)])?;
    let stay = self::letters(broker, topic, group)?
        .into_values()
        .filter(|letter| letter["redriven"] != true);
    ensure!(stay.count() == 0, "some letters are not marked as redriven");
    Ok(())
}

/// A group's letters by key: each has one.
fn letters(broker: &Broker, topic: &str, group: &str) -> anyhow::Result<BTreeMap<String, Value>> {
    let said = broker.ask(&["dlt", "show", topic, "--group", group])?;
    let letters = said.first().and_then(Value::as_array).context("no list of letters")?;
    let by_key: BTreeMap<String, Value> = letters.iter().map(|letter| (key(letter), letter.clone())).collect();
    ensure!(by_key.len() == letters.len(), "there are two letters of one record");
    Ok(by_key)
}

/// The records as they were sent, by key.
fn sent(broker: &Broker, topic: &str) -> anyhow::Result<BTreeMap<String, Value>> {
    let records = broker.ask(&["consume", topic])?;
    Ok(records.into_iter().map(|record| (key(&record), record)).collect())
}

fn key(of: &Value) -> String {
    of["key"].as_str().unwrap_or_default().to_owned()
}

/// Where it was sent, who failed on it, how often, when and why.
fn check(letter: &Value, sent: Option<&Value>, topic: &str, group: &str) -> anyhow::Result<()> {
    let sent = sent.context("nobody has sent it")?;
    let told = json!([
        letter["topic"],
        letter["partition"],
        letter["offset"],
        letter["timestamp"],
        letter["value"]
    ]);
    let known = json!([topic, sent["partition"], sent["offset"], sent["timestamp"], "hopeless"]);
    ensure!(told == known, "it was sent to {known}");
    let told = json!([letter["stage"], letter["group"], letter["attempts"], letter["redriven"]]);
    ensure!(told == json!(["consumer", group, ATTEMPTS, false]), "it tells {told}");
    let reason = format!("attempt {ATTEMPTS} of hopeless");
    ensure!(letter["reason"] == reason, "the last reason is: {reason}");
    let time = |of: &Value, name: &str| of[name].as_i64().with_context(|| format!("there is no {name}"));
    let (first, last) = (time(letter, "first_at")?, time(letter, "last_at")?);
    ensure!(time(sent, "timestamp")? <= first, "it failed before it was sent");
    ensure!(last - first >= WAITED_MS, "it failed for the last time too early");
    Ok(())
}
