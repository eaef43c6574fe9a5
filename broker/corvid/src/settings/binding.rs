//! A plugin at a place of a topic: its name, or a table.

use std::collections::BTreeMap;

use corvid_metadata::PluginLimits;
use corvid_metadata::policy::{Binding, OnFault, OnRefused, Readers, ReadersError};

use super::key::Section;
use super::plugins::limits;
use super::problem::Problem;
use super::reader::{Entry, Notes, Table};
use super::script::{self, SCRIPT};

pub(super) const ON_REFUSED: &[&str] = &["refuse", "dead-letter", "drop", "policy"];
pub(super) const ON_FAULT: &[&str] = &["refuse", "dead-letter", "pass", "policy"];

pub(super) fn read(entry: &Entry<'_>, notes: &mut Notes) -> Option<Binding> {
    if let Some(table) = entry.maybe_table() {
        return read_table(entry, &table, notes);
    }
    if !entry.is_text() {
        notes.wrong(
            entry.wrong("a plugin's name or a table { plugin, script, config, tables, on_refused, on_fault, limits }"),
        );
        return None;
    }
    named(entry, notes).map(Binding::named)
}

fn read_table(entry: &Entry<'_>, table: &Table<'_>, notes: &mut Notes) -> Option<Binding> {
    let known = Section::Binding.names();
    for inner in table.entries().filter(|inner| !known.contains(&inner.key)) {
        notes.wrong(match inner.key {
            "groups" => Problem::new(inner.key_span.clone(), ReadersError::Groups.to_string()),
            _ => inner.unknown(known.iter().copied()),
        });
    }
    let is_script = SCRIPT.iter().any(|key| table.get(key).is_some());
    let plugin = match table.get("plugin") {
        _ if is_script => script::of_binding(entry, table, notes),
        Some(plugin) => named(&plugin, notes),
        None => {
            notes.wrong(Problem::new(
                entry.span.clone(),
                "a binding needs a `plugin` or a `script`",
            ));
            None
        }
    };
    let on_refused = table.get("on_refused").and_then(|entry| entry.word(ON_REFUSED, notes));
    let on_fault = table.get("on_fault").and_then(|entry| entry.word(ON_FAULT, notes));
    let bound = Binding {
        on_refused: on_refused.and_then(OnRefused::parse),
        on_fault: on_fault.and_then(OnFault::parse),
        readers: Readers {
            clients: patterns(table, "clients", notes),
            principals: patterns(table, "principals", notes),
            groups: Vec::new(),
        },
        tables: tables(table, notes),
        ..Binding::named(plugin?)
    };
    if is_script {
        // Configuration and limits are the script's: it is bound here and nowhere else.
        return Some(bound);
    }
    Some(Binding {
        config: table
            .get("config")
            .and_then(|entry| entry.table(notes).and_then(|_| entry.json(notes))),
        limits: table
            .get("limits")
            .map_or_else(PluginLimits::default, |entry| limits(&entry, notes)),
        ..bound
    })
}

/// Whether there are such topics is not known here: they may be made by the same file.
fn tables(table: &Table<'_>, notes: &mut Notes) -> BTreeMap<String, String> {
    let Some(tables) = table.get("tables").and_then(|entry| entry.table(notes)) else {
        return BTreeMap::new();
    };
    let topic = |entry: Entry<'_>| Some((entry.key.to_owned(), entry.text(notes)?.to_owned()));
    tables.entries().filter_map(topic).collect()
}

fn patterns(table: &Table<'_>, key: &str, notes: &mut Notes) -> Vec<String> {
    let Some(entry) = table.get(key) else {
        return Vec::new();
    };
    let Some(elements) = entry.array(notes) else {
        return Vec::new();
    };
    if elements.is_empty() {
        // Taken as no list at all, the view would be for everybody.
        let message = format!("`{key}` is empty, and the view would be for nobody");
        notes.wrong(Problem::new(entry.span.clone(), message).hint(format!("without `{key}` it is for all readers")));
    }
    elements
        .iter()
        .filter_map(|element| element.text(notes).map(str::to_owned))
        .collect()
}

fn named(entry: &Entry<'_>, notes: &mut Notes) -> Option<String> {
    let name = entry.text(notes)?;
    if name.is_empty() {
        notes.wrong(entry.wrong("a plugin's name"));
        return None;
    }
    Some(name.to_owned())
}
