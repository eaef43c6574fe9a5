//! Sends a record where the first letter of its key says: A to M to partition 0, N to Z to 1,
//! or as the configured ranges have it. Any other record stays where the client wanted it.

use corvid_plugin_sdk::{Config, Partitioner, Record, Route, Topic, export};

/// Where each letter goes, from A to Z.
pub struct LetterRanges {
    routes: [Route; 26],
}

impl Partitioner for LetterRanges {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&["ranges"])?;
        let mut routes = [Route::Keep; 26];
        for (range, partition) in ranges(config)? {
            let (first, last) = letters(&range)?;
            routes[first..=last].fill(Route::To(partition));
        }
        Ok(LetterRanges { routes })
    }

    fn partition(&mut self, record: &Record<'_>, _topic: &Topic<'_>) -> Route {
        let first = record.key().and_then(|key| key.first());
        match first {
            Some(letter) if letter.is_ascii_alphabetic() => self.routes[index(*letter)],
            _ => Route::Keep,
        }
    }
}

export!(partitioner = LetterRanges);

/// The configured ranges, each with its partition.
fn ranges(config: &Config<'_>) -> Result<Vec<(String, i32)>, String> {
    let Some(ranges) = config.get("ranges") else {
        return Ok(vec![("A-M".to_owned(), 0), ("N-Z".to_owned(), 1)]);
    };
    let partition = |number: i64| i32::try_from(number).ok().filter(|partition| *partition >= 0);
    let pairs = ranges
        .members()
        .map(|(range, value)| match value.as_i64().and_then(partition) {
            Some(partition) => Ok((range.to_string(), partition)),
            None => Err(format!("`ranges`: `{range}` needs a partition's number, not {value}")),
        });
    pairs.collect()
}

/// The first and the last letter of a range such as `A-M`.
fn letters(range: &str) -> Result<(usize, usize), String> {
    match range.as_bytes() {
        [first, b'-', last] if is_range(*first, *last) => Ok((index(*first), index(*last))),
        _ => Err(format!("`ranges`: `{range}` is no range of letters; write `A-M`")),
    }
}

fn is_range(first: u8, last: u8) -> bool {
    first.is_ascii_alphabetic() && last.is_ascii_alphabetic() && index(first) <= index(last)
}

/// Which letter of the alphabet it is, from 0, large or small.
fn index(letter: u8) -> usize {
    usize::from(letter.to_ascii_uppercase() - b'A')
}

#[cfg(test)]
mod tests {
    use super::LetterRanges;
    use corvid_plugin_sdk::Route::{Keep, To};
    use corvid_plugin_sdk::testing::{Call, RecordBuilder};

    fn users(names: &[&str]) -> Call {
        Call::new(names.iter().map(|name| RecordBuilder::new().key(name))).partitions(2)
    }

    #[test]
    fn a_to_m_and_n_to_z() {
        let routes = users(&["Alice", "mallory", "Nina", "zoe"]).partition::<LetterRanges>("{}");
        assert_eq!(routes, Ok(vec![To(0), To(0), To(1), To(1)]));
    }

    #[test]
    fn anything_else_stays() {
        let routes = users(&["", "7 of 9", "Émile", "[", "`"]).partition::<LetterRanges>("{}");
        assert_eq!(routes, Ok(vec![Keep; 5]));
        let without_key = Call::new([RecordBuilder::new().value("Alice")]);
        assert_eq!(without_key.partition::<LetterRanges>("{}"), Ok(vec![Keep]));
    }

    #[test]
    fn ranges_are_configured() {
        let config = r#"{"ranges": {"A-E": 2, "x-z": 0}}"#;
        let routes = users(&["Eve", "frank", "Zoe"])
            .partitions(3)
            .partition::<LetterRanges>(config);
        assert_eq!(routes, Ok(vec![To(2), Keep, To(0)]));
    }

    #[test]
    fn mistakes_are_named() {
        let error = |config: &str| users(&[]).partition::<LetterRanges>(config).unwrap_err();
        assert_eq!(error(r#"{"range": {}}"#), "`range` is not a key; there are: ranges");
        assert_eq!(
            error(r#"{"ranges": {"M-A": 0}}"#),
            "`ranges`: `M-A` is no range of letters; write `A-M`"
        );
        assert_eq!(
            error(r#"{"ranges": {"A-M": -1}}"#),
            "`ranges`: `A-M` needs a partition's number, not -1"
        );
    }
}
