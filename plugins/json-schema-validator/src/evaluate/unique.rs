//! Finds equal items in an array.

use super::canonical;
use corvid_plugin_sdk::Json;

/// Two items of the array that are equal, by index, if there are any. They are sorted to find them: a comparison of each
/// with each would take longer than there is time for long arrays, and hashes can be made to be the same.
pub fn equal_items(array: Json<'_>) -> Option<(usize, usize)> {
    let mut forms = Vec::new();
    let mut items = Vec::new();
    for (index, item) in array.items().enumerate() {
        let start = forms.len();
        canonical::write(item, &mut forms);
        items.push((start..forms.len(), index));
    }
    items.sort_unstable_by(|(a, a_index), (b, b_index)| {
        let (a, b) = (&forms[a.clone()], &forms[b.clone()]);
        a.cmp(b).then(a_index.cmp(b_index))
    });
    items.windows(2).find_map(|pair| match pair {
        [(a, a_index), (b, b_index)] if forms[a.clone()] == forms[b.clone()] => Some((*a_index, *b_index)),
        _ => None,
    })
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
