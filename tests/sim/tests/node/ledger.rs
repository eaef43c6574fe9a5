//! What is known of records that are to come later, and all that must hold at the end.

use std::collections::{BTreeMap, BTreeSet};

use corvid_env::clock;
use corvid_sim::whole_node::Ledger;
use corvid_wire::client::ConsumedRecord;

use crate::client::LETTERS;

/// When the records are due that are to come later, by the right time.
pub type Due = BTreeMap<u64, i64>;

/// Something was read. It must not be there before it is due.
pub fn saw(ledger: &Ledger<Due>, record: &ConsumedRecord) {
    let (Some(number), now) = (ledger.saw(record), clock::wall_clock().0) else {
        return;
    };
    // What dies need not wait.
    let is_letter = *record.topic == *LETTERS;
    if let Some(due) = ledger.own().get(&number).filter(|due| now < **due && !is_letter) {
        ledger.complain(format!("{number} came {} ms early", due - now));
    }
}

/// Whether every acknowledged record was read.
pub fn has_all(ledger: &Ledger<Due>) -> bool {
    let seen = ledger.seen();
    let numbers: BTreeSet<u64> = seen.values().flat_map(BTreeMap::values).copied().collect();
    ledger.acknowledged().is_subset(&numbers)
}

/// Every acknowledged record must have been read once; if nothing moves them, in order, too.
pub fn check(ledger: &Ledger<Due>, records_move: bool) {
    let (all, due) = (ledger.seen(), ledger.own());
    let mut places: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for (place, seen) in all.iter() {
        let mut before = None;
        for number in seen.values() {
            if !records_move && !due.contains_key(number) {
                if before.is_some_and(|before| before > number) {
                    ledger.complain(format!("{place}: {number} comes behind {before:?}"));
                }
                before = Some(number);
            }
            places.entry(*number).or_default().push(place.to_string());
        }
    }
    for number in ledger.acknowledged().iter() {
        match places.get(number).map(Vec::as_slice) {
            Some([_once]) => {}
            Some(several) => ledger.complain(format!("{number} is there {} times: {several:?}", several.len())),
            None => ledger.complain(format!("{number} is lost")),
        }
    }
}
