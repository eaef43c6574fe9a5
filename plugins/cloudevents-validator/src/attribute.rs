//! What the specification says of an attribute.

use crate::{content_type, time, uri};

/// What every event has.
pub const REQUIRED: [&str; 4] = ["specversion", "id", "source", "type"];

/// What an event may have besides; everything else is an extension.
const OPTIONAL: [&str; 4] = ["datacontenttype", "dataschema", "subject", "time"];

/// Whether an attribute is one that the specification names: all of those are strings.
pub fn is_of_the_specification(name: &str) -> bool {
    REQUIRED.contains(&name) || OPTIONAL.contains(&name)
}

/// Lower case letters and digits, and not what is no attribute.
pub fn check_name(name: &str) -> Result<(), String> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if name == "data" {
        return Err("`data` is no attribute's name: it is the value".to_owned());
    }
    match !name.is_empty() && name.bytes().all(legal) {
        true => Ok(()),
        false => Err(format!(
            "`{name}` is no attribute's name: it has lower case letters and digits only"
        )),
    }
}

/// What a string may be under this name.
pub fn check_value(name: &str, value: &str) -> Result<(), String> {
    if let Some(char) = value.chars().find(|char| is_no_text(*char)) {
        let code = u32::from(char);
        return Err(format!(
            "`{name}` has the character U+{code:04X}, which no attribute may have"
        ));
    }
    let expected = match name {
        "specversion" if value != "1.0" => "1.0",
        "id" | "type" | "subject" if value.is_empty() => "not empty",
        "source" if !uri::is_reference(value) => "a URI reference",
        "dataschema" if !uri::is_absolute(value) => "a URI",
        "datacontenttype" if !content_type::is_media_type(value) => "a media type",
        "time" if !time::is_rfc3339(value) => "a time of RFC 3339",
        _ => return Ok(()),
    };
    Err(format!("`{name}` is \"{value}\": it must be {expected}"))
}

/// Control characters, and what Unicode says is no character.
fn is_no_text(char: char) -> bool {
    let code = u32::from(char);
    char.is_control() || (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
}
