//! What must hold of what is seen through a view.

use std::collections::BTreeMap;

use super::{Logs, Violation};
use crate::card;
use crate::history::{Found, PartitionName, parse_key};
use crate::setup::CARDS;
use crate::viewer::ViewHistory;

/// `logs` has what is stored. Cards are seen masked, under their offsets, and nothing else is.
pub fn check(history: &ViewHistory, logs: &Logs) -> Vec<Violation> {
    let mut violations: Vec<_> = history.complaints.iter().cloned().map(Violation::Offset).collect();
    for ((topic, index), log) in logs.iter().filter(|((topic, _), _)| **topic == *CARDS) {
        let partition = (topic.clone(), *index);
        let stored: BTreeMap<i64, &Found> = log.iter().map(|found| (found.offset, found)).collect();
        let under_way = history.seen.get(&partition).into_iter().flat_map(BTreeMap::values);
        let at_the_end = history.at_the_end.get(&partition).into_iter().flatten();
        for found in under_way.chain(at_the_end) {
            violations.extend(seen(found, stored.get(&found.offset).copied(), &partition));
        }
        violations.extend(missing(history, &stored, &partition));
    }
    violations
}

/// What is wrong with a record that was seen, where there is this one.
fn seen(found: &Found, stored: Option<&Found>, partition: &PartitionName) -> Option<Violation> {
    let what = || format!("{found:?} was seen in {partition:?}; stored is {stored:?}");
    let Some((stream, number)) = parse_key(&found.key) else {
        return Some(Violation::Unknown(what()));
    };
    if !card::is_masked(&found.value, stream, number) {
        return Some(Violation::Unmasked(what()));
    }
    let same = stored.is_some_and(|stored| stored.key == found.key && is_card(stored));
    (!same).then(|| Violation::Offset(what()))
}

/// Cards that were not seen where the reader has been.
fn missing(history: &ViewHistory, stored: &BTreeMap<i64, &Found>, partition: &PartitionName) -> Vec<Violation> {
    let read_to = history.read_to.get(partition).copied().unwrap_or(0);
    let under_way = history.seen.get(partition);
    let at_the_end = history.at_the_end.get(partition).map_or(&[][..], Vec::as_slice);
    let is_there = |offset: i64| {
        let passed = offset < read_to;
        let seen = under_way.is_some_and(|seen| seen.contains_key(&offset));
        let seen_at_the_end = at_the_end.binary_search_by_key(&offset, |found| found.offset).is_ok();
        (seen || !passed) && seen_at_the_end
    };
    let cards = stored.values().filter(|found| is_card(found));
    let missing = cards.filter(|found| !is_there(found.offset));
    missing
        .map(|found| Violation::Lost(format!("{found:?} of {partition:?}, for the reader with a view")))
        .collect()
}

fn is_card(stored: &Found) -> bool {
    parse_key(&stored.key).is_some_and(|(stream, number)| card::value(stream, number) == stored.value)
}

#[cfg(test)]
mod tests;
