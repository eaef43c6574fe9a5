//! What is known of letters.

use std::collections::{BTreeMap, BTreeSet};

use corvid_pipeline::REDRIVEN_FROM_HEADER;
use corvid_sim::whole_node::{Durability, Ledger, Place, number_of};
use corvid_wire::client::ConsumedRecord;

use crate::client::{LETTERS, TOPIC};

/// What is known beside.
#[derive(Default)]
pub struct Letters {
    /// Those that were letters at some time.
    ever: BTreeSet<u64>,
    /// Of those that are in the topic at the end, the letter that each was, as its header says.
    redriven_from: BTreeMap<u64, Option<String>>,
}

/// A letter was seen while the node lived and died. Where letters are not on the disk, another one may come in its place.
pub fn saw_letter(ledger: &Ledger<Letters>, letter: &ConsumedRecord) {
    if let Some(number) = number_of(letter) {
        ledger.own().ever.insert(number);
    }
}

/// Read at the end.
pub fn found(ledger: &Ledger<Letters>, record: &ConsumedRecord) {
    let Some(number) = ledger.saw(record) else {
        return;
    };
    if *record.topic == *LETTERS {
        return saw_letter(ledger, record);
    }
    let from = record.headers.iter().find(|(name, _)| **name == *REDRIVEN_FROM_HEADER);
    let from = from.and_then(|(_, from)| from.as_ref());
    let from = from.map(|from| String::from_utf8_lossy(from).into_owned());
    ledger.own().redriven_from.insert(number, from);
}

/// Whether there is nothing left to wait for: each letter has come back, and every one that was ever seen is there.
pub fn is_complete(ledger: &Ledger<Letters>) -> bool {
    let (back, letters) = (ledger.times_in(TOPIC), ledger.times_in(LETTERS));
    let own = ledger.own();
    let mut ever = own.ever.iter();
    ever.all(|number| back.contains_key(number) && letters.contains_key(number))
}

/// Compares. Where everything is on the disk, everything that was acknowledged is there.
pub fn check(ledger: &Ledger<Letters>, durability: Durability) {
    for topic in [TOPIC, LETTERS] {
        ledger.check_once_in(topic);
        let there = ledger.times_in(topic);
        let own = ledger.own();
        for number in own.ever.iter().filter(|number| !there.contains_key(number)) {
            ledger.complain(format!("{number} was a letter, and is not in {topic}"));
        }
        if durability == Durability::Disk && topic == TOPIC {
            let acknowledged = ledger.acknowledged();
            for number in acknowledged.iter().filter(|number| !there.contains_key(number)) {
                ledger.complain(format!("{number} is lost"));
            }
        }
    }
    check_origins(ledger);
}

/// No record may say that it was a letter which is none, or another record's; nor may a letter that is back say nothing.
fn check_origins(ledger: &Ledger<Letters>) {
    let mut letters = BTreeMap::new();
    for (Place { topic, partition }, seen) in ledger.seen().iter().filter(|(place, _)| place.topic == LETTERS) {
        let name = |(offset, number): (&i64, &u64)| (*number, format!("{topic}/{partition}/{offset}"));
        letters.extend(seen.iter().map(name));
    }
    for (number, from) in &ledger.own().redriven_from {
        if letters.get(number) != from.as_ref() {
            ledger.complain(format!("{number} came back from {from:?}, which is not its letter"));
        }
    }
}
