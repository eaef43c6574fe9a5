//! What a file comes to: every setting of the node, and what the file has of the rest.

use std::fmt::Write as _;

use corvid_metadata::config::{Configs, keys};
use corvid_metadata::units::{bytes_text, duration_text};
use serde_json::{Value as Json, json};

use super::super::Settings;
use super::super::plugins::{ModuleSource, PluginEntry};
use super::super::reader::header;
use super::super::script::ScriptSource;
use super::super::sections::LogFormat;
use super::value::{inline, quoted};

/// As TOML. What is not from the file is marked so; a token is not shown.
pub fn effective(settings: &Settings) -> String {
    let mut text = String::new();
    let standard = sections(&Settings::default());
    for ((name, entries), (_, defaults)) in sections(settings).iter().zip(&standard) {
        let _ = writeln!(text, "[{name}]");
        for ((key, value), (_, default)) in entries.iter().zip(defaults) {
            let mark = if value == default { "  # default" } else { "" };
            match value {
                Some(value) => drop(writeln!(text, "{key} = {}{mark}", inline(value))),
                None => drop(writeln!(text, "# {key} is not set")),
            }
        }
        text.push('\n');
    }
    if !settings.broker.is_empty() {
        text.push_str("[broker]\n");
        for (key, value) in &settings.broker {
            let _ = writeln!(text, "{key} = {}", config_value(value));
        }
        text.push('\n');
    }
    settings
        .plugins
        .iter()
        .for_each(|(name, entry)| plugin(&mut text, name, entry));
    for (name, topic) in &settings.topics {
        let _ = writeln!(text, "[topics.{}]", header(name));
        if let Some(partitions) = topic.partitions {
            let _ = writeln!(text, "partitions = {partitions}");
        }
        configs(&mut text, &topic.configs);
        text.push('\n');
    }
    text
}

type Entries = Vec<(&'static str, Option<Json>)>;

fn sections(settings: &Settings) -> Vec<(&'static str, Entries)> {
    let Settings {
        node,
        listeners,
        admin,
        log,
        ..
    } = settings;
    let format = match log.format {
        LogFormat::Readable => "readable",
        LogFormat::Json => "json",
    };
    let text = |text: &dyn std::fmt::Display| Some(json!(text.to_string()));
    vec![
        (
            "node",
            vec![
                ("id", Some(json!(node.id))),
                ("data", text(&node.data.display())),
                ("rack", node.rack.as_ref().map(|rack| json!(rack))),
                ("threads", node.threads.map(|threads| json!(threads))),
            ],
        ),
        (
            "listeners",
            vec![
                ("kafka", text(&listeners.kafka)),
                (
                    "advertise",
                    listeners.advertise.as_ref().and_then(|address| text(address)),
                ),
                ("insecure", Some(json!(listeners.insecure))),
            ],
        ),
        (
            "admin",
            vec![
                ("listen", text(&admin.listen)),
                ("token", admin.token.as_ref().map(|_| json!("(set, and not shown)"))),
                ("hosts", Some(json!(admin.hosts))),
            ],
        ),
        ("log", vec![("format", text(&format)), ("level", text(&log.level))]),
    ]
}

fn plugin(text: &mut String, name: &str, entry: &PluginEntry) {
    let (key, value) = match &entry.source {
        ModuleSource::File(path) => ("file", path.display().to_string()),
        ModuleSource::Builtin(name) => ("builtin", name.clone()),
        ModuleSource::Digest(digest) => ("digest", digest.to_string()),
        ModuleSource::Script(ScriptSource::Text { text, .. }) => ("script", text.clone()),
        ModuleSource::Script(ScriptSource::File(path)) => ("script_file", path.display().to_string()),
    };
    let _ = writeln!(text, "[plugins.{}]\n{key} = {}", header(name), quoted(&value));
    if !entry.config.is_null() {
        let _ = writeln!(text, "config = {}", inline(&entry.config));
    }
    let limits = [
        entry
            .limits
            .deadline_ms
            .map(|ms| format!("deadline = {}", quoted(&duration_text(ms)))),
        entry
            .limits
            .memory_bytes
            .map(|bytes| format!("memory = {}", quoted(&bytes_text(bytes)))),
    ];
    let limits: Vec<String> = limits.into_iter().flatten().collect();
    if !limits.is_empty() {
        let _ = writeln!(text, "limits = {{ {} }}", limits.join(", "));
    }
    text.push('\n');
}

/// Our own under the names that they have in a file, the others under `configs`.
fn configs(text: &mut String, configs: &Configs) {
    let mut others = Vec::new();
    let mut letters = Vec::new();
    let mut delay = Vec::new();
    let mut retry = Vec::new();
    for (key, value) in configs {
        match key.as_str() {
            keys::PARTITIONER => drop(writeln!(text, "partitioner = {}", binding(value))),
            keys::PRODUCE => drop(writeln!(text, "produce = {}", binding(value))),
            keys::FETCH => drop(writeln!(text, "fetch = {}", binding(value))),
            keys::POLICY => drop(writeln!(text, "policy = {}", binding(value))),
            keys::RETRY_ATTEMPTS => retry.push(format!("attempts = {value}")),
            keys::RETRY_BACKOFF => retry.push(format!("backoff = {}", binding(value))),
            keys::RETRY_GROUPS_MAX => retry.push(format!("groups_max = {value}")),
            keys::RETRY_POLICY => retry.push(format!("policy = {}", binding(value))),
            keys::ON_REFUSED => drop(writeln!(text, "on_refused = {}", quoted(value))),
            keys::ON_FAULT => drop(writeln!(text, "on_fault = {}", quoted(value))),
            keys::DURABILITY => drop(writeln!(text, "durability = {}", quoted(value))),
            keys::DEAD_LETTER_TOPIC => letters.push(format!("topic = {}", quoted(value))),
            keys::DEAD_LETTER_OTHERS => {
                let names = value.split(',').map(|name| quoted(name.trim()));
                letters.push(format!("others = [{}]", names.collect::<Vec<_>>().join(", ")));
            }
            keys::DEAD_LETTER_HEADERS => letters.push(format!("headers = {}", quoted(value))),
            keys::DEAD_LETTER_RETENTION_MS => letters.push(format!("retention = {}", duration(value))),
            keys::DELAY_MAX_MS => delay.push(format!("max = {}", duration(value))),
            keys::DELAY_RELEASE_RATE => delay.push(format!("release_rate = {value}")),
            _ => others.push(format!("{} = {}", quoted(key), config_value(value))),
        }
    }
    for (key, entries) in [
        ("dead_letter", letters),
        ("retry", retry),
        ("delay", delay),
        ("configs", others),
    ] {
        if !entries.is_empty() {
            let _ = writeln!(text, "{key} = {{ {} }}", entries.join(", "));
        }
    }
}

fn duration(ms: &str) -> String {
    ms.parse().map_or_else(|_| quoted(ms), |ms| quoted(&duration_text(ms)))
}

fn binding(value: &str) -> String {
    serde_json::from_str::<Json>(value).map_or_else(|_| quoted(value), |json| inline(&json))
}

fn config_value(value: &str) -> String {
    match value.parse::<i64>().is_ok() || matches!(value, "true" | "false") {
        true => value.to_owned(),
        false => quoted(value),
    }
}
