//! A dead letter as the command line shows it.

use std::fmt;

use bytes::Bytes;
use corvid_pipeline::Story;
use corvid_wire::client::ConsumedRecord;
use serde::{Serialize, Serializer};

use super::super::bytes_text::{self, cut, text};
use super::super::units::moment;

/// What a letter says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// Where the record was sent to.
    pub topic: Option<String>,
    /// Its partition there.
    pub partition: Option<i32>,
    /// Its offset there.
    pub offset: Option<i64>,
    /// Its timestamp there, ms since the epoch.
    pub timestamp: Option<i64>,
    /// The consumer group that gave up on it.
    pub group: Option<String>,
    /// What it failed in.
    pub stage: Option<String>,
    /// The plugin that refused it, or failed on it.
    pub plugin: Option<String>,
    /// The plugin's code, or the kind of fault.
    pub code: Option<Code>,
    /// The exception's class, where it was one of Java's.
    pub exception: Option<String>,
    /// Why, for people.
    pub reason: Option<String>,
    /// How often it was tried.
    pub attempts: Option<i64>,
    /// When it failed first, ms since the epoch.
    pub first_at: Option<i64>,
    /// When it failed last, ms since the epoch.
    pub last_at: Option<i64>,
    /// The record's key.
    pub key: Part,
    /// The record's value.
    pub value: Part,
    /// When the letter was written, ms since the epoch.
    pub at: i64,
    /// Where the letter is.
    pub letter_partition: i32,
    /// Where the letter is.
    pub letter_offset: i64,
    /// Whether it went out again.
    pub redriven: bool,
}

impl Letter {
    /// Reads a record of a dead-letter topic.
    pub fn of(record: &ConsumedRecord) -> Self {
        let story = story_of(record);
        Self {
            topic: story.topic,
            partition: story.partition,
            offset: story.offset,
            timestamp: story.timestamp,
            group: story.group,
            stage: story.stage,
            plugin: story.plugin,
            code: story.code.map(Code::of),
            exception: story.exception,
            reason: story.reason,
            attempts: story.attempts,
            first_at: story.first_at,
            last_at: story.last_at,
            key: Part(record.key.clone()),
            value: Part(record.value.clone()),
            at: record.timestamp,
            letter_partition: record.partition,
            letter_offset: record.offset,
            redriven: false,
        }
    }

    /// Whether it is a dead letter at all: some header says where it was sent to, or how it failed.
    pub fn tells_of_a_failure(&self) -> bool {
        let failed = self.stage.is_some() || self.reason.is_some() || self.exception.is_some() || self.code.is_some();
        failed || self.topic.is_some()
    }

    /// The letter's story, a line for each thing that it says. `letters` is the topic that it is in.
    pub fn story(&self, letters: &str) -> String {
        let mut lines = vec![format!(
            "{letters}/{}/{}  {}{}",
            self.letter_partition,
            self.letter_offset,
            moment(self.at),
            if self.redriven { "  redriven" } else { "" }
        )];
        let mut say = |name: &str, what: Option<String>| lines.extend(what.map(|what| format!("  {name:9} {what}")));
        say("sent to", self.origin());
        say("failed in", self.failed_in());
        say("because", self.reason.clone());
        say("code", self.code.as_ref().map(ToString::to_string));
        say("exception", self.exception.clone());
        say("attempts", self.attempts.map(|attempts| self.tried(attempts)));
        say("key", Some(cut(&self.key.to_string(), 200)));
        say("value", Some(cut(&self.value.to_string(), 1000)));
        lines.join("\n")
    }

    fn origin(&self) -> Option<String> {
        let number = |number: Option<i64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        let place = format!(
            "{}/{}/{}",
            self.topic.as_ref()?,
            number(self.partition.map(i64::from)),
            number(self.offset)
        );
        Some(match self.timestamp {
            Some(timestamp) => format!("{place}, {}", moment(timestamp)),
            None => place,
        })
    }

    fn failed_in(&self) -> Option<String> {
        let known = [
            self.stage.clone(),
            self.plugin.as_ref().map(|plugin| format!("plugin {plugin}")),
            self.group.as_ref().map(|group| format!("group {group}")),
        ];
        let known: Vec<String> = known.into_iter().flatten().collect();
        (!known.is_empty()).then(|| known.join(", "))
    }

    fn tried(&self, attempts: i64) -> String {
        match (self.first_at, self.last_at) {
            (Some(first), Some(last)) if first != last => {
                format!("{attempts}, first {}, last {}", moment(first), moment(last))
            }
            _ => attempts.to_string(),
        }
    }
}

/// What a record's headers say of its death.
pub fn story_of(record: &ConsumedRecord) -> Story {
    let headers = record.headers.iter();
    Story::of(headers.map(|(key, value)| (key.as_ref(), value.as_deref())))
}

/// A record's key or value, if it has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part(Option<Bytes>);

impl Serialize for Part {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        bytes_text::json(self.0.as_deref()).serialize(serializer)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self.0.as_deref()))
    }
}

/// A plugin's code, or the name of a sort of fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Code {
    /// The plugin's own.
    Number(u16),
    /// Such as `panic`.
    Name(String),
}

impl Code {
    fn of(text: String) -> Self {
        text.parse().map_or(Self::Name(text), Self::Number)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(code) => write!(f, "{code}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_is_told_line_by_line() {
        let letter = Letter {
            topic: Some("orders".into()),
            partition: Some(3),
            offset: Some(17),
            stage: Some("consumer".into()),
            group: Some("billing".into()),
            reason: Some("no such account".into()),
            attempts: Some(5),
            first_at: Some(0),
            last_at: Some(1_500),
            key: Part(Some("k".into())),
            letter_offset: 4,
            ..Letter::default()
        };
        let expected = "\
orders.DLT/0/4  1970-01-01 00:00:00.000Z
  sent to   orders/3/17
  failed in consumer, group billing
  because   no such account
  attempts  5, first 1970-01-01 00:00:00.000Z, last 1970-01-01 00:00:01.500Z
  key       k
  value     null";
        assert_eq!(letter.story("orders.DLT"), expected);
    }
}
