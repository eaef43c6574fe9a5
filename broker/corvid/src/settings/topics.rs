//! `[topics.*]`: each key becomes a topic config under the name that Kafka's tools use.

use std::collections::BTreeMap;

use corvid_metadata::config::{ConfigError, Configs, check_topic, keys, topic_keys, validate_topic};
use corvid_metadata::desired::DesiredTopic;
use corvid_metadata::limits::MAX_PARTITIONS_PER_REQUEST;
use corvid_metadata::policy::{Binding, BindingError, TopicBindings};
use corvid_metadata::topic_name;
use corvid_metadata::units::with_unit::duration_ms;

use super::binding::{self, ON_FAULT, ON_REFUSED};
use super::hints;
use super::key::Section;
use super::plugins::{PluginEntry, quantity};
use super::problem::{Problem, did_you_mean};
use super::reader::{Entry, Notes, Table};
use super::retry;

/// Where our own topic configs stand in a file.
const OWN: &[(&str, &str)] = &[
    (keys::PARTITIONER, "partitioner"),
    (keys::PRODUCE, "produce"),
    (keys::FETCH, "fetch"),
    (keys::ON_REFUSED, "on_refused"),
    (keys::ON_FAULT, "on_fault"),
    (keys::DURABILITY, "durability"),
    (keys::POLICY, "policy"),
    (keys::RETRY_ATTEMPTS, "retry.attempts"),
    (keys::RETRY_BACKOFF, "retry.backoff"),
    (keys::RETRY_GROUPS_MAX, "retry.groups_max"),
    (keys::RETRY_POLICY, "retry.policy"),
    (keys::DELAY_MAX_MS, "delay.max"),
    (keys::DELAY_RELEASE_RATE, "delay.release_rate"),
    (keys::DEAD_LETTER_TOPIC, "dead_letter.topic"),
    (keys::DEAD_LETTER_OTHERS, "dead_letter.others"),
    (keys::DEAD_LETTER_HEADERS, "dead_letter.headers"),
    (keys::DEAD_LETTER_RETENTION_MS, "dead_letter.retention"),
];

pub(super) fn read(table: &Table<'_>, notes: &mut Notes) -> BTreeMap<String, DesiredTopic> {
    let mut topics = BTreeMap::new();
    let mut folded = BTreeMap::new();
    for entry in table.entries() {
        name(&entry, &mut folded, notes);
        if let Some(table) = entry.table(notes) {
            topics.insert(entry.key.to_owned(), topic(&entry, &table, notes));
        }
    }
    topics
}

/// Whether a topic may be called so beside those before it. (Names that differ in `.` and `_` alone are one in metrics.)
fn name<'a>(entry: &Entry<'a>, folded: &mut BTreeMap<String, &'a str>, notes: &mut Notes) {
    let wrong = |message: String| Problem::new(entry.key_span.clone(), message);
    if let Err(error) = topic_name::check(entry.key) {
        notes.wrong(wrong(error.to_string()));
    }
    if topic_name::is_internal(entry.key) {
        notes.wrong(wrong(format!(
            "`{}` is one of the broker's own topics, which no file changes",
            entry.key
        )));
    }
    if let Some(other) = folded.insert(topic_name::fold(entry.key), entry.key) {
        notes.wrong(
            wrong(format!("topic `{}` collides with topic `{other}`", entry.key))
                .hint("names that differ in `.` and `_` alone are the same in metrics"),
        );
    }
}

fn topic(entry: &Entry<'_>, table: &Table<'_>, notes: &mut Notes) -> DesiredTopic {
    only(table, notes);
    let before = notes.problems.len();
    let partitions = table
        .get("partitions")
        .and_then(|entry| entry.integer(1, i64::from(MAX_PARTITIONS_PER_REQUEST), notes));
    let mut configs = policy(table, notes);
    if let Some(others) = table.get("configs").and_then(|entry| entry.table(notes)) {
        others_into(entry.key, &others, "", &mut configs, notes);
    }
    if let Some(dead_letter) = table.get("dead_letter").and_then(|entry| entry.table(notes)) {
        dead_letter_into(&dead_letter, &mut configs, notes);
    }
    if let Some(table) = table.get("retry").and_then(|entry| entry.table(notes)) {
        retry::into(&table, &mut configs, notes);
    }
    if let Some(delay) = table.get("delay").and_then(|entry| entry.table(notes)) {
        delay_into(entry.key, &delay, &mut configs, notes);
    }
    // What is wrong with a single key was said where it stands.
    if notes.problems.len() == before
        && let Err(error) = check_topic(entry.key, &configs)
    {
        notes.wrong(together(entry, &error.to_string()));
    }
    DesiredTopic {
        partitions: partitions.map(|partitions| partitions as i32),
        configs,
    }
}

/// What is wrong with a topic's keys together. It is said in Kafka's names of them.
fn together(topic: &Entry<'_>, message: &str) -> Problem {
    let problem = Problem::new(topic.key_span.clone(), message);
    match OWN.iter().find(|(config, _)| message.contains(config)) {
        Some((config, own)) => problem.hint(format!("here, {config} is the topic's `{own}`")),
        None => problem,
    }
}

fn only(table: &Table<'_>, notes: &mut Notes) {
    let known = Section::Topic.names();
    for entry in table.entries().filter(|entry| !known.contains(&entry.key)) {
        notes.wrong(unknown(&entry, &known));
    }
}

/// `[topics.orders.DLT]` is a table in a topic `orders`; what was meant is a topic with a dot in its name.
fn unknown(entry: &Entry<'_>, known: &[&str]) -> Problem {
    let problem = entry.unknown(known.iter().copied());
    if problem.hint.is_some() {
        return problem;
    }
    if let Some(hint) = hints::of_topic_key(entry) {
        return problem.hint(hint);
    }
    if entry.maybe_table().is_none() {
        return problem;
    }
    let topic = entry.table.trim_start_matches("topics.");
    problem.hint(format!(
        "a topic's name with a dot stands in quotes: [topics.\"{topic}.{}\"]",
        entry.key
    ))
}

fn policy(table: &Table<'_>, notes: &mut Notes) -> Configs {
    let mut configs = Configs::new();
    let mut set = |key: &str, value: Option<String>| value.map(|value| configs.insert(key.to_owned(), value));
    let partitioner = table.get("partitioner");
    set(
        keys::PARTITIONER,
        partitioner.and_then(|entry| one(&entry, Binding::parse_partitioner, notes)),
    );
    let policy = table.get("policy");
    set(
        keys::POLICY,
        policy.and_then(|entry| one(&entry, Binding::parse, notes)),
    );
    set(
        keys::PRODUCE,
        table
            .get("produce")
            .and_then(|entry| list(&entry, Binding::parse_list, notes)),
    );
    set(
        keys::FETCH,
        table
            .get("fetch")
            .and_then(|entry| list(&entry, Binding::parse_views, notes)),
    );
    let words = [
        (keys::ON_REFUSED, "on_refused", ON_REFUSED),
        (keys::ON_FAULT, "on_fault", ON_FAULT),
        (keys::DURABILITY, "durability", &["disk", "replicas"]),
    ];
    for (key, name, words) in words {
        set(
            key,
            table
                .get(name)
                .and_then(|entry| entry.word(words, notes))
                .map(str::to_owned),
        );
    }
    configs
}

/// A binding, as the config that `parse` reads.
pub(super) fn one(
    entry: &Entry<'_>,
    parse: fn(&str) -> Result<Binding, BindingError>,
    notes: &mut Notes,
) -> Option<String> {
    let config = binding::read(entry, notes)?.to_config();
    parsed(entry, config, parse, notes)
}

/// A list of bindings, as the config that `parse` reads.
fn list(entry: &Entry<'_>, parse: fn(&str) -> Result<Vec<Binding>, BindingError>, notes: &mut Notes) -> Option<String> {
    let elements = entry.array(notes)?;
    let bindings: Vec<Binding> = elements
        .iter()
        .filter_map(|element| binding::read(element, notes))
        .collect();
    parsed(entry, Binding::list_to_config(&bindings), parse, notes)
}

/// A config, if `parse` takes it.
fn parsed<T>(
    entry: &Entry<'_>,
    config: String,
    parse: fn(&str) -> Result<T, BindingError>,
    notes: &mut Notes,
) -> Option<String> {
    match parse(&config) {
        Ok(_) => Some(config),
        Err(error) => {
            notes.wrong(Problem::new(entry.span.clone(), error.to_string()));
            None
        }
    }
}

fn dead_letter_into(table: &Table<'_>, configs: &mut Configs, notes: &mut Notes) {
    table.only(&Section::DeadLetter.names(), notes);
    if let Some(entry) = table.get("topic")
        && let Some(name) = entry.text(notes)
    {
        match topic_name::check(name) {
            Ok(()) => drop(configs.insert(keys::DEAD_LETTER_TOPIC.to_owned(), name.to_owned())),
            Err(error) => notes.wrong(Problem::new(entry.span.clone(), error.to_string())),
        }
    }
    if let Some(entry) = table.get("others")
        && let Some(elements) = entry.array(notes)
    {
        let names: Vec<&str> = elements.iter().filter_map(|element| element.text(notes)).collect();
        configs.insert(keys::DEAD_LETTER_OTHERS.to_owned(), names.join(","));
    }
    let headers = table
        .get("headers")
        .and_then(|entry| entry.word(&["corvid", "spring", "connect"], notes));
    if let Some(headers) = headers {
        configs.insert(keys::DEAD_LETTER_HEADERS.to_owned(), headers.to_owned());
    }
    if let Some(ms) = quantity(table.get("retention"), duration_ms, notes) {
        configs.insert(keys::DEAD_LETTER_RETENTION_MS.to_owned(), ms.to_string());
    }
}

fn delay_into(topic: &str, table: &Table<'_>, configs: &mut Configs, notes: &mut Notes) {
    table.only(&Section::Delay.names(), notes);
    if let Some(entry) = table.get("max")
        && let Some(ms) = quantity(Some(entry.clone()), duration_ms, notes)
    {
        checked(topic, keys::DELAY_MAX_MS, ms.to_string(), &entry, configs, notes);
    }
    if let Some(entry) = table.get("release_rate")
        && let Some(rate) = entry.integer(1, i64::from(i32::MAX), notes)
    {
        checked(
            topic,
            keys::DELAY_RELEASE_RATE,
            rate.to_string(),
            &entry,
            configs,
            notes,
        );
    }
}

fn checked(topic: &str, key: &str, value: String, entry: &Entry<'_>, configs: &mut Configs, notes: &mut Notes) {
    match validate_topic(topic, key, &value) {
        Ok(()) => drop(configs.insert(key.to_owned(), value)),
        Err(error) => notes.wrong(Problem::new(entry.span.clone(), error.to_string())),
    }
}

/// `configs`: dotted keys are tables within tables, put together again.
fn others_into(topic: &str, table: &Table<'_>, prefix: &str, configs: &mut Configs, notes: &mut Notes) {
    for entry in table.entries() {
        let name = format!("{prefix}{}", entry.key);
        if let Some(inner) = entry.maybe_table() {
            others_into(topic, &inner, &format!("{name}."), configs, notes);
        } else if let Some(value) = other(topic, &name, &entry, notes) {
            configs.insert(name, value);
        }
    }
}

fn other(topic: &str, name: &str, entry: &Entry<'_>, notes: &mut Notes) -> Option<String> {
    let value = entry.config_value(notes)?;
    let about_key = |message: String| Problem::new(entry.key_span.clone(), message);
    if let Some((_, own)) = OWN.iter().find(|(config, _)| *config == name) {
        notes.wrong(about_key(format!("`{name}` has a key of its own")).hint(format!("set `{own}` of the topic")));
        return None;
    }
    match validate_topic(topic, name, &value) {
        Ok(()) => return Some(value),
        Err(ConfigError::Unknown { .. }) => {
            let problem = about_key(format!("unknown topic config `{name}`"));
            let known = topic_keys().iter().filter(|key| !key.internal).map(|key| key.name);
            notes.wrong(match did_you_mean(name, known) {
                Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
                None => problem,
            });
        }
        Err(error) => {
            let problem = Problem::new(entry.span.clone(), error.to_string());
            notes.wrong(match hints::in_kafkas_unit(name, &value) {
                Some(hint) => problem.hint(hint),
                None => problem,
            });
        }
    }
    None
}

/// A plugin may be on the node already, so this is no error; more often it is a slip.
pub(super) fn warn_of_unknown_plugins(topics: &Table<'_>, plugins: &BTreeMap<String, PluginEntry>, notes: &mut Notes) {
    for topic in topics.entries() {
        let Some(table) = topic.maybe_table() else { continue };
        let mut unheard = Notes::default();
        let mut configs = policy(&table, &mut unheard);
        if let Some(table) = table.get("retry").and_then(|entry| entry.maybe_table()) {
            retry::into(&table, &mut configs, &mut unheard);
        }
        let Ok(bindings) = TopicBindings::from_configs(topic.key, &configs) else {
            continue;
        };
        for binding in bindings
            .everywhere()
            .filter(|binding| !plugins.contains_key(&binding.plugin))
        {
            let message = format!(
                "topic `{}` binds plugin `{}`, which this file does not have",
                topic.key, binding.plugin
            );
            let warning = Problem::new(topic.key_span.clone(), message);
            notes.odd(
                match did_you_mean(&binding.plugin, plugins.keys().map(String::as_str)) {
                    Some(meant) => warning.hint(format!("did you mean `{meant}`?")),
                    None => warning.hint("it has to be on the node already"),
                },
            );
        }
    }
}
