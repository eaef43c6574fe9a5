//! Records for a plugin to judge, from a file or from a topic, and what it says of them.

use std::path::Path;

use bytes::Bytes;
use corvid::settings::read_file;
use corvid_pipeline::{Answers, Said};
use corvid_plugin_host::{Hook, HookInput, Plugin};
use corvid_record::{Batch, BatchBuilder, Compression, Header, RecordParts, Timestamp};
use serde_json::Value;

use super::super::Failure;

/// The largest file of records.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// The time of a record that names none.
const TIME: i64 = 1_700_000_000_000;

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
}

/// Where records are judged.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The partition that the client chose.
    pub partition: i32,
    /// How many it has.
    pub partitions: i32,
}

/// What a hook says of each record of a batch.
pub struct Judged {
    /// The hook.
    pub hook: Hook,
    /// In the order of the records.
    pub said: Vec<Said>,
}

/// The records of a file: a line of JSON each, with `key`, `value`, `headers` and `timestamp`, all of which may be left out.
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
    };
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

/// The records as a batch.
pub fn batch(samples: &[Sample]) -> Result<Bytes, Failure> {
    let mut builder = BatchBuilder::new(Compression::None);
    for (delta, sample) in (0..).zip(samples) {
        let headers: Vec<Header<'_>> = sample
            .headers
            .iter()
            .map(|(key, value)| (&key[..], value.as_deref()))
            .collect();
        builder.push(&RecordParts {
            offset_delta: delta,
            timestamp: Timestamp(sample.timestamp),
            key: sample.key.as_deref(),
            value: sample.value.as_deref(),
            headers: &headers,
        });
    }
    builder
        .finish(None)
        .map_err(|error| Failure::wrong(format!("the records make no batch: {error}")))
}

/// What each hook of the produce path says of the records, each asked about all of them as they are.
pub async fn judge(plugin: &Plugin, place: Place<'_>, samples: &[Sample]) -> Result<Vec<Judged>, Failure> {
    let bytes = batch(samples)?;
    let batch = Batch::parse(&bytes).map_err(|error| Failure::wrong(error.to_string()))?;
    let mut judged = Vec::new();
    for hook in [Hook::Validate, Hook::Transform, Hook::Partition] {
        if !plugin.hooks().has(hook) {
            continue;
        }
        let input = HookInput {
            topic: place.topic,
            partition: place.partition,
            partitions: place.partitions,
            base_timestamp: batch.base_timestamp().0,
            records: batch.section(),
            count: batch.record_count(),
            failures: &[],
            viewer: None,
        };
        let answers = Answers::of(plugin, hook, input).await;
        let mut said = answers.said(place.partition);
        let of_all = (0..samples.len() as u32).map(|index| said.remove(&index).unwrap_or(Said::Accept));
        judged.push(Judged {
            hook,
            said: of_all.collect(),
        });
    }
    if judged.is_empty() {
        let failure = Failure::failed("the plugin has no hook of the produce path");
        return Err(failure.hint("policies and views are tried by unit tests, or on a node"));
    }
    Ok(judged)
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
        for wrong in ["", "[]", r#"{"keys":1}"#, r#"{"timestamp":"now"}"#, r#"{"headers":{}}"#] {
            assert!(sample(wrong).is_err(), "{wrong}");
        }
    }
}
