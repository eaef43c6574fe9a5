//! What must hold of records that a consumer has failed on.

use std::collections::BTreeMap;

use super::{Logs, Violation};
use crate::cancels::{Cancelled, Cancels};
use crate::entries::{Decision, Outcome};
use crate::history::{Found, Told};
use crate::retries::{Failure, RetryHistory};
use crate::setup::{ATTEMPTS, JOBS_LETTERS, RETRY};

/// Two records have waited together for sure if the one that should have come first was acknowledged so long (ms) before the other
/// came: who releases has looked at the log since.
const LOOKED_SINCE: i64 = 1_000;

/// Where a failed record was found.
#[derive(Debug, Clone, Copy)]
enum Came<'a> {
    /// In the retry topic.
    Back(i32, &'a Found),
    /// Among the dead letters.
    Letter(i32, &'a Found),
}

type By<'a, T> = BTreeMap<(&'a [u8], u32), Vec<T>>;

/// What was decided of each failure is in the log once, and came to pass once, as it is written there.
pub fn check(history: &RetryHistory, decisions: &[Decision], logs: &Logs, cancels: &Cancels) -> Vec<Violation> {
    let mut violations: Vec<_> = history.complaints.iter().cloned().map(Violation::Doubled).collect();
    let mut decided: By<'_, &Decision> = By::new();
    for decision in decisions {
        decided
            .entry((&decision.key, decision.attempts))
            .or_default()
            .push(decision);
    }
    let came = came(logs);
    for (attempt, failure) in &history.failures {
        let attempt = (&attempt.0[..], attempt.1);
        let one = One {
            failure,
            decided: decided.get(&attempt).map_or(&[][..], Vec::as_slice),
            came: came.get(&attempt).map_or(&[][..], Vec::as_slice),
            cancelled: cancels.of(RETRY, attempt.0, attempt.1),
        };
        violations.extend(one.check(history));
    }
    let known = |(key, attempts): &(&[u8], u32)| history.failures.contains_key(&(key.to_vec(), *attempts));
    let unknown = came.iter().filter(|(attempt, _)| !known(attempt));
    violations.extend(unknown.map(|(_, came)| Violation::Unknown(format!("{came:?}"))));
    violations.extend(order(history, &decided, logs));
    violations
}

/// Everything about one failure.
#[derive(Debug)]
struct One<'a> {
    failure: &'a Failure,
    decided: &'a [&'a Decision],
    came: &'a [Came<'a>],
    cancelled: Option<Cancelled>,
}

impl One<'_> {
    fn check(&self, history: &RetryHistory) -> Option<Violation> {
        let what = || format!("{self:?}");
        let acknowledged_at = match self.failure.told {
            None => return Some(Violation::Unsettled(what())),
            Some((Told::Refused, _)) => return (!self.came.is_empty()).then(|| Violation::Refused(what())),
            Some((Told::Acknowledged(_), at)) => at,
        };
        let decision = match self.decided {
            [] => return Some(Violation::Lost(what())),
            [decision] => decision,
            _ => return Some(Violation::Decided(what())),
        };
        if let Some(violation) = self.check_decision(decision, acknowledged_at) {
            return Some(violation);
        }
        let came = match (self.came, self.cancelled) {
            ([], Some(_)) => return None,
            (_, Some(Cancelled::Surely)) => return Some(Violation::Cancelled(what())),
            ([], None) => return Some(Violation::Lost(what())),
            ([came], None | Some(Cancelled::Perhaps)) => came,
            (_, None | Some(Cancelled::Perhaps)) => return Some(Violation::Doubled(what())),
        };
        self.check_came(came, decision, history)
    }

    /// The last attempt is the last, and no wait counts from before the failure or after the answer.
    fn check_decision(&self, decision: &Decision, acknowledged_at: i64) -> Option<Violation> {
        let what = || format!("{self:?}");
        match decision.outcome {
            Outcome::Letter => None,
            Outcome::Back { .. } if self.failure.attempts >= ATTEMPTS => Some(Violation::Decided(what())),
            Outcome::Back { due, delay_ms } => {
                let decided_at = due - delay_ms;
                let within = (self.failure.failed_at..=acknowledged_at).contains(&decided_at);
                (!within).then(|| Violation::Decided(what()))
            }
        }
    }

    fn check_came(&self, came: &Came<'_>, decision: &Decision, history: &RetryHistory) -> Option<Violation> {
        let what = || format!("{self:?}");
        let (found, partition) = match (came, &decision.outcome) {
            (Came::Back(partition, found), Outcome::Back { due, .. }) => {
                let read = history.came_back.get(&(*partition, found.offset));
                let seen_at = read.and_then(|read| read.seen_at).unwrap_or(i64::MAX);
                if found.timestamp.min(seen_at) < *due {
                    return Some(Violation::Early(what()));
                }
                if !found.was_held {
                    return Some(Violation::Misplaced(what()));
                }
                (found, *partition)
            }
            (Came::Letter(partition, found), Outcome::Letter) => (found, *partition),
            (Came::Back(..), Outcome::Letter) | (Came::Letter(..), Outcome::Back { .. }) => {
                return Some(Violation::Decided(what()));
            }
        };
        let failure = self.failure;
        let same = found.value == failure.value && found.origin == failure.origin && partition == failure.partition;
        (!same).then(|| Violation::Misplaced(what()))
    }
}

fn came(logs: &Logs) -> By<'_, Came<'_>> {
    let mut came: By<'_, Came<'_>> = By::new();
    for ((topic, partition), log) in logs {
        for found in log {
            let one = match &**topic {
                RETRY => Came::Back(*partition, found),
                JOBS_LETTERS => Came::Letter(*partition, found),
                _ => continue,
            };
            let attempt = (&found.key[..], found.attempts.unwrap_or(0));
            came.entry(attempt).or_default().push(one);
        }
    }
    came
}

/// Those that waited together come in the order in which they are due.
fn order(history: &RetryHistory, decided: &By<'_, &Decision>, logs: &Logs) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (partition, log) in logs.iter().filter(|((topic, _), _)| **topic == *RETRY) {
        let mut before: Option<(&Found, i64)> = None;
        for found in log {
            let attempts = found.attempts.unwrap_or(0);
            let Some([decision]) = decided.get(&(&found.key[..], attempts)).map(Vec::as_slice) else {
                continue;
            };
            let (Outcome::Back { due, .. }, Some(failure)) =
                (&decision.outcome, history.failures.get(&(found.key.clone(), attempts)))
            else {
                continue;
            };
            let acknowledged_at = failure.told.map_or(i64::MAX, |(_, at)| at);
            if let Some((earlier, later_due)) = before.replace((found, *due))
                && later_due > *due
                && acknowledged_at.saturating_add(LOOKED_SINCE) < earlier.timestamp
            {
                violations.push(Violation::Order(format!(
                    "{partition:?}: due at {due}, came behind what is due at {later_due}: {found:?}"
                )));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests;
