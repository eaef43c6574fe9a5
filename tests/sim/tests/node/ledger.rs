//! What a client was told, and what it found when it read everything back.

use std::collections::{BTreeMap, BTreeSet};

/// A record as it was found.
pub struct Found {
    pub topic: String,
    pub partition: i32,
    pub number: u64,
}

/// The records are numbered in the order in which they were produced.
#[derive(Default)]
pub struct Ledger {
    lives: u64,
    acknowledged: BTreeSet<u64>,
    found: BTreeMap<String, usize>,
    wrong: Vec<String>,
    stopped: bool,
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

    /// How many records were acknowledged.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// How many records were found in a topic, or in a partition (`orders-0`).
    pub fn found_in(&self, place: &str) -> usize {
        self.found.get(place).copied().unwrap_or(0)
    }

    /// Something went wrong.
    pub fn complain(&mut self, what: String) {
        self.wrong.push(what);
    }

    /// What went wrong, in order.
    pub fn wrong(&self) -> &[String] {
        &self.wrong
    }

    /// Whether every acknowledged record is among these.
    pub fn has_all(&self, found: &[Found]) -> bool {
        let numbers: BTreeSet<u64> = found.iter().map(|record| record.number).collect();
        self.acknowledged.is_subset(&numbers)
    }

    /// Every acknowledged record must have been found once; if nothing moves them, in order, too.
    pub fn check(&mut self, found: &[Found], records_move: bool) {
        let mut places: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        let mut last: BTreeMap<(&str, i32), u64> = BTreeMap::new();
        for record in found {
            let place = format!("{}-{}", record.topic, record.partition);
            *self.found.entry(record.topic.clone()).or_default() += 1;
            *self.found.entry(place.clone()).or_default() += 1;
            let before = last.insert((&record.topic, record.partition), record.number);
            if !records_move && before.is_some_and(|before| before > record.number) {
                self.wrong
                    .push(format!("{place}: {} comes behind {before:?}", record.number));
            }
            places.entry(record.number).or_default().push(place);
        }
        for number in &self.acknowledged {
            match places.get(number).map(Vec::as_slice) {
                Some([_once]) => {}
                Some(several) => self
                    .wrong
                    .push(format!("{number} is there {} times: {several:?}", several.len())),
                None => self.wrong.push(format!("{number} is lost")),
            }
        }
    }
}
