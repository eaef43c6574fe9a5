//! What a client was told, and what it found.

use std::collections::{BTreeMap, BTreeSet};

/// The records are numbered; the even ones leave.
#[derive(Default)]
pub struct Ledger {
    lives: u64,
    acknowledged: BTreeSet<u64>,
    wrong: Vec<String>,
    stopped: bool,
}

/// Whether a record is one that leaves the topic it is sent to.
pub fn leaves(number: u64) -> bool {
    number.is_multiple_of(2)
}

impl Ledger {
    /// The number of a life that begins, from 1.
    pub fn count_life(&mut self) -> u64 {
        self.lives += 1;
        self.lives
    }

    /// The producer is to end.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether the producer is to end.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// The producer was told that these are appended.
    pub fn acknowledge(&mut self, numbers: Vec<u64>) {
        self.acknowledged.extend(numbers);
    }

    /// How many of those that leave were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.iter().filter(|number| leaves(**number)).count()
    }

    /// Something went wrong.
    pub fn complain(&mut self, what: String) {
        self.wrong.push(what);
    }

    /// What went wrong, in order.
    pub fn wrong(&self) -> &[String] {
        &self.wrong
    }

    /// What was acknowledged, and should have come to where it was to go, and has not.
    pub fn lacks(&self, found: &[u64]) -> Vec<u64> {
        let found: BTreeSet<u64> = found.iter().copied().collect();
        let acknowledged = self.acknowledged.iter().copied();
        acknowledged
            .filter(|number| leaves(*number) && !found.contains(number))
            .collect()
    }

    /// Nothing may be twice in a topic; what has left and was acknowledged must be there.
    pub fn check(&mut self, topic: &str, found: &[u64], is_target: bool) {
        let mut times: BTreeMap<u64, u32> = BTreeMap::new();
        for number in found {
            *times.entry(*number).or_default() += 1;
        }
        for (number, times) in times.into_iter().filter(|(_, times)| *times > 1) {
            self.wrong.push(format!("{number} is in {topic} {times} times"));
        }
        if is_target {
            for number in self.lacks(found) {
                self.wrong.push(format!("{number} is not in {topic}"));
            }
        }
    }
}
