//! JSON to the script's values, and back.

use std::fmt::Write as _;

use corvid_plugin_sdk::json::{Json, Kind};
use rhai::{Array, Blob, Dynamic, FLOAT, INT, ImmutableString, Map};

/// How deeply a value may be nested that is written as JSON; what was read is not deeper either.
const DEPTH_MAX: usize = 128;

/// The value of a JSON text that was checked.
pub fn value(json: Json<'_>) -> Dynamic {
    match json.kind() {
        None | Some(Kind::Null) => Dynamic::UNIT,
        Some(Kind::Bool) => json.as_bool().map_or(Dynamic::UNIT, Dynamic::from_bool),
        Some(Kind::Number) => number(json),
        Some(Kind::String) => json.as_str().map_or(Dynamic::UNIT, |text| text.to_string().into()),
        Some(Kind::Array) => Dynamic::from_array(json.items().map(value).collect::<Array>()),
        Some(Kind::Object) => {
            let members = json
                .members()
                .map(|(name, member)| (name.to_string().into(), value(member)));
            Dynamic::from_map(members.collect::<Map>())
        }
    }
}

/// A whole number that is written as one is whole; all others are as near as 64 bits come.
fn number(json: Json<'_>) -> Dynamic {
    let text = json.text();
    match text.parse::<INT>() {
        Ok(whole) => whole.into(),
        Err(_) => json.as_f64().unwrap_or_default().into(),
    }
}

/// A value as the bytes of a key, a value or a header: a text as it is, `()` as null, all else as JSON.
pub fn bytes(value: &Dynamic) -> Result<Option<Vec<u8>>, String> {
    if value.is_unit() {
        return Ok(None);
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(Some(text.as_bytes().to_vec()));
    }
    if let Some(blob) = value.read_lock::<Blob>() {
        return Ok(Some(blob.clone()));
    }
    text(value).map(|text| Some(text.into_bytes()))
}

/// Bytes as a script's value: a text if they are UTF-8, else a blob; null is `()`.
pub fn of_bytes(bytes: Option<&[u8]>) -> Dynamic {
    match bytes.map(|bytes| (str::from_utf8(bytes), bytes)) {
        None => Dynamic::UNIT,
        Some((Ok(text), _)) => text.into(),
        Some((Err(_), bytes)) => Dynamic::from_blob(bytes.to_vec()),
    }
}

/// A value as a JSON text.
pub fn text(value: &Dynamic) -> Result<String, String> {
    let mut text = String::new();
    write(value, &mut text, 0)?;
    Ok(text)
}

fn write(value: &Dynamic, out: &mut String, depth: usize) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err(format!("a value is nested deeper than {DEPTH_MAX}: it is no JSON"));
    }
    if value.is_unit() {
        out.push_str("null");
    } else if let Ok(flag) = value.as_bool() {
        out.push_str(if flag { "true" } else { "false" });
    } else if let Ok(whole) = value.as_int() {
        out.push_str(&whole.to_string());
    } else if let Ok(number) = value.as_float() {
        float(number, out)?;
    } else if let Some(text) = value.read_lock::<ImmutableString>() {
        string(&text, out);
    } else if let Ok(character) = value.as_char() {
        string(character.encode_utf8(&mut [0; 4]), out);
    } else if let Some(items) = value.read_lock::<Array>() {
        array(&items, out, depth)?;
    } else if let Some(members) = value.read_lock::<Map>() {
        object(&members, out, depth)?;
    } else {
        return Err(format!("a {} is no JSON", value.type_name()));
    }
    Ok(())
}

fn float(number: FLOAT, out: &mut String) -> Result<(), String> {
    if !number.is_finite() {
        return Err(format!("{number} is no JSON"));
    }
    let _ = write!(out, "{number:?}");
    Ok(())
}

fn array(items: &Array, out: &mut String, depth: usize) -> Result<(), String> {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, out, depth + 1)?;
    }
    out.push(']');
    Ok(())
}

fn object(members: &Map, out: &mut String, depth: usize) -> Result<(), String> {
    out.push('{');
    for (index, (name, member)) in members.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        string(name, out);
        out.push(':');
        write(member, out, depth + 1)?;
    }
    out.push('}');
    Ok(())
}

fn string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => drop(write!(out, "\\u{:04x}", u32::from(control))),
            plain => out.push(plain),
        }
    }
    out.push('"');
}
