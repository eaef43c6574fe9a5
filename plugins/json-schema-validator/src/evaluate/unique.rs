//! Finds equal items in an array.

use corvid_plugin_sdk::Json;
use corvid_plugin_sdk::json::Kind;
use std::hash::{Hash, Hasher};

/// Two items of the array that are equal, by index, if there are any. Only items of equal hashes are compared: a
/// comparison of each with each would take longer than there is time for long arrays.
pub fn equal_items(array: Json<'_>) -> Option<(usize, usize)> {
    let mut items: Vec<(u64, usize, Json<'_>)> = array
        .items()
        .enumerate()
        .map(|(index, item)| (hash(item), index, item))
        .collect();
    items.sort_unstable_by_key(|(hash, index, _)| (*hash, *index));
    for (position, (hash, index, item)) in items.iter().enumerate() {
        let others = items[position + 1..].iter().take_while(|(other, ..)| other == hash);
        for (_, other, value) in others {
            if item == value {
                return Some((*index, *other));
            }
        }
    }
    None
}

/// Equal values have equal hashes.
fn hash(value: Json<'_>) -> u64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    let kind = value.kind();
    (kind.map(|kind| kind as u8)).hash(&mut hasher);
    match kind {
        None | Some(Kind::Null) => {}
        Some(Kind::Bool) => value.as_bool().hash(&mut hasher),
        Some(Kind::Number) => value.as_number().hash(&mut hasher),
        Some(Kind::String) => hash_string(value, &mut hasher),
        Some(Kind::Array) => value.items().for_each(|item| hash(item).hash(&mut hasher)),
        Some(Kind::Object) => {
            // In whatever order the members come.
            let member = |(name, value): (_, Json<'_>)| {
                let mut hasher = Fnv(hash(value));
                hash_string(corvid_plugin_sdk::json::JsonStr::as_json(&name), &mut hasher);
                hasher.finish()
            };
            value.members().map(member).fold(0, u64::wrapping_add).hash(&mut hasher);
        }
    }
    hasher.finish()
}

fn hash_string(value: Json<'_>, hasher: &mut Fnv) {
    if let Some(string) = value.as_str() {
        string.chars().for_each(|char| char.hash(hasher));
    }
}

struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::equal_items;
    use corvid_plugin_sdk::Json;

    #[test]
    fn equal_however_they_are_written() {
        let find = |text: &str| equal_items(Json::parse(text.as_bytes()).unwrap());
        assert_eq!(find(r#"[1, "1", true, null, [], {}, [1], {"a": 1}, "a", 10, 0]"#), None);
        assert_eq!(find("[0, 1, 2, 10e-1]"), Some((1, 3)));
        assert_eq!(find(r#"["x", {"a": 1, "b": [2]}, {"b": [2.0], "a": 1}]"#), Some((1, 2)));
        assert_eq!(find(r#"["\u0061", "b", "a"]"#), Some((0, 2)));
        assert_eq!(find("[-0, 0.0]"), Some((0, 1)));
    }
}
