//! The events, as they lie in config/quickstart/earthquakes.jsonl.

use corvid::embedded::EARTHQUAKES;
use serde_json::Value;

use crate::cli::Failure;

/// A seismic event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id: the record's key.
    pub id: String,
    /// Who reported it.
    pub network: String,
    /// `earthquake`, `explosion`, `quarry blast`.
    pub kind: String,
    /// Its magnitude.
    pub magnitude: f64,
    /// The line of the file: the record's value.
    pub line: &'static str,
}

/// All of them, in the order of time.
pub fn all() -> Result<Vec<Event>, Failure> {
    let event = |line| read(line).ok_or_else(|| Failure::failed("an event of the quickstart is not understood"));
    EARTHQUAKES.lines().map(event).collect()
}

fn read(line: &'static str) -> Option<Event> {
    let event: Value = serde_json::from_str(line).ok()?;
    let properties = &event["properties"];
    Some(Event {
        id: event["id"].as_str()?.to_owned(),
        network: properties["net"].as_str()?.to_owned(),
        kind: properties["type"].as_str()?.to_owned(),
        magnitude: properties["mag"].as_f64()?,
        line,
    })
}
