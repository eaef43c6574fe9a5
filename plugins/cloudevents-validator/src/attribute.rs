//! What the specification says of an attribute.

use crate::time;

/// What every event has.
pub const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];

/// What an event may have besides; everything else is an extension.
const OPTIONAL: [&str; 4] = ["datacontenttype", "dataschema", "subject", "time"];

/// Whether an attribute is one that the specification names: all of those are strings.
pub fn is_of_the_specification(name: &str) -> bool {
    REQUIRED.contains(&name) || OPTIONAL.contains(&name)
}

/// Lower case letters and digits.
pub fn check_name(name: &str) -> Result<(), String> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    match !name.is_empty() && name.bytes().all(legal) {
        true => Ok(()),
        false => Err(format!(
            "`{name}` is no attribute's name: it has lower case letters and digits only"
        )),
    }
}

/// What a string may be under this name.
pub fn check_value(name: &str, value: &str) -> Result<(), String> {
    let expected = match name {
        "specversion" if value != "1.0" => "1.0",
        "id" | "type" | "subject" | "datacontenttype" if value.is_empty() => "not empty",
        "source" if !is_uri_reference(value) => "a URI reference",
        "dataschema" if !is_uri(value) => "a URI",
        "time" if !time::is_rfc3339(value) => "a time of RFC 3339",
        _ => return Ok(()),
    };
    Err(format!("`{name}` is \"{value}\": it must be {expected}"))
}

/// Not empty, and of the characters that RFC 3986 has.
fn is_uri_reference(value: &str) -> bool {
    let legal = |byte: u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b'{' | b'}' | b'|' | b'\\' | b'^' | b'`')
    };
    !value.is_empty() && value.bytes().all(legal)
}

/// A reference that begins with a scheme.
fn is_uri(value: &str) -> bool {
    let scheme = value.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    is_uri_reference(value)
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(legal)
}
