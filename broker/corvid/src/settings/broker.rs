//! `[broker]`: broker configs under Kafka's own names, with or without quotes: `num.partitions = 3`.

use corvid_metadata::config::{ConfigError, ConfigKey, Configs, Support, broker_key, broker_keys, validate_broker};

use super::hints;
use super::problem::{Problem, did_you_mean};
use super::reader::{Entry, Notes, Table};

/// Those that have a place of their own.
const ELSEWHERE: &[(&str, &str)] = &[
    ("node.id", "`id` in [node]"),
    ("broker.id", "`id` in [node]"),
    ("broker.rack", "`rack` in [node]"),
    ("log.dir", "`data` in [node]"),
    ("log.dirs", "`data` in [node]"),
    ("num.network.threads", "`threads` in [node]"),
    ("listeners", "`kafka` in [listeners]"),
    ("advertised.listeners", "`advertise` in [listeners]"),
];

/// Those of the configs that are read at start which do something here. The others exist so that tools which ask for
/// them get an answer.
const AT_START: &[&str] = &[
    "auto.create.topics.enable",
    "corvid.table.bytes",
    "corvid.view.cache.bytes",
    "default.replication.factor",
    "delete.topic.enable",
    "group.initial.rebalance.delay.ms",
    "group.max.session.timeout.ms",
    "group.max.size",
    "group.min.session.timeout.ms",
    "log.retention.check.interval.ms",
    "num.partitions",
    "offset.metadata.max.bytes",
    "offsets.retention.check.interval.ms",
    "offsets.retention.minutes",
    "offsets.topic.num.partitions",
    "offsets.topic.replication.factor",
    "offsets.topic.segment.bytes",
    "producer.id.expiration.ms",
];

/// The broker configs that do something here, sorted by name.
pub(super) fn effective_keys() -> Vec<&'static ConfigKey> {
    let mut keys: Vec<_> = broker_keys().filter(|key| !key.internal && has_effect(key)).collect();
    keys.sort_by_key(|key| key.name);
    keys
}

fn has_effect(key: &ConfigKey) -> bool {
    match key.support {
        Support::Applied => true,
        Support::AtStart => AT_START.contains(&key.name),
        Support::Absent | Support::Ignored(_) | Support::Refused(_) => false,
    }
}

pub(super) fn read(table: &Table<'_>, notes: &mut Notes) -> Configs {
    let mut configs = Configs::new();
    take(table, "", &mut configs, notes);
    configs
}

/// A dotted key is tables within tables: put together again.
fn take(table: &Table<'_>, prefix: &str, configs: &mut Configs, notes: &mut Notes) {
    for entry in table.entries() {
        let name = format!("{prefix}{}", entry.key);
        if let Some(inner) = entry.maybe_table() {
            take(&inner, &format!("{name}."), configs, notes);
        } else if let Some(value) = value(&name, &entry, notes) {
            configs.insert(name, value);
        }
    }
}

fn value(name: &str, entry: &Entry<'_>, notes: &mut Notes) -> Option<String> {
    let value = entry.config_value(notes)?;
    let about = |message: String| Problem::new(entry.key_span.clone(), message);
    if let Some((_, place)) = ELSEWHERE.iter().find(|(elsewhere, _)| *elsewhere == name) {
        notes.wrong(about(format!("`{name}` has a place of its own")).hint(format!("set {place}")));
        return None;
    }
    match validate_broker(name, &value) {
        Ok(()) | Err(ConfigError::ReadOnly { .. } | ConfigError::Absent { .. }) => {}
        Err(ConfigError::Unknown { .. }) => {
            let problem = about(format!("unknown broker config `{name}` in [broker]"));
            notes.wrong(match did_you_mean(name, broker_keys().map(|key| key.name)) {
                Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
                None => problem,
            });
            return None;
        }
        Err(error) => {
            let problem = Problem::new(entry.span.clone(), error.to_string());
            notes.wrong(match hints::in_kafkas_unit(name, &value) {
                Some(hint) => problem.hint(hint),
                None => problem,
            });
            return None;
        }
    }
    if let Some(key) = broker_key(name).filter(|key| !has_effect(key)) {
        notes.odd(about(format!("`{name}` has no effect: {}", why_without_effect(key))));
    }
    Some(value)
}

fn why_without_effect(key: &ConfigKey) -> &'static str {
    match key.support {
        Support::Ignored(why) | Support::Refused(why) => why,
        Support::Applied | Support::AtStart | Support::Absent => "this release has nothing that it could set",
    }
}
