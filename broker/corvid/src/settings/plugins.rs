//! `[plugins.*]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use corvid_metadata::units::with_unit::{bytes, duration_ms};
use corvid_metadata::{Digest, PluginLimits};
use serde_json::Value as Json;

use super::hints;
use super::key::Section;
use super::problem::Problem;
use super::reader::{Entry, Notes, Table};
use super::script::{self, NAME_MAX, ScriptSource};

/// A plugin of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginEntry {
    /// Where its module is.
    pub source: ModuleSource,
    /// Its configuration.
    pub config: Json,
    /// Its limits.
    pub limits: PluginLimits,
}

/// Where a module is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModuleSource {
    /// In a file; a relative path counts from the settings' folder.
    File(PathBuf),
    /// In the binary.
    Builtin(String),
    /// On the node.
    Digest(Digest),
    /// The interpreter in the binary, with this script.
    Script(ScriptSource),
}

const BUILTIN_PREFIX: &str = "builtin:";

pub(super) fn read(table: &Table<'_>, notes: &mut Notes) -> BTreeMap<String, PluginEntry> {
    let mut plugins = BTreeMap::new();
    for entry in table.entries() {
        check_name(&entry, notes);
        if let Some(plugin) = entry.table(notes).and_then(|table| plugin(&entry, &table, notes)) {
            plugins.insert(entry.key.to_owned(), plugin);
        }
    }
    plugins
}

/// Bindings are lists with commas, and bare names may stand for them.
fn check_name(entry: &Entry<'_>, notes: &mut Notes) {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if entry.key.is_empty() || entry.key.len() > NAME_MAX || !entry.key.bytes().all(legal) {
        let message = "a plugin's name has 1 to 100 letters, digits, dots, dashes and underscores";
        notes.wrong(Problem::new(entry.key_span.clone(), message));
    }
}

fn plugin(entry: &Entry<'_>, table: &Table<'_>, notes: &mut Notes) -> Option<PluginEntry> {
    table.only(&Section::Plugin.names(), notes);
    let source = source(entry, table, notes);
    let config = table.get("config").and_then(|config| match config.maybe_table() {
        Some(_) => config.json(notes),
        None => {
            notes.wrong(config.wrong("a table"));
            None
        }
    });
    let limits = table
        .get("limits")
        .map(|entry| limits(&entry, notes))
        .unwrap_or_default();
    Some(PluginEntry {
        source: source?,
        config: config.unwrap_or(Json::Null),
        limits,
    })
}

fn source(entry: &Entry<'_>, table: &Table<'_>, notes: &mut Notes) -> Option<ModuleSource> {
    let given: Vec<_> = ["file", "builtin", "digest", "script", "script_file"]
        .iter()
        .filter_map(|key| table.get(key))
        .collect();
    let [source] = &given[..] else {
        let span = given
            .last()
            .map_or(entry.key_span.clone(), |extra| extra.key_span.clone());
        let what = format!("plugin `{}`", entry.key);
        let message = hints::needs_one(&what, &given, "`file`, `builtin`, `digest`, `script` and `script_file`");
        notes.wrong(Problem::new(span, message));
        return None;
    };
    if script::SCRIPT.contains(&source.key) {
        return script::source(source, notes).map(ModuleSource::Script);
    }
    let text = source.text(notes)?;
    match (source.key, text.strip_prefix(BUILTIN_PREFIX)) {
        ("file", Some(name)) => builtin(source, name, notes),
        ("file", None) => Some(ModuleSource::File(PathBuf::from(text))),
        ("builtin", stripped) => builtin(source, stripped.unwrap_or(text), notes),
        (_, _) => match text.parse() {
            Ok(digest) => Some(ModuleSource::Digest(digest)),
            Err(_) => {
                notes.wrong(source.wrong("sha256: and 64 hexadecimal digits"));
                None
            }
        },
    }
}

fn builtin(source: &Entry<'_>, name: &str, notes: &mut Notes) -> Option<ModuleSource> {
    let known = crate::embedded::plugins();
    if known.contains_key(name) {
        return Some(ModuleSource::Builtin(name.to_owned()));
    }
    let problem = Problem::new(source.span.clone(), format!("no plugin named `{name}` is built in"));
    let names: Vec<&str> = known.keys().map(String::as_str).collect();
    notes.wrong(match super::did_you_mean(name, names.iter().copied()) {
        Some(meant) => problem.hint(format!("did you mean \"{meant}\"?")),
        None => problem.hint(format!("there are {}", names.join(", "))),
    });
    None
}

/// `{ deadline = "20ms", memory = "16MiB" }`
pub(super) fn limits(entry: &Entry<'_>, notes: &mut Notes) -> PluginLimits {
    let Some(table) = entry.table(notes) else {
        return PluginLimits::default();
    };
    table.only(&Section::Limits.names(), notes);
    let within = |limits: PluginLimits| limits.check().map_err(|error| error.to_string());
    let deadline = |text: &str| {
        let deadline_ms = Some(duration_ms(text).map_err(|error| error.to_string())?).filter(|ms| *ms > 0);
        within(PluginLimits {
            deadline_ms,
            ..PluginLimits::default()
        })?;
        Ok::<_, String>(deadline_ms.unwrap_or(0))
    };
    let memory = |text: &str| {
        let memory_bytes = Some(bytes(text).map_err(|error| error.to_string())?).filter(|bytes| *bytes > 0);
        within(PluginLimits {
            memory_bytes,
            ..PluginLimits::default()
        })?;
        Ok::<_, String>(memory_bytes.unwrap_or(0))
    };
    PluginLimits {
        deadline_ms: quantity(table.get("deadline"), deadline, notes),
        memory_bytes: quantity(table.get("memory"), memory, notes),
    }
}

pub(super) fn quantity<E: std::fmt::Display>(
    entry: Option<Entry<'_>>,
    parse: impl Fn(&str) -> Result<u64, E>,
    notes: &mut Notes,
) -> Option<u64> {
    let entry = entry?;
    let problem = match parse(entry.text(notes)?) {
        Ok(0) => entry.wrong("more than nothing"),
        Ok(amount) => return Some(amount),
        Err(error) => Problem::new(entry.span.clone(), error.to_string()),
    };
    notes.wrong(problem);
    None
}
