//! What was sent, and what was found: event by event.

use std::collections::{BTreeMap, BTreeSet};

use corvid_wire::client::ConsumedRecord;
use serde::Serialize;

use super::events::Event;
use super::{DEAD_LETTERS, TOPIC};
use crate::cli::{Done, Failure, Letter};

/// Which partition each network has.
pub type Networks = BTreeMap<String, i32>;

/// Where everything went.
#[derive(Debug, Default, Serialize)]
pub struct Account {
    /// Events that were sent.
    pub sent: usize,
    /// Records that were read back, of both topics.
    pub found: usize,
    /// The partitions of the topic.
    pub partitions: BTreeMap<i32, Partition>,
    /// Dead letters, by the kind of event.
    pub dead_letters: BTreeMap<String, Refused>,
    /// Events that carry the alert.
    pub alerts: usize,
    /// What is not as it should be; empty when every event is accounted for.
    pub faults: Vec<String>,
}

/// A partition.
#[derive(Debug, Default, Serialize)]
pub struct Partition {
    /// The networks whose events are in it.
    pub networks: BTreeSet<String>,
    /// How many events.
    pub events: usize,
    /// How many of them carry the alert.
    pub alerts: usize,
}

/// Events of one kind that were refused.
#[derive(Debug, Default, Serialize)]
pub struct Refused {
    /// How many.
    pub events: usize,
    /// Why.
    pub reasons: BTreeSet<String>,
}

const EARTHQUAKE: &str = "earthquake";
const STRONG: f64 = 5.0;

impl Account {
    /// Compares what was sent with what was read back.
    pub fn of(events: &[Event], records: &[ConsumedRecord], networks: &Networks) -> Self {
        let mut account = Self {
            sent: events.len(),
            found: records.len(),
            ..Self::default()
        };
        let by_id: BTreeMap<&[u8], &Event> = events.iter().map(|event| (event.id.as_bytes(), event)).collect();
        let mut seen = BTreeSet::new();
        for record in records {
            let id = record.key.as_deref().unwrap_or_default();
            match by_id.get(id) {
                None => account.fault(record, "was never sent"),
                Some(_) if !seen.insert(id) => account.fault(record, "is there twice"),
                Some(event) => account.enter(event, record, networks),
            }
        }
        for event in events.iter().filter(|event| !seen.contains(event.id.as_bytes())) {
            account.faults.push(format!("{} ({}) is lost", event.id, event.kind));
        }
        account
    }

    /// An error, if anything is not as it should be.
    pub fn settle(&self) -> Done {
        match self.faults.first() {
            None => Ok(()),
            Some(first) => Err(
                Failure::failed(format!("{} events are not accounted for: {first}", self.faults.len()))
                    .hint("this is a bug: please report it, with the output of --json"),
            ),
        }
    }

    fn enter(&mut self, event: &Event, record: &ConsumedRecord, networks: &Networks) {
        if record.value.as_deref() != Some(event.line.as_bytes()) {
            self.fault(record, "has another value than was sent");
        }
        match &*record.topic {
            TOPIC => self.enter_earthquake(event, record, networks),
            DEAD_LETTERS => self.enter_letter(event, record),
            _ => self.fault(record, "is in a topic of nobody's"),
        }
    }

    fn enter_earthquake(&mut self, event: &Event, record: &ConsumedRecord, networks: &Networks) {
        if event.kind != EARTHQUAKE {
            self.fault(record, "is no earthquake");
        }
        if networks.get(&event.network) != Some(&record.partition) {
            self.fault(record, "is in the partition of another network");
        }
        let alert = record
            .headers
            .iter()
            .any(|(key, value)| key == "alert".as_bytes() && value.as_deref() == Some(b"strong"));
        if alert != (event.magnitude >= STRONG) {
            self.fault(record, "is marked wrongly");
        }
        let partition = self.partitions.entry(record.partition).or_default();
        partition.networks.insert(event.network.clone());
        partition.events += 1;
        partition.alerts += usize::from(alert);
        self.alerts += usize::from(alert);
    }

    fn enter_letter(&mut self, event: &Event, record: &ConsumedRecord) {
        if event.kind == EARTHQUAKE {
            self.fault(record, "is an earthquake, and was refused");
        }
        let letter = Letter::of(record);
        if letter.topic.as_deref() != Some(TOPIC) || letter.offset.is_none() {
            self.fault(record, "does not say where it comes from");
        }
        let refused = self.dead_letters.entry(event.kind.clone()).or_default();
        refused.events += 1;
        refused.reasons.insert(letter.reason.unwrap_or_default());
    }

    fn fault(&mut self, record: &ConsumedRecord, what: &str) {
        let id = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned();
        self.faults.push(format!(
            "{id} at {}-{} offset {} {what}",
            record.topic, record.partition, record.offset
        ));
    }
}

#[cfg(test)]
mod tests;
