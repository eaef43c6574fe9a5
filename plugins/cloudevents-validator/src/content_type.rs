//! The header `content-type`: the event's format in structured mode, the data's in binary mode.

use corvid_plugin_sdk::{Record, Refusal};

use crate::{Mode, code};

/// What a structured event's media type begins with.
const EVENT: &str = "application/cloudevents";

/// Structured is what says so in its content-type, and binary is everything else.
pub fn mode(record: &Record<'_>) -> Result<Mode, Refusal> {
    let mut all = record.headers().all("content-type");
    let content_type = all.next().flatten().unwrap_or_default();
    if all.next().is_some() {
        // One reader would take it for a structured event, the other for a binary one.
        let why = "`content-type` is there twice, and readers would differ";
        return Err(Refusal::new(code::WRONG, why));
    }
    let begins = content_type.get(..EVENT.len()).unwrap_or_default();
    if !begins.eq_ignore_ascii_case(EVENT.as_bytes()) {
        return Ok(Mode::Binary);
    }
    let content_type = String::from_utf8_lossy(content_type);
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    match media_type[EVENT.len()..].to_ascii_lowercase().as_str() {
        "+json" => Ok(Mode::Structured),
        suffix if suffix.starts_with("-batch") => Err(Refusal::new(
            code::NOT_JSON,
            format!("{media_type} is a batch of events, which Kafka's binding does not have"),
        )),
        _ => Err(Refusal::new(
            code::NOT_JSON,
            format!("the event is {media_type}: of the formats, application/cloudevents+json is known"),
        )),
    }
}

/// A type, a subtype and parameters, as RFC 2046 has it.
pub fn is_media_type(text: &str) -> bool {
    let mut rest = text;
    let is_known = token(&mut rest) && punctuation(&mut rest, '/') && token(&mut rest);
    while is_known && punctuation(&mut rest, ';') {
        rest = rest.trim_start_matches([' ', '\t']);
        if !(token(&mut rest) && punctuation(&mut rest, '=') && (token(&mut rest) || quoted(&mut rest))) {
            return false;
        }
    }
    is_known && rest.trim_end_matches([' ', '\t']).is_empty()
}

fn token(rest: &mut &str) -> bool {
    let is_in = |char: char| char.is_ascii_graphic() && !"()<>@,;:\\\"/[]?=".contains(char);
    let behind = rest.trim_start_matches(is_in);
    let is_there = behind.len() < rest.len();
    *rest = behind;
    is_there
}

fn punctuation(rest: &mut &str, char: char) -> bool {
    let start = match char {
        ';' => rest.trim_start_matches([' ', '\t']),
        _ => rest,
    };
    let behind = start.strip_prefix(char);
    *rest = behind.unwrap_or(rest);
    behind.is_some()
}

/// A text in quotes, in which a backslash takes the next character's meaning away.
fn quoted(rest: &mut &str) -> bool {
    let Some(inside) = rest.strip_prefix('"') else {
        return false;
    };
    let mut escaped = false;
    for (at, char) in inside.char_indices() {
        match char {
            '"' if !escaped => {
                *rest = &inside[at + 1..];
                return true;
            }
            char => escaped = char == '\\' && !escaped,
        }
    }
    false
}
