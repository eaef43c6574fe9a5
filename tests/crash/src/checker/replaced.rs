//! What must hold of keys that are written again and again to a log that is compacted.

use std::collections::BTreeMap;

use super::{Logs, Violation};
use crate::history::Found;
use crate::replacer::{PREFIX, Replaced};
use crate::setup::KEPT;

/// Of each key, the newest record that was acknowledged is there, or one that was sent after it; and all that is there is in order, once.
pub fn check(replaced: &Replaced, logs: &Logs) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for found in logs
        .iter()
        .filter(|((topic, _), _)| **topic == *KEPT)
        .flat_map(|(_, log)| log)
    {
        let Some(key) = key(found) else { continue };
        let sent = replaced.get(key).map_or(0, |written| written.sent);
        let Some(number) = number(found).filter(|number| *number <= sent) else {
            violations.push(Violation::Unknown(format!("{found:?}, and {sent} was the last")));
            continue;
        };
        match last.insert(key, number) {
            Some(before) if before == number => violations.push(Violation::Doubled(format!("{found:?}"))),
            Some(before) if before > number => {
                violations.push(Violation::Order(format!("{before} comes before {found:?}")));
            }
            Some(_) | None => {}
        }
    }
    for (key, written) in replaced {
        let there = last.get(&**key).copied();
        if written.acknowledged > there {
            let what = format!("the newest of {key}: {written:?}, there is {there:?}");
            violations.push(Violation::Lost(what));
        }
    }
    violations
}

/// How many of its records are there.
pub fn count(logs: &Logs) -> usize {
    logs.values().flatten().filter(|found| key(found).is_some()).count()
}

fn key(found: &Found) -> Option<&str> {
    std::str::from_utf8(&found.key)
        .ok()
        .filter(|key| key.starts_with(PREFIX))
}

fn number(found: &Found) -> Option<u64> {
    let value = std::str::from_utf8(&found.value).ok()?;
    value.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replacer::Written;

    fn seen(numbers: &[u64]) -> Vec<Violation> {
        let written = Written {
            sent: 7,
            acknowledged: Some(6),
        };
        let log = numbers.iter().map(|number| Found {
            key: b"latest-1".to_vec(),
            value: format!("{number} x").into(),
            ..Found::default()
        });
        let logs = Logs::from([((KEPT.into(), 0), log.collect())]);
        check(&Replaced::from([("latest-1".to_owned(), written)]), &logs)
    }

    /// The bug: compaction takes the newest of a key, or an older one comes behind it.
    #[test]
    fn the_newest_of_a_key_stays_and_older_ones_may_go() {
        assert_eq!(seen(&[6]), []);
        assert_eq!(seen(&[2, 5, 7]), []);
        assert!(matches!(&seen(&[2, 5])[..], [Violation::Lost(_)]));
        assert!(matches!(&seen(&[])[..], [Violation::Lost(_)]));
        assert!(matches!(&seen(&[7, 6])[..], [Violation::Order(_), ..]));
        assert!(matches!(&seen(&[6, 6])[..], [Violation::Doubled(_)]));
        assert!(matches!(&seen(&[6, 8])[..], [Violation::Unknown(_)]));
    }
}
