//! What a client was told, and what it found when it read everything back.

use std::collections::{BTreeMap, BTreeSet};

/// A record as it was found.
pub struct Found {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub number: u64,
}

/// The records are numbered in the order in which they were produced.
#[derive(Default)]
pub struct Ledger {
    lives: u64,
    acknowledged: BTreeSet<u64>,
    /// When the records are due that are to come later, by the right time.
    due: BTreeMap<u64, i64>,
    /// What was read while the node lived and died, by partition and offset: it may be deleted by now.
    seen: BTreeMap<(String, i32), BTreeMap<i64, u64>>,
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

    /// A record is sent that is due then.
    pub fn ask(&mut self, number: u64, due: i64) {
        self.due.insert(number, due);
    }

    /// Something was read, at this time. It must not be there before it is due, and nothing else may have been in its place.
    pub fn saw(&mut self, found: &Found, now: i64) {
        let number = found.number;
        // What dies need not wait.
        let letter = found.topic.ends_with(".DLT");
        if let Some(due) = self.due.get(&number).filter(|due| now < **due && !letter) {
            self.wrong.push(format!("{number} came {} ms early", due - now));
        }
        let seen = self.seen.entry((found.topic.clone(), found.partition)).or_default();
        if let Some(before) = seen.insert(found.offset, number).filter(|before| *before != number) {
            let Found {
                topic,
                partition,
                offset,
                ..
            } = found;
            self.wrong.push(format!(
                "{topic}-{partition} had {before} at {offset}, and has {number} there now"
            ));
        }
    }

    /// Behind what was read of a partition.
    pub fn position(&self, topic: &str, partition: i32) -> i64 {
        let seen = self.seen.get(&(topic.to_owned(), partition));
        seen.and_then(|seen| seen.last_key_value())
            .map_or(0, |(offset, _)| offset + 1)
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
        let seen = self.seen.values().flat_map(BTreeMap::values).copied();
        let numbers: BTreeSet<u64> = found.iter().map(|record| record.number).chain(seen).collect();
        self.acknowledged.is_subset(&numbers)
    }

    /// Every acknowledged record must have been found once; if nothing moves them, in order, too.
    pub fn check(&mut self, found: Vec<Found>, records_move: bool, now: i64) {
        for found in found {
            self.saw(&found, now);
        }
        let mut places: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        let mut last: BTreeMap<(&str, i32), u64> = BTreeMap::new();
        let records = self.seen.iter();
        let records = records.flat_map(|(partition, seen)| seen.values().map(move |number| (partition, *number)));
        for ((topic, partition), number) in records {
            let place = format!("{topic}-{partition}");
            *self.found.entry(topic.clone()).or_default() += 1;
            *self.found.entry(place.clone()).or_default() += 1;
            if !records_move && !self.due.contains_key(&number) {
                let before = last.insert((topic, *partition), number);
                if before.is_some_and(|before| before > number) {
                    self.wrong.push(format!("{place}: {number} comes behind {before:?}"));
                }
            }
            places.entry(number).or_default().push(place);
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
