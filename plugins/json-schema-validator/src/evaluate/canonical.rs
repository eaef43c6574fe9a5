//! One form for all values that are equal, however they are written.

use super::scalar::text_of;
use corvid_plugin_sdk::Json;
use corvid_plugin_sdk::json::Kind;
use std::hash::{Hash, Hasher};

/// Appends a value in that form. Values are equal if, and only if, their forms are; no form begins another one.
pub fn write(value: Json<'_>, form: &mut Vec<u8>) {
    match value.kind() {
        None | Some(Kind::Null) => form.push(b'n'),
        Some(Kind::Bool) => form.push(if value.as_bool() == Some(true) { b't' } else { b'f' }),
        Some(Kind::Number) => {
            let mut digits = Bytes(Vec::new());
            value.as_number().hash(&mut digits);
            sized(b'0', &digits.0, form);
        }
        Some(Kind::String) => {
            let text = value.as_str().map(|string| text_of(&string));
            sized(b'"', text.unwrap_or_default().as_bytes(), form);
        }
        Some(Kind::Array) => {
            form.push(b'[');
            value.items().for_each(|item| write(item, form));
            form.push(b']');
        }
        Some(Kind::Object) => object(value, form),
    }
}

/// In the order of their names; of several with one name, the last.
fn object(value: Json<'_>, form: &mut Vec<u8>) {
    let mut members: Vec<_> = value.members().map(|(name, value)| (text_of(&name), value)).collect();
    members.reverse();
    members.sort_by(|(a, _), (b, _)| a.cmp(b));
    members.dedup_by(|(later, _), (kept, _)| later == kept);
    form.push(b'{');
    for (name, value) in members {
        sized(b'"', name.as_bytes(), form);
        write(value, form);
    }
    form.push(b'}');
}

fn sized(kind: u8, bytes: &[u8], form: &mut Vec<u8>) {
    form.push(kind);
    form.extend(bytes.len().to_le_bytes());
    form.extend(bytes);
}

/// What a number says of itself to be hashed is the same for equal ones, and for no others.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::write;
    use corvid_plugin_sdk::Json;

    fn form(text: &str) -> Vec<u8> {
        let mut form = Vec::new();
        write(Json::parse(text.as_bytes()).unwrap(), &mut form);
        form
    }

    #[test]
    fn equal_values_have_one_form() {
        let groups: &[&[&str]] = &[
            &["1", "1.0", "10e-1", "0.1E1"],
            &["0", "-0", "0.0e5"],
            &["-1"],
            &["10"],
            &["1e-1", "0.1"],
            &[r#""1""#, r#""\u0031""#],
            &["[]", "[ ]"],
            &["{}"],
            &["[[],1]"],
            &["[[1]]"],
            &["[1,[]]"],
            &["null"],
            &["true"],
            &["false"],
            &[
                r#"{"a":1,"b":[2]}"#,
                r#"{"b":[2.0],"a":1}"#,
                r#"{"a":3,"b":[2],"\u0061":1}"#,
            ],
            &[r#"{"a":1,"b":[2],"c":null}"#],
            &[r#"{"a":{"b":1}}"#],
        ];
        for (at, group) in groups.iter().enumerate() {
            for (other, others) in groups.iter().enumerate() {
                for (a, b) in group.iter().flat_map(|a| others.iter().map(move |b| (a, b))) {
                    assert_eq!(form(a) == form(b), at == other, "{a} {b}");
                }
            }
        }
    }
}
