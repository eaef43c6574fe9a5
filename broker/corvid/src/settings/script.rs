//! Scripts: `script = """…"""` or `script_file = "…"`, in a plugin's table or right in a binding.
//!
//! A script in a binding is a plugin like any other: it is named for its place, `orders.partitioner` or `orders.produce.1`.

use std::ops::Range;
use std::path::PathBuf;

use corvid_metadata::policy::SCRIPT_BYTES_MAX;
use serde_json::Value as Json;

use super::hints;
use super::plugins::{ModuleSource, PluginEntry, limits};
use super::problem::{Problem, Source};
use super::reader::{Entry, Notes, Table};

/// The keys that hold a script.
pub(super) const SCRIPT: &[&str] = &["script", "script_file"];

/// The longest name of a plugin.
pub(super) const NAME_MAX: usize = 100;

/// Where the text of a script is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScriptSource {
    /// In the file of settings.
    Text {
        /// The text.
        text: String,
        /// Where it stands, with its quotes, in bytes.
        span: Range<usize>,
    },
    /// In a file of its own; a relative path counts from the settings' folder.
    File(PathBuf),
}

/// The script of a table that has one.
pub(super) fn source(entry: &Entry<'_>, notes: &mut Notes) -> Option<ScriptSource> {
    let text = entry.text(notes)?;
    if entry.key == "script_file" {
        return Some(ScriptSource::File(PathBuf::from(text)));
    }
    if text.len() > SCRIPT_BYTES_MAX {
        let message = format!(
            "a script has at most {SCRIPT_BYTES_MAX} bytes, this one has {}",
            text.len()
        );
        notes.wrong(Problem::new(entry.span.clone(), message).hint("write a plugin: `corvid plugin new`"));
        return None;
    }
    Some(ScriptSource::Text {
        text: text.to_owned(),
        span: entry.span.clone(),
    })
}

/// The plugin of a binding that is a script, under the name of its place: kept in the notes, which answers the name.
pub(super) fn of_binding(binding: &Entry<'_>, table: &Table<'_>, notes: &mut Notes) -> Option<String> {
    let given: Vec<_> = ["plugin", "script", "script_file"]
        .iter()
        .filter_map(|key| table.get(key))
        .collect();
    let [script] = &given[..] else {
        let span = given
            .last()
            .map_or(binding.span.clone(), |extra| extra.key_span.clone());
        let message = hints::needs_one("a binding", &given, "`plugin`, `script` and `script_file`");
        notes.wrong(Problem::new(span, message));
        return None;
    };
    let source = source(script, notes)?;
    let name = place(binding);
    if name.len() > NAME_MAX {
        let message = format!("the plugin would be named `{name}`, and a name has at most {NAME_MAX} characters");
        notes.wrong(
            Problem::new(script.key_span.clone(), message).hint("give the script a table of its own: [plugins.NAME]"),
        );
        return None;
    }
    let config = table
        .get("config")
        .and_then(|entry| entry.table(notes).and_then(|_| entry.json(notes)));
    let plugin = PluginEntry {
        source: ModuleSource::Script(source),
        config: config.unwrap_or(Json::Null),
        limits: table
            .get("limits")
            .map(|entry| limits(&entry, notes))
            .unwrap_or_default(),
    };
    notes.scripts.insert(name.clone(), (script.key_span.clone(), plugin));
    Some(name)
}

/// `orders.partitioner`, `orders.produce.1`: the topic, the key and, of an array, the place in it, counted from 1.
fn place(binding: &Entry<'_>) -> String {
    let table = binding.table.strip_prefix("topics.").unwrap_or(&binding.table);
    // A topic's name with a dot stands in quotes there, and no topic's name has any.
    let topic: String = table.chars().filter(|character| *character != '"').collect();
    match binding.index {
        Some(index) => format!("{topic}.{}.{}", binding.key, index + 1),
        None => format!("{topic}.{}", binding.key),
    }
}

/// What is wrong in the text of a script at `line` and `column`, shown where it stands in the file of settings.
pub fn problem_in(
    source: &Source<'_>,
    span: &Range<usize>,
    script: &str,
    at: Option<(usize, usize)>,
    message: String,
) -> Problem {
    let place = at.and_then(|at| place_in(source.text, span, script, at));
    let message = match (at, &place) {
        // The text is not in the file as it is, but escaped: its own lines have to do.
        (Some((line, column)), None) => format!("line {line}, column {column} of the script: {message}"),
        _ => message,
    };
    let start = place.unwrap_or(span.start);
    Problem::new(start..start + 1, message)
}

/// The byte of the file where line and column of a script are, if the script stands there letter by letter.
fn place_in(text: &str, span: &Range<usize>, script: &str, (line, column): (usize, usize)) -> Option<usize> {
    let first = span.start + text.get(span.clone())?.find(script)?;
    let starts = std::iter::once(0).chain(script.match_indices('\n').map(|(at, _)| at + 1));
    let start = starts.into_iter().nth(line.checked_sub(1)?)?;
    let columns = script[start..]
        .char_indices()
        .map(|(at, _)| at)
        .chain([script.len() - start]);
    Some(first + start + columns.into_iter().nth(column.saturating_sub(1))?)
}

/// Takes `line 3, column 7: ` off the front of what the interpreter says.
pub fn split_place(message: &str) -> (Option<(usize, usize)>, &str) {
    let parts = || {
        let rest = message.strip_prefix("line ")?;
        let (line, rest) = rest.split_once(", column ")?;
        let (column, rest) = rest.split_once(": ")?;
        Some(((line.parse().ok()?, column.parse().ok()?), rest))
    };
    parts().map_or((None, message), |(at, rest)| (Some(at), rest))
}
