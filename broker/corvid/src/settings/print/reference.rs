//! `config/corvid.toml`: every key with its meaning, as a comment.

use std::fmt::Write as _;

use corvid_metadata::config::{Check, ConfigKey, ConfigType, Support, topic_keys};
use serde_json::{Value as Json, json};

use super::super::broker::effective_keys;
use super::super::key::{Key, Section};
use super::super::table::KEYS;
use super::value::quoted;

/// The same, for programs: a line of the table each.
pub fn keys() -> Vec<Json> {
    let own = KEYS.iter().map(|key| {
        json!({
            "section": key.section.header(),
            "key": key.name,
            "expects": key.expects,
            "default": key.default,
            "kafka": key.kafka,
            "doc": key.doc,
        })
    });
    let kafkas = |section: &'static str| {
        move |key: &'static ConfigKey| {
            json!({
                "section": section,
                "key": key.name,
                "expects": kafka_facts(key),
                "default": key.default,
                "kafka": key.name,
                "doc": key.doc,
            })
        }
    };
    let broker = effective_keys().into_iter().map(kafkas("broker"));
    let topic = topic_keys()
        .iter()
        .filter(|key| shown(key))
        .map(kafkas("topics.NAME.configs"));
    own.chain(broker).chain(topic).collect()
}

const HEAD: &str = "\
# Settings of a Corvid node: every key there is. What is commented out shows the default, or an example.
#
#     corvid serve --config corvid.toml      starts a node with this file
#     corvid config check corvid.toml        says what is wrong with it
#     corvid apply corvid.toml --dry-run     shows what its topics and plugins would change
#
# [node], [listeners], [admin], [log] and [broker] are read when the node starts. [plugins.*] and [topics.*] are what
# the cluster should have: applied at the node's start, on SIGHUP, and by `corvid apply`. A topic that is absent is left
# alone; a key that this file had when it was last applied, and lacks now, goes back to its default. Other files' keys are
# left alone; a file is known by its path, or by the NAME of `corvid apply FILE --as NAME`.
#
# `corvid config print` writes this file.
";

/// The whole file.
pub fn reference() -> String {
    let mut text = HEAD.to_owned();
    for section in [Section::Node, Section::Listeners, Section::Admin, Section::Log] {
        begin(&mut text, &format!("[{}]\n", section.header()));
        section.keys().for_each(|key| own(&mut text, key));
    }
    broker(&mut text);
    plugins(&mut text);
    topics(&mut text);
    text
}

/// A section, with one empty line before it.
fn begin(text: &mut String, head: &str) {
    text.truncate(text.trim_end().len());
    let _ = write!(text, "\n\n{head}");
}

fn own(text: &mut String, key: &Key) {
    let mut facts = vec![key.expects.to_owned()];
    facts.extend(key.kafka.map(|name| format!("Kafka: {name}")));
    entry(
        text,
        key.doc,
        &facts.join(" · "),
        &format!("{} = {}", key.name, key.example),
    );
}

/// The text, the facts, the key: a paragraph.
fn entry(text: &mut String, doc: &str, facts: &str, line: &str) {
    let _ = write!(text, "{}{}#{line}\n\n", comment(doc), comment(facts));
}

fn broker(text: &mut String) {
    begin(
        text,
        "[broker]\n# Broker configs under Kafka's names. Those that kafka-configs has set since take precedence.\n\n",
    );
    for key in effective_keys() {
        entry(
            text,
            key.doc,
            &kafka_facts(key),
            &format!("{} = {}", key.name, default(key)),
        );
    }
}

fn plugins(text: &mut String) {
    begin(
        text,
        "# A plugin, under the name that bindings use. One of `file`, `builtin` and `digest` says which module.\n",
    );
    text.push_str("#[plugins.by-region]\n");
    Section::Plugin.keys().for_each(|key| own(text, key));
    text.push_str("# In `limits`:\n");
    list(text, Section::Limits);
}

fn topics(text: &mut String) {
    begin(
        text,
        "# A topic. Each key is a topic config, too, which kafka-configs and others can set.\n#[topics.orders]\n",
    );
    Section::Topic
        .keys()
        .filter(|key| !matches!(key.name, "dead_letter" | "retry" | "delay" | "configs"))
        .for_each(|key| own(text, key));
    text.push_str("# A binding is a plugin's name, or a table:\n");
    list(text, Section::Binding);
    text.push_str("#[topics.orders.dead_letter]\n");
    Section::DeadLetter.keys().for_each(|key| own(text, key));
    text.push_str(
        "# What a consumer fails on it produces to the topic NAME.GROUP.retry, headers and all; there it comes back when it is due.\n",
    );
    text.push_str("#[topics.orders.retry]\n");
    Section::Retry.keys().for_each(|key| own(text, key));
    text.push_str("#[topics.orders.delay]\n");
    Section::Delay.keys().for_each(|key| own(text, key));
    text.push_str(
        "# Other configs of the topic, under Kafka's names. Where nothing is set, the [broker] config named counts.\n",
    );
    text.push_str("#[topics.orders.configs]\n");
    for key in topic_keys().iter().filter(|key| shown(key)) {
        entry(
            text,
            key.doc,
            &kafka_facts(key),
            &format!("{} = {}", quoted(key.name), default(key)),
        );
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
}

fn shown(key: &ConfigKey) -> bool {
    key.support == Support::Applied && !key.internal && !key.name.starts_with("corvid.")
}

fn list(text: &mut String, section: Section) {
    for key in section.keys() {
        let _ = writeln!(
            text,
            "#   {:<10} {} ({}), such as {}",
            key.name, key.doc, key.expects, key.example
        );
    }
    text.push('\n');
}

fn kafka_facts(key: &ConfigKey) -> String {
    let expects = match key.config_type {
        ConfigType::Boolean => "true or false",
        ConfigType::Int | ConfigType::Short | ConfigType::Long => "a whole number",
        ConfigType::Double => "a number",
        ConfigType::List => "words with commas between them",
        ConfigType::String | ConfigType::Class | ConfigType::Password => "a text",
    };
    let expects = match key.check {
        Check::OneOf(words) => words.join(", "),
        _ => expects.to_owned(),
    };
    let expects = match key.default {
        Some(_) => expects,
        None => format!("{expects} · not set by default, an example"),
    };
    let brokers: Vec<_> = key.broker.iter().map(|(name, _)| *name).collect();
    match brokers.is_empty() {
        true => expects,
        false => format!("{expects} · default from {}", brokers.join(", ")),
    }
}

/// A key without a default shows a value that is not unusual: a week, where it is a time.
fn default(key: &ConfigKey) -> String {
    let number = |text: &str| text.parse::<f64>().is_ok() || matches!(text, "true" | "false");
    match key.default {
        Some(default) if number(default) => default.to_owned(),
        Some(default) => quoted(default),
        None => match key.name.rsplit('.').next() {
            Some("ms") => "604800000".to_owned(),
            Some("minutes") => "10080".to_owned(),
            _ => "\"\"".to_owned(),
        },
    }
}

/// Wrapped, each line behind a `# `.
fn comment(text: &str) -> String {
    const WIDTH: usize = 110;
    let mut lines = vec![String::from("#")];
    for word in text.split_whitespace() {
        if lines
            .last()
            .is_some_and(|line| line.chars().count() + word.chars().count() >= WIDTH)
        {
            lines.push(String::from("#"));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.push(String::new());
    lines.join("\n")
}
