//! Records for a plugin to judge: those of a file.

use std::path::Path;

use bytes::Bytes;
use corvid::settings::read_file;
use corvid_plugin_host::FailedStage;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::super::Failure;

/// The largest file of records.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// The time of a record that names none.
pub const TIME: i64 = 1_700_000_000_000;

/// A record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// Its key, or null.
    pub key: Option<Bytes>,
    /// Its value, or null.
    pub value: Option<Bytes>,
    /// Its headers, in order.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
    /// Ms since the epoch.
    pub timestamp: i64,
    /// How it failed, for a policy.
    pub failed: Failed,
}

/// How a record failed, for a policy. What a file leaves out is as in the SDK's tests: the first of three attempts of a consumer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Failed {
    /// Where: `validator`, `transform`, `partitioner` or `consumer`.
    #[serde(deserialize_with = "stage")]
    pub stage: FailedStage,
    /// How many times it was handled, and failed.
    pub attempt: u32,
    /// How many times it is handled at most.
    pub attempts: u32,
    /// When it failed first, ms since the epoch.
    pub first_at: i64,
    /// When it failed this time.
    pub last_at: i64,
    /// Why, for programs.
    pub code: String,
    /// Why, for people.
    pub reason: String,
}

impl Default for Failed {
    fn default() -> Self {
        Self {
            stage: FailedStage::Consumer,
            attempt: 1,
            attempts: 3,
            first_at: TIME,
            last_at: TIME,
            code: String::new(),
            reason: String::new(),
        }
    }
}

/// A stage by its name, as stories of dead letters have it.
pub fn stage_named(name: &str) -> Option<FailedStage> {
    match name {
        "validator" => Some(FailedStage::Validator),
        "transform" => Some(FailedStage::Transform),
        "partitioner" => Some(FailedStage::Partitioner),
        "consumer" => Some(FailedStage::Consumer),
        _ => None,
    }
}

fn stage<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FailedStage, D::Error> {
    let name = String::deserialize(deserializer)?;
    let unknown = || {
        D::Error::custom(format!(
            "{name} is no stage: validator, transform, partitioner, consumer"
        ))
    };
    stage_named(&name).ok_or_else(unknown)
}

/// The records of a file: a line of JSON each, with `key`, `value`, `headers`, `timestamp` and `failed`, all of which may be left
/// out.
/// A value that is no text stands for its JSON; `{ "hex": … }` for bytes.
pub fn read(file: &Path) -> Result<Vec<Sample>, Failure> {
    let shown = file.display();
    let bytes = read_file(file, FILE_BYTES_MAX).map_err(|error| Failure::wrong(format!("{shown}: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::wrong(format!("{shown} is not UTF-8")))?;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let sample = |(number, line): (usize, &str)| {
        sample(line).map_err(|why| {
            let hint = "a line is such as {\"key\": \"k\", \"value\": {\"amount\": 5}, \"headers\": [[\"h\", \"v\"]]}";
            Failure::wrong(format!("{shown}:{number}: {why}")).hint(hint)
        })
    };
    let samples = lines.map(sample).collect::<Result<Vec<_>, _>>()?;
    if samples.is_empty() {
        return Err(Failure::wrong(format!("{shown} has no records")));
    }
    Ok(samples)
}

fn sample(line: &str) -> Result<Sample, String> {
    let Value::Object(mut fields) = serde_json::from_str(line).map_err(|error| error.to_string())? else {
        return Err("expected an object".to_owned());
    };
    let mut sample = Sample {
        key: fields.remove("key").and_then(bytes),
        value: fields.remove("value").and_then(bytes),
        headers: Vec::new(),
        timestamp: TIME,
        failed: Failed::default(),
    };
    if let Some(failed) = fields.remove("failed") {
        sample.failed = serde_json::from_value(failed).map_err(|error| format!("failed: {error}"))?;
    }
    if let Some(timestamp) = fields.remove("timestamp") {
        sample.timestamp = timestamp.as_i64().ok_or("timestamp: expected ms since the epoch")?;
    }
    if let Some(headers) = fields.remove("headers") {
        let pairs: Vec<(String, Value)> =
            serde_json::from_value(headers).map_err(|error| format!("headers: expected pairs: {error}"))?;
        sample.headers = pairs
            .into_iter()
            .map(|(key, value)| (key.into(), bytes(value)))
            .collect();
    }
    match fields.keys().next() {
        Some(unknown) => Err(format!("`{unknown}` is no part of a record")),
        None => Ok(sample),
    }
}

fn bytes(value: Value) -> Option<Bytes> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.into()),
        Value::Object(object) if object.len() == 1 && object.contains_key("hex") => {
            Some(object["hex"].as_str().and_then(unhex).unwrap_or_default().into())
        }
        other => Some(other.to_string().into()),
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_record() {
        let line = r#"{"key":"k","value":{"a":1},"headers":[["h",null],["x",{"hex":"ff00"}]],"timestamp":7}"#;
        let read = sample(line).unwrap();
        assert_eq!(
            (read.key.as_deref(), read.value.as_deref()),
            (Some(&b"k"[..]), Some(&b"{\"a\":1}"[..]))
        );
        assert_eq!(read.headers[1].1.as_deref(), Some(&[0xff, 0][..]));
        assert_eq!(read.timestamp, 7);
        assert_eq!(sample("{}").unwrap().value, None);
        let failed = sample(r#"{"failed":{"stage":"validator","attempt":2,"reason":"no"}}"#)
            .unwrap()
            .failed;
        assert_eq!(
            (failed.stage, failed.attempt, &failed.reason[..]),
            (FailedStage::Validator, 2, "no")
        );
        for wrong in [
            "",
            r#"{"failed":{"stage":"nowhere"}}"#,
            r#"{"failed":{"why":1}}"#,
            "[]",
            r#"{"keys":1}"#,
            r#"{"timestamp":"now"}"#,
            r#"{"headers":{}}"#,
        ] {
            assert!(sample(wrong).is_err(), "{wrong}");
        }
    }
}
