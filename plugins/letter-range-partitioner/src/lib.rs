//! Sends a record where the first letter of its key says: A to M to partition 0, N to Z to 1,
//! or whatever ranges the configuration has. Any other record stays where the client wanted it.

use corvid_plugin_sdk::{Config, Partitioner, Record, Route, Topic, export};

/// The partition of each letter, from A to Z.
pub struct LetterRanges {
    partitions: [Route; 26],
}

impl Partitioner for LetterRanges {
    fn new(config: &Config<'_>) -> Result<Self, String> {
        config.only(&["ranges"])?;
        let mut partitions = [Route::Keep; 26];
        for (range, partition) in ranges(config)? {
            let (first, last) = letters(&range)?;
            partitions[first..=last].fill(Route::To(partition));
        }
        Ok(LetterRanges { partitions })
    }

    fn partition(&mut self, record: &Record<'_>, _topic: &Topic<'_>) -> Route {
        let first = record.key().and_then(|key| key.first());
        match first {
            Some(letter) if letter.is_ascii_alphabetic() => self.partitions[index(*letter)],
            _ => Route::Keep,
        }
    }
}

export!(partitioner = LetterRanges);

/// The configured ranges, each with its partition: `{"A-M": 0, "N-Z": 1}` if there are none.
fn ranges(config: &Config<'_>) -> Result<Vec<(String, i32)>, String> {
    let Some(ranges) = config.get("ranges") else {
        return Ok(vec![("A-M".to_owned(), 0), ("N-Z".to_owned(), 1)]);
    };
    let partition = |number: i64| i32::try_from(number).ok().filter(|partition| *partition >= 0);
    ranges
        .members()
        .map(|(range, value)| match value.as_i64().and_then(partition) {
            Some(partition) => Ok((range.to_string(), partition)),
            None => Err(format!(
                "`ranges`: `{range}` needs the number of a partition, not {value}"
            )),
        })
        .collect()
}

/// The first and the last letter of a range, such as `A-M`, as indexes.
fn letters(range: &str) -> Result<(usize, usize), String> {
    match range.as_bytes() {
        [first, b'-', last]
            if first.is_ascii_alphabetic() && last.is_ascii_alphabetic() && index(*first) <= index(*last) =>
        {
            Ok((index(*first), index(*last)))
        }
        _ => Err(format!("`ranges`: `{range}` is no range of letters: write `A-M`")),
    }
}

/// Which letter of the alphabet this is, from 0; large and small ones are the same.
fn index(letter: u8) -> usize {
    usize::from(letter.to_ascii_uppercase() - b'A')
}
