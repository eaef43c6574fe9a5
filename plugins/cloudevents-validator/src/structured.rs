//! Structured mode: the value is the event in the JSON format.

use std::collections::BTreeSet;

use corvid_plugin_sdk::json::{Json, JsonStr, Kind};
use corvid_plugin_sdk::{Record, Refusal, Verdict};

use crate::attribute::{self, REQUIRED};
use crate::code;

pub fn check(record: &Record<'_>) -> Verdict {
    let event = record
        .json()
        .map_err(|error| Refusal::new(code::NOT_JSON, format!("the event is {error}")))?;
    if event.kind() != Some(Kind::Object) {
        return Err(Refusal::new(code::NOT_JSON, "the event is no JSON object"));
    }
    for name in REQUIRED {
        // A null is as good as none.
        if event.get(name).is_none_or(|value| value.is_null()) {
            return Err(Refusal::new(code::MISSING, format!("there is no attribute `{name}`")));
        }
    }
    let both = ["data", "data_base64"].iter().all(|name| event.get(name).is_some());
    let wrong = |why: String| Refusal::new(code::WRONG, why);
    if both {
        return Err(wrong("an event has `data` or `data_base64`, not both".to_owned()));
    }
    let mut names = BTreeSet::new();
    for (name, value) in event.members() {
        let name = name.to_string();
        member(&name, value).map_err(wrong)?;
        if names.contains(&name) {
            return Err(wrong(format!("`{name}` is there twice, and readers would differ")));
        }
        names.insert(name);
    }
    Ok(())
}

fn member(name: &str, value: Json<'_>) -> Result<(), String> {
    match name {
        "data" => return Ok(()),
        "data_base64" => {
            let text = value.as_str().map(|text| text.to_string());
            return match text.is_some_and(|text| is_base64(&text)) {
                true => Ok(()),
                false => Err("`data_base64` is not base64".to_owned()),
            };
        }
        _ => attribute::check_name(name)?,
    }
    match value.kind() {
        Some(Kind::Null) => Ok(()),
        Some(Kind::String) => string(name, value),
        Some(Kind::Bool) if !attribute::is_of_the_specification(name) => Ok(()),
        Some(Kind::Number) if !attribute::is_of_the_specification(name) => integer(name, value),
        _ => Err(format!("`{name}` must be a string")),
    }
}

fn string(name: &str, value: Json<'_>) -> Result<(), String> {
    let text = value.as_str().as_ref().map_or_else(String::new, JsonStr::to_string);
    // Half of a surrogate pair is read as U+FFFD; that one may be there itself, too.
    let written = value.text().to_ascii_lowercase();
    let replaced = |text: &str, how: &str| text.matches(how).count();
    if replaced(&text, "\u{fffd}") > replaced(&written, "\u{fffd}") + replaced(&written, "\\ufffd") {
        return Err(format!("`{name}` has half of a surrogate pair"));
    }
    attribute::check_value(name, &text)
}

/// The JSON format has an integer written as one: `1.0` and `1e0` are none.
fn integer(name: &str, value: Json<'_>) -> Result<(), String> {
    match value.text().parse::<i32>() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("`{name}` is {value}: a number is a whole one of 32 bits")),
    }
}

/// The standard alphabet, with its padding.
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len().is_multiple_of(4) && text.len() - digits.len() <= 2 && digits.bytes().all(legal)
}
