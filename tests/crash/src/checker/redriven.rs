//! What must hold of dead letters that were redriven.

use std::collections::BTreeMap;

use super::{Logs, Violation};
use crate::history::{Found, PartitionName};

/// Every letter has left once: it is in `again` as often as it is among the letters, which are in `logs` with others.
pub fn check<'a>(
    logs: impl IntoIterator<Item = (&'a PartitionName, &'a Vec<Found>)>,
    letters: &[&str],
    again: &'a Logs,
) -> Vec<Violation> {
    let mut counts: BTreeMap<&[u8], (u32, u32)> = BTreeMap::new();
    let dead = logs.into_iter().filter(|((topic, _), _)| letters.contains(&&**topic));
    for found in dead.flat_map(|(_, log)| log) {
        counts.entry(&found.key).or_default().0 += 1;
    }
    for found in again.values().flatten() {
        counts.entry(&found.key).or_default().1 += 1;
    }
    let wrong = counts.into_iter().filter(|(_, (letters, again))| letters != again);
    let told = wrong.map(|(key, (letters, again))| {
        let key = String::from_utf8_lossy(key);
        Violation::Redriven(format!(
            "{key} is a letter {letters} times, and was redriven {again} times"
        ))
    });
    told.collect()
}
