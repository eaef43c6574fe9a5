//! Notices consumers that produce a record again without the headers it came back with: each time it starts at attempt one,
//! and comes back for ever.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use corvid_env::clock;
use corvid_record::Record;
use parking_lot::Mutex;

/// How many records are remembered.
const REMEMBERED: usize = 1024;
/// The time between two warnings.
const QUIET: Duration = Duration::from_mins(1);

/// The last records of one retry topic that came without a count.
#[derive(Debug, Default)]
pub struct Forgetful(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    recent: VecDeque<u64>,
    warned: Option<clock::Instant>,
}

impl Forgetful {
    /// Takes note of records that came without a count, and tells how many of them did so before.
    pub fn note(&self, topic: &str, records: &[u64]) -> u64 {
        if records.is_empty() {
            return 0;
        }
        let mut state = self.0.lock();
        let mut again = 0;
        for record in records {
            again += u64::from(state.recent.contains(record));
            if state.recent.len() == REMEMBERED {
                state.recent.pop_front();
            }
            state.recent.push_back(*record);
        }
        let now = clock::now();
        let quiet = state
            .warned
            .is_some_and(|warned| now.saturating_duration_since(warned) < QUIET);
        if again > 0 && !quiet {
            state.warned = Some(now);
            drop(state);
            tracing::warn!(
                topic,
                records = again,
                "a record with the key and value of an earlier one came, and both without the header corvid-retry-attempts: \
                 if it is the same record, its attempts are not counted and it never becomes a dead letter, and the \
                 consumer has to produce it with the headers that it came with"
            );
        }
        again
    }
}

/// What a record is known by: its key and value.
pub fn print(record: &Record<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (record.key, record.value).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bug: a memory that grows with every record; or a second record of the same batch that is not noticed.
    #[test]
    fn what_came_before_is_noticed_within_bounds() {
        let forgetful = Forgetful::default();
        assert_eq!(forgetful.note("t", &[1, 2, 3]), 0);
        assert_eq!(forgetful.note("t", &[3, 4, 4]), 2);
        let many: Vec<u64> = (10..10 + REMEMBERED as u64).collect();
        assert_eq!(forgetful.note("t", &many), 0);
        assert_eq!(forgetful.note("t", &[1]), 0);
        assert_eq!(forgetful.0.lock().recent.len(), REMEMBERED);
    }
}
