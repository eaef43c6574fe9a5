//! What was meant by what is no slip of the pen: Kafka's names and units, and words that other brokers use.

use corvid_metadata::config::topic_keys;
use corvid_metadata::units::{parse_bytes, parse_duration_ms};

use super::reader::Entry;

/// Words for keys of a topic that are called otherwise here.
const MEANT: &[(&str, &str)] = &[
    ("views", "`fetch` has the views"),
    ("view", "`fetch` has the views"),
    ("validators", "`produce` has validators and transforms"),
    ("validator", "`produce` has validators and transforms"),
    ("transforms", "`produce` has validators and transforms"),
    ("transform", "`produce` has validators and transforms"),
    ("plugins", "`produce` has validators and transforms, `fetch` has views"),
    ("dlt", "a table `dead_letter` says where dead letters go"),
    ("dlq", "a table `dead_letter` says where dead letters go"),
    ("retention", "Kafka's `retention.ms` stands in the topic's `configs`"),
    ("replicas", "`default.replication.factor` of [broker] is for all topics"),
    (
        "replication_factor",
        "`default.replication.factor` of [broker] is for all topics",
    ),
];

/// What to do about a key that topics don't have.
pub(super) fn of_topic_key(entry: &Entry<'_>) -> Option<String> {
    let name = dotted(entry);
    if topic_keys().iter().any(|key| key.name == name && !key.internal) {
        return Some(format!("Kafka's configs stand in [{}.configs]", entry.table));
    }
    let (_, hint) = MEANT.iter().find(|(word, _)| *word == entry.key)?;
    Some((*hint).to_owned())
}

/// A dotted key is tables within tables: the name of the first value.
fn dotted(entry: &Entry<'_>) -> String {
    let inner = entry
        .maybe_table()
        .and_then(|table| table.entries().next().map(|inner| dotted(&inner)));
    inner.map_or_else(|| entry.key.to_owned(), |inner| format!("{}.{inner}", entry.key))
}

/// Kafka's configs have their unit in the name, and a number as value: `retention.ms = "7d"` is 604800000.
pub(super) fn in_kafkas_unit(config: &str, value: &str) -> Option<String> {
    let times = |unit_ms: u64| {
        let ms = parse_duration_ms(value).ok()?;
        ms.is_multiple_of(unit_ms).then(|| ms / unit_ms)
    };
    let (unit, number) = match config.rsplit('.').next()? {
        "ms" => ("milliseconds", times(1)?),
        "minutes" => ("minutes", times(60_000)?),
        "hours" => ("hours", times(3_600_000)?),
        "bytes" => ("bytes", parse_bytes(value).ok()?),
        _ => return None,
    };
    let is_number = value.trim().bytes().all(|byte| byte.is_ascii_digit());
    (!is_number).then(|| format!("in {unit}: {number}"))
}

/// What to say of a table that has none, or several, of the keys of which it needs one.
pub(super) fn needs_one(what: &str, given: &[Entry<'_>], keys: &str) -> String {
    match given {
        [first, .., last] => format!("{what} has `{}` and `{}`, and needs only one", first.key, last.key),
        _ => format!("{what} needs one of {keys}"),
    }
}
