//! What the consumer failed on, what it was told, and what it read.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::{Found, PartitionName, Told};
use crate::setup::RETRY;

/// A record that the consumer failed on, for this time.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Its key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
    /// How often it has failed, this time included.
    pub attempts: u32,
    /// The partition of the retry topic that it was produced to.
    pub partition: i32,
    /// Where it was at first, by what the consumer knows.
    pub origin: Option<(i32, i64)>,
    /// When it failed, ms since the epoch.
    pub failed_at: i64,
    /// What the consumer was told when it had produced it, and when.
    pub told: Option<(Told, i64)>,
}

/// A record by its key, and how often it has failed.
pub type Attempt = (Vec<u8>, u32);

/// All that the consumer knows.
#[derive(Debug, Default)]
pub struct RetryHistory {
    /// Every failure.
    pub failures: BTreeMap<Attempt, Failure>,
    /// What it read in the retry topic.
    pub came_back: BTreeMap<(i32, i64), Found>,
    /// What is not as it should be at first sight.
    pub complaints: Vec<String>,
    positions: BTreeMap<PartitionName, i64>,
    returned: BTreeSet<Attempt>,
    events: u64,
}

impl RetryHistory {
    /// The offset to read next.
    pub fn position(&self, topic: &str, partition: i32) -> i64 {
        self.positions.get(&(topic.into(), partition)).copied().unwrap_or(0)
    }

    /// A record was read.
    pub fn read(&mut self, topic: &str, partition: i32, found: Found) {
        self.events += 1;
        self.positions.insert((topic.into(), partition), found.offset + 1);
        if topic == RETRY {
            self.returned.insert((found.key.clone(), found.attempts.unwrap_or(0)));
            self.came_back.insert((partition, found.offset), found);
        }
    }

    /// The consumer failed on a record.
    pub fn failed(&mut self, failure: Failure) {
        self.events += 1;
        let attempt = (failure.key.clone(), failure.attempts);
        if let Some(before) = self.failures.insert(attempt, failure) {
            self.complaints
                .push(format!("handled twice after as many failures: {before:?}"));
        }
    }

    /// What the broker says of some that were produced.
    pub fn told(&mut self, attempts: &[Attempt], told: impl Fn(i64) -> Told) {
        self.events += 1;
        let now = corvid_env::clock::wall_clock().0;
        for (delta, attempt) in (0..).zip(attempts) {
            if let Some(failure) = self.failures.get_mut(attempt) {
                failure.told = Some((told(delta), now));
            }
        }
    }

    /// What is still to come: what no answer was told of, and what has not come back.
    pub fn open(&self) -> Vec<Attempt> {
        let failures = self.failures.keys();
        failures
            .filter(|attempt| !self.returned.contains(*attempt))
            .cloned()
            .collect()
    }

    /// A number that grows with everything that happens.
    pub fn events(&self) -> u64 {
        self.events
    }
}
