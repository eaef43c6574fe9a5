//! Reads values of a parsed file, each with its place; notes what is wrong and goes on.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::plugins::PluginEntry;
use super::problem::{Problem, did_you_mean};

/// A table of the file.
#[derive(Clone)]
pub(super) struct Table<'a> {
    /// As its header has it: `topics.orders`; empty for the file itself.
    pub path: String,
    entries: &'a DeTable<'a>,
}

/// A key with its value.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    /// The table that it is in.
    pub table: String,
    /// The key.
    pub key: &'a str,
    /// Where the key is.
    pub key_span: Range<usize>,
    /// Where the value is.
    pub span: Range<usize>,
    /// The place in the array, of what is in one.
    pub index: Option<usize>,
    value: &'a DeValue<'a>,
}

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Notes {
    pub problems: Vec<Problem>,
    pub warnings: Vec<Problem>,
    /// The plugins of bindings that are scripts, each with the place of its key.
    pub scripts: BTreeMap<String, (Range<usize>, PluginEntry)>,
}

impl Notes {
    pub fn wrong(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub fn odd(&mut self, warning: Problem) {
        self.warnings.push(warning);
    }
}

impl<'a> Table<'a> {
    pub fn root(entries: &'a DeTable<'a>) -> Self {
        Self {
            path: String::new(),
            entries,
        }
    }

    /// Every entry, in the order of the file.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let table = self.path.clone();
        self.entries.iter().map(move |(key, value)| entry(&table, key, value))
    }

    pub fn get(&self, key: &str) -> Option<Entry<'a>> {
        self.entries
            .get_key_value(key)
            .map(|(key, value)| entry(&self.path, key, value))
    }

    /// Notes every key that is not among `known`.
    pub fn only(&self, known: &[&'a str], notes: &mut Notes) {
        for entry in self.entries().filter(|entry| !known.contains(&entry.key)) {
            notes.wrong(entry.unknown(known.iter().copied()));
        }
    }
}

fn entry<'a>(table: &str, key: &'a Spanned<std::borrow::Cow<'a, str>>, value: &'a Spanned<DeValue<'a>>) -> Entry<'a> {
    Entry {
        table: table.to_owned(),
        key: key.get_ref(),
        key_span: key.span(),
        span: value.span(),
        index: None,
        value: value.get_ref(),
    }
}

impl<'a> Entry<'a> {
    /// That no such key is known here.
    pub fn unknown<'w>(&self, known: impl IntoIterator<Item = &'w str>) -> Problem {
        let place = if self.table.is_empty() {
            String::new()
        } else {
            format!(" in [{}]", self.table)
        };
        let problem = Problem::new(self.key_span.clone(), format!("unknown key `{}`{place}", self.key));
        match did_you_mean(self.key, known) {
            Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
            None => problem,
        }
    }

    /// That the value is not what it should be.
    pub fn wrong(&self, expected: &str) -> Problem {
        Problem::new(
            self.span.clone(),
            format!("`{}` expects {expected}, found {}", self.key, kind(self.value)),
        )
    }

    pub fn text(&self, notes: &mut Notes) -> Option<&'a str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => self.refuse("a text in quotes", notes),
        }
    }

    pub fn integer(&self, least: i64, most: i64, notes: &mut Notes) -> Option<i64> {
        let number = match self.value {
            DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix()).ok(),
            _ => None,
        };
        match number {
            Some(number) if (least..=most).contains(&number) => Some(number),
            Some(number) => {
                let message = format!("`{}` expects {least} to {most}, found {number}", self.key);
                notes.wrong(Problem::new(self.span.clone(), message));
                None
            }
            None => self.refuse("a whole number", notes),
        }
    }

    pub fn boolean(&self, notes: &mut Notes) -> Option<bool> {
        match self.value {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.refuse("true or false", notes),
        }
    }

    /// One of some words.
    pub fn word(&self, words: &[&'static str], notes: &mut Notes) -> Option<&'static str> {
        let text = self.text(notes)?;
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            let problem = Problem::new(
                self.span.clone(),
                format!("`{}` expects one of {}", self.key, words.join(", ")),
            );
            notes.wrong(match did_you_mean(text, words.iter().copied()) {
                Some(meant) => problem.hint(format!("did you mean \"{meant}\"?")),
                None => problem,
            });
        }
        found
    }

    pub fn table(&self, notes: &mut Notes) -> Option<Table<'a>> {
        match self.value {
            DeValue::Table(entries) => Some(self.as_table(entries)),
            _ => self.refuse("a table", notes),
        }
    }

    /// The table, if it is one: where something else is fine, too.
    pub fn maybe_table(&self) -> Option<Table<'a>> {
        match self.value {
            DeValue::Table(entries) => Some(self.as_table(entries)),
            _ => None,
        }
    }

    fn as_table(&self, entries: &'a DeTable<'a>) -> Table<'a> {
        let key = header(self.key);
        Table {
            path: if self.table.is_empty() {
                key
            } else {
                format!("{}.{key}", self.table)
            },
            entries,
        }
    }

    /// The elements of an array, each under the array's key.
    pub fn array(&self, notes: &mut Notes) -> Option<Vec<Entry<'a>>> {
        match self.value {
            DeValue::Array(elements) => Some(
                elements
                    .iter()
                    .enumerate()
                    .map(|(index, element)| self.element(index, element))
                    .collect(),
            ),
            _ => self.refuse("an array", notes),
        }
    }

    fn element(&self, index: usize, element: &'a Spanned<DeValue<'a>>) -> Entry<'a> {
        Entry {
            span: element.span(),
            index: Some(index),
            value: element.get_ref(),
            ..self.clone()
        }
    }

    pub fn is_text(&self) -> bool {
        matches!(self.value, DeValue::String(_))
    }

    /// A value of Kafka's configs, which are all text there: a number, a switch or a text.
    pub fn config_value(&self, notes: &mut Notes) -> Option<String> {
        match self.value {
            DeValue::String(text) => Some(text.clone().into_owned()),
            DeValue::Boolean(flag) => Some(flag.to_string()),
            DeValue::Float(number) => Some(number.as_str().to_owned()),
            DeValue::Integer(_) => self.integer(i64::MIN, i64::MAX, notes).map(|number| number.to_string()),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                self.refuse("a number, a text or true or false", notes)
            }
        }
    }

    /// The value as JSON, as plugins read it.
    pub fn json(&self, notes: &mut Notes) -> Option<Json> {
        Some(match self.value {
            DeValue::String(text) => Json::from(&**text),
            DeValue::Boolean(flag) => Json::from(*flag),
            DeValue::Integer(_) => Json::from(self.integer(i64::MIN, i64::MAX, notes)?),
            DeValue::Float(number) => match number.as_str().parse().ok().and_then(serde_json::Number::from_f64) {
                Some(number) => Json::Number(number),
                None => return self.refuse("a number that JSON has", notes),
            },
            DeValue::Datetime(time) => Json::from(time.to_string()),
            DeValue::Array(_) => {
                let elements = self.array(notes)?;
                Json::Array(
                    elements
                        .iter()
                        .map(|element| element.json(notes))
                        .collect::<Option<_>>()?,
                )
            }
            DeValue::Table(entries) => {
                let members = self
                    .as_table(entries)
                    .entries()
                    .map(|entry| Some((entry.key.to_owned(), entry.json(notes)?)));
                Json::Object(members.collect::<Option<_>>()?)
            }
        })
    }

    fn refuse<T>(&self, expected: &str, notes: &mut Notes) -> Option<T> {
        notes.wrong(self.wrong(expected));
        None
    }
}

/// A key as it stands in a header: in quotes where it needs them.
pub(super) fn header(key: &str) -> String {
    let bare = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    if bare { key.to_owned() } else { format!("{key:?}") }
}

fn kind(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text \"{}\"", text.chars().take(40).collect::<String>()),
        DeValue::Integer(number) => format!("the number {number}"),
        DeValue::Float(number) => format!("the number {number}"),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(_) => "a date".to_owned(),
        DeValue::Array(_) => "an array".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
