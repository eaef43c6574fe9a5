//! What must hold of records that asked to be delivered later.

use std::collections::BTreeMap;

use super::{Logs, Violation};
use crate::history::{self, Found, StreamHistory};
use crate::later::Asked;

/// Two records have waited together for sure if the one that should have come first was acknowledged so long (ms) before the other
/// came: who releases has looked at the log since.
const LOOKED_SINCE: i64 = 1_000;

/// None is seen before it is due, and those that waited together come in the order in which they are due.
pub(super) fn check(streams: &BTreeMap<u32, &StreamHistory>, logs: &Logs, letters: &[String]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let kept = logs
        .iter()
        .filter(|((topic, _), _)| !letters.iter().any(|letters| **letters == **topic));
    for (partition, records) in kept {
        let mut before: Option<(&Found, &Asked)> = None;
        for found in records {
            let Some(asked) = asked(streams, found) else { continue };
            if let Some(at) = seen(found).filter(|at| *at < asked.due) {
                violations.push(Violation::Early(format!(
                    "{} ms: {asked:?} at {at} in {partition:?}: {found:?}",
                    asked.due - at
                )));
            }
            if !found.was_held || !asked.exact {
                continue;
            }
            let (came, due) = (found.timestamp, asked.due);
            if let Some((earlier, later_due)) = before.replace((found, asked))
                && later_due.due > due
                && asked
                    .acknowledged_at
                    .is_some_and(|at| at + LOOKED_SINCE < earlier.timestamp)
            {
                violations.push(Violation::Order(format!(
                    "{partition:?}: due at {due}, came at {came} behind what is due at {}: {found:?}",
                    later_due.due
                )));
            }
        }
    }
    violations
}

/// When the record was there, at the latest.
fn seen(found: &Found) -> Option<i64> {
    let released = Some(found.timestamp).filter(|_| found.was_held);
    [released, found.seen_at].into_iter().flatten().min()
}

/// What the record asked for.
pub(super) fn asked<'a>(streams: &BTreeMap<u32, &'a StreamHistory>, found: &Found) -> Option<&'a Asked> {
    let (stream, number) = history::parse_key(&found.key)?;
    streams.get(&stream)?.later.get(&number)
}
