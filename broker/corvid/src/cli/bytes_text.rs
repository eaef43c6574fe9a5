//! Bytes of keys, values and headers, for people and for JSON.

use serde_json::{Value, json};

/// Text as it is; what is no text, as hexadecimal digits.
pub fn text(bytes: Option<&[u8]>) -> String {
    match bytes {
        None => "null".to_owned(),
        Some(bytes) => std::str::from_utf8(bytes).map_or_else(|_| format!("0x{}", hex(bytes)), str::to_owned),
    }
}

/// A string, or `{ "hex": … }` for what is no text.
pub fn json(bytes: Option<&[u8]>) -> Value {
    match bytes {
        None => Value::Null,
        Some(bytes) => std::str::from_utf8(bytes).map_or_else(|_| json!({ "hex": hex(bytes) }), Value::from),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Cut to a width, with a mark where something is left out.
pub fn cut(text: &str, width: usize) -> String {
    let text = text.replace(['\n', '\r', '\t'], " ");
    match text.char_indices().nth(width) {
        None => text,
        Some(_) => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
    }
}
