//! What people and programs read.

use std::collections::BTreeMap;
use std::io::{self, Write};

use comfy_table::{ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle};
use serde::Serialize;
use serde_json::json;

use super::Failure;

/// How to speak: to people, or to programs.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

/// A line under the header, and nothing else.
const STYLE: TableStyle = TableStyle::new()
    .header_lines(ContentLineStyle::none().junction(' '))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .content_lines(ContentLineStyle::none().junction(' '));

impl Output {
    /// JSON, or text.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether a program reads.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// The value for programs, or what `text` makes of it for people.
    pub fn show<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) {
        match self.json {
            true => print(&serde_json::to_string_pretty(value).unwrap_or_else(|error| error.to_string())),
            false => print(text(value).trim_end()),
        }
    }

    /// A sentence, for people only.
    pub fn say(self, text: &str) {
        if !self.json {
            print(text);
        }
    }

    /// What went wrong, on standard error.
    pub fn failure(self, failure: &Failure) {
        let text = match (self.json, failure.what_to_do()) {
            (true, hint) => json!({ "error": failure.to_string(), "hint": hint }).to_string(),
            (false, Some(hint)) => format!("{}\n  {hint}", begun(failure)),
            (false, None) => begun(failure),
        };
        // There is nobody left to tell that this did not get through.
        let _ = writeln!(io::stderr(), "{text}");
    }
}

/// What is wrong with a file begins with the word already.
fn begun(failure: &Failure) -> String {
    let text = failure.to_string();
    if text.starts_with("error: ") {
        text.trim_end().to_owned()
    } else {
        format!("error: {text}")
    }
}

/// A line on standard output. A reader that has gone away (`| head`) has read enough.
pub fn print(line: &str) {
    if writeln!(io::stdout(), "{line}").is_err() {
        std::process::exit(0);
    }
}

/// A table with this header.
pub fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(header);
    table
}

/// `1 record`, `2 records`.
pub fn count(number: impl Into<u64>, noun: &str) -> String {
    let number = number.into();
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `2 accept -> edit, 1 panic`; nothing, if there is nothing.
pub fn counts(of: &BTreeMap<String, u64>) -> Option<String> {
    let each: Vec<String> = of.iter().map(|(sort, count)| format!("{count} {sort}")).collect();
    (!each.is_empty()).then(|| each.join(", "))
}

/// About how many bytes: `44.9 KiB`.
pub fn size(bytes: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB"];
    let mut amount = bytes as f64;
    let mut named = "B";
    for unit in units {
        if amount < 1024.0 {
            break;
        }
        amount /= 1024.0;
        named = unit;
    }
    if named == "B" {
        format!("{bytes} B")
    } else {
        format!("{amount:.1} {named}")
    }
}
