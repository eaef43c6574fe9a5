//! What a client was told, and what it found.

use std::collections::{BTreeMap, BTreeSet};

/// A record as it was found.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    pub number: u64,
    pub partition: i32,
    pub offset: i64,
    /// The letter that it was, as its header says.
    pub redriven_from: Option<String>,
}

/// What is there at the end.
#[derive(Default)]
pub struct There {
    pub orders: BTreeSet<Found>,
    pub letters: BTreeSet<Found>,
}

/// All that is known of a run. Records are numbered.
#[derive(Default)]
pub struct Ledger {
    lives: u64,
    acknowledged: BTreeSet<u64>,
    /// Those that were letters at some time.
    ever_letters: BTreeSet<u64>,
    there: There,
    wrong: Vec<String>,
    stopped: bool,
}

impl Ledger {
    /// The number of a life that begins, from 1.
    pub fn count_life(&mut self) -> u64 {
        self.lives += 1;
        self.lives
    }

    /// How many lives there were.
    pub fn lives(&self) -> u64 {
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

    /// Something went wrong.
    pub fn complain(&mut self, what: String) {
        self.wrong.push(what);
    }

    /// What went wrong, in order.
    pub fn wrong(&self) -> &[String] {
        &self.wrong
    }

    /// How many letters there are.
    pub fn letters(&self) -> usize {
        self.there.letters.len()
    }

    /// A letter was seen while the node lived and died.
    pub fn saw_letter(&mut self, number: u64) {
        self.ever_letters.insert(number);
    }

    /// Read at the end.
    pub fn found(&mut self, is_letter: bool, found: Found) {
        if is_letter {
            self.saw_letter(found.number);
            self.there.letters.insert(found);
        } else {
            self.there.orders.insert(found);
        }
    }

    /// Whether there is nothing left to wait for: each letter has come back, and every one that was ever seen is there.
    pub fn is_complete(&self) -> bool {
        let back: BTreeSet<u64> = self.there.orders.iter().map(|found| found.number).collect();
        let letters: BTreeSet<u64> = self.there.letters.iter().map(|found| found.number).collect();
        self.ever_letters.is_subset(&back) && self.ever_letters.is_subset(&letters)
    }

    /// Compares. Where everything is on the disk, everything that was acknowledged is there.
    pub fn check(&mut self, on_disk: bool) {
        let mut wrong = Vec::new();
        for (topic, found) in [("orders", &self.there.orders), ("orders.DLT", &self.there.letters)] {
            let mut times: BTreeMap<u64, u32> = BTreeMap::new();
            for found in found {
                *times.entry(found.number).or_default() += 1;
            }
            let several = times.iter().filter(|(_, times)| **times > 1);
            wrong.extend(several.map(|(number, times)| format!("{number} is {times} times in {topic}")));
            let lost = self.ever_letters.iter().filter(|number| !times.contains_key(number));
            wrong.extend(lost.map(|number| format!("{number} was a letter, and is not in {topic}")));
            if on_disk && topic == "orders" {
                let lost = self.acknowledged.iter().filter(|number| !times.contains_key(number));
                wrong.extend(lost.map(|number| format!("{number} is lost")));
            }
        }
        wrong.extend(self.there.strangers());
        self.wrong.extend(wrong);
    }
}

impl There {
    /// Those that say they were a letter which is none, or another record's.
    fn strangers(&self) -> Vec<String> {
        let name = |letter: &Found| format!("orders.DLT/{}/{}", letter.partition, letter.offset);
        let letters: BTreeMap<String, u64> = self.letters.iter().map(|found| (name(found), found.number)).collect();
        let is_stranger = |found: &&Found| match &found.redriven_from {
            Some(letter) => letters.get(letter) != Some(&found.number),
            None => letters.values().any(|number| *number == found.number),
        };
        let strangers = self.orders.iter().filter(is_stranger);
        let what = |found: &Found| {
            format!(
                "{} came back from {:?}, which is not its letter",
                found.number, found.redriven_from
            )
        };
        strangers.map(what).collect()
    }
}
