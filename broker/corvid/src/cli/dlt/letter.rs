//! A dead letter's story, from the headers of any of the three styles.

use std::fmt;

use bytes::Bytes;
use corvid_wire::client::ConsumedRecord;
use serde::{Serialize, Serializer};

use super::super::bytes_text::{self, text};

/// What the headers say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// Where the record was sent to.
    pub topic: Option<String>,
    /// Its partition there.
    pub partition: Option<i64>,
    /// Its offset there.
    pub offset: Option<i64>,
    /// The hook that it failed in.
    pub stage: Option<String>,
    /// The plugin that refused it, or failed on it.
    pub plugin: Option<String>,
    /// The plugin's code, or the kind of fault.
    pub code: Option<Code>,
    /// Why, for people.
    pub reason: Option<String>,
    /// The record's key.
    pub key: Key,
    /// When the letter was written, ms since the epoch.
    pub at: i64,
    /// Where the letter is.
    pub letter_partition: i32,
    /// Where the letter is.
    pub letter_offset: i64,
}

impl Letter {
    /// Reads a record of a dead-letter topic.
    pub fn of(record: &ConsumedRecord) -> Self {
        let headers = Headers(record);
        let exception = headers.exception();
        Self {
            topic: headers.text(["corvid-dlt-topic", "kafka_dlt-original-topic", "__connect.errors.topic"]),
            partition: headers.number([
                "corvid-dlt-partition",
                "kafka_dlt-original-partition",
                "__connect.errors.partition",
            ]),
            offset: headers.number([
                "corvid-dlt-offset",
                "kafka_dlt-original-offset",
                "__connect.errors.offset",
            ]),
            stage: headers.text(["corvid-dlt-stage", "__connect.errors.stage"]),
            plugin: headers
                .text(["corvid-dlt-plugin", "__connect.errors.class.name"])
                .or_else(|| exception.clone().map(|(plugin, _)| plugin)),
            code: headers
                .text(["corvid-dlt-code"])
                .or_else(|| exception.map(|(_, code)| code))
                .map(Code::of),
            reason: headers.text([
                "corvid-dlt-reason",
                "kafka_dlt-exception-message",
                "__connect.errors.exception.message",
            ]),
            key: Key(record.key.clone()),
            at: record.timestamp,
            letter_partition: record.partition,
            letter_offset: record.offset,
        }
    }
}

/// A record's key, if it has one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key(Option<Bytes>);

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        bytes_text::json(self.0.as_deref()).serialize(serializer)
    }
}

impl fmt::Display for Key {
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

struct Headers<'a>(&'a ConsumedRecord);

impl Headers<'_> {
    /// The first of these that is there; of several with one name, the last: a letter of a letter tells of its own death.
    fn bytes<const N: usize>(&self, names: [&str; N]) -> Option<(&str, &[u8])> {
        names.into_iter().find_map(|name| {
            let header = self.0.headers.iter().rev().find(|(key, _)| key == name.as_bytes())?;
            Some((std::str::from_utf8(&header.0).ok()?, header.1.as_deref()?))
        })
    }

    fn text<const N: usize>(&self, names: [&str; N]) -> Option<String> {
        self.bytes(names).map(|(_, value)| text(Some(value)))
    }

    /// Decimal digits, or big-endian as Spring has it.
    fn number<const N: usize>(&self, names: [&str; N]) -> Option<i64> {
        let (name, value) = self.bytes(names)?;
        if !name.starts_with("kafka_dlt-") {
            return std::str::from_utf8(value).ok()?.parse().ok();
        }
        match value.len() {
            4 => Some(i64::from(i32::from_be_bytes(value.try_into().ok()?))),
            8 => Some(i64::from_be_bytes(value.try_into().ok()?)),
            _ => None,
        }
    }

    /// `corvid.PLUGIN.CODE`, where the other styles name a Java class.
    fn exception(&self) -> Option<(String, String)> {
        let class = self.text(["kafka_dlt-exception-fqcn", "__connect.errors.exception.class.name"])?;
        let (plugin, code) = class.strip_prefix("corvid.")?.rsplit_once('.')?;
        Some((plugin.to_owned(), code.to_owned()))
    }
}
