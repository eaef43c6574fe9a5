//! What is known of keys, their last records and their tombstones.

use std::collections::{BTreeMap, BTreeSet};

use corvid_env::clock;
use corvid_sim::whole_node::{Ledger, Place, key};
use corvid_wire::client::ConsumedRecord;

use crate::client::LETTERS;

/// How long tombstones are kept, from the first pass of compaction on that meets them.
pub const TOMBSTONES_KEPT_MS: i64 = 2_000;

/// A record as it was sent.
pub struct Sent {
    pub key: u64,
    pub is_tombstone: bool,
    /// The partition that it stays in, if nothing moves it.
    pub home: Option<Place>,
    pub at_ms: i64,
}

/// What there was of it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    /// How often everything was read.
    pub scans: usize,
    /// Records that were seen, and were not there later.
    pub compacted_away: usize,
    /// Tombstones among them which nothing had replaced.
    pub tombstones_gone: usize,
}

/// Of a key in a partition, or (without) in any, a record that must be there from some time on, or a later one of the key.
#[derive(Default, Clone)]
struct Required(BTreeMap<(Option<Place>, u64), u64>);

/// What is known beside.
#[derive(Default)]
pub struct Keys {
    sent: BTreeMap<u64, Sent>,
    /// Of what was read.
    required: Required,
    places: BTreeMap<u64, (Place, i64)>,
    gone: BTreeSet<u64>,
    counts: Counts,
}

/// A reading of everything, from the start to the end.
pub struct Scan {
    required: Required,
    /// The last record of each key in each partition.
    last: BTreeMap<(Place, u64), u64>,
    offsets: BTreeSet<(Place, i64)>,
}

impl Keys {
    /// What there was of it.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// A record is sent.
    pub fn send(&mut self, number: u64, sent: Sent) {
        self.sent.insert(number, sent);
    }

    /// Whether a tombstone may have deleted the key here, and have gone after its time: this record, or a later one.
    fn may_be_deleted(&self, place: Option<&Place>, key: u64, number: u64, now_ms: i64) -> bool {
        if place.is_some_and(|place| place.topic == LETTERS) {
            // No tombstone is ever refused.
            return false;
        }
        self.sent.range(number..).any(|(number, sent)| {
            let found = self.places.get(number).map(|(place, _)| place);
            let here = place.is_none() || found.is_none() || found == place;
            here && sent.key == key && sent.is_tombstone && sent.at_ms + TOMBSTONES_KEPT_MS <= now_ms
        })
    }

    fn count_gone(&mut self) {
        let is_unreplaced = |number: &&u64| {
            let (sent, (place, _)) = (&self.sent[*number], &self.places[*number]);
            sent.is_tombstone && self.required.0[&(Some(place.clone()), sent.key)] == **number
        };
        self.counts.compacted_away = self.gone.len();
        self.counts.tombstones_gone = self.gone.iter().filter(is_unreplaced).count();
    }
}

/// Something was read; returns its number. It must be what was sent, in one place only, and not have been gone before.
pub fn saw(ledger: &Ledger<Keys>, record: &ConsumedRecord) -> Option<u64> {
    let number = ledger.saw(record)?;
    let (here, known) = ((Place::of(record), record.offset), &mut *ledger.own());
    let sent = &known.sent[&number];
    if record.key != Some(key(sent.key)) || record.value.is_none() != sent.is_tombstone {
        ledger.complain(format!("{number} at {here:?} was never sent so: {record:?}"));
    }
    known.required.add(Some(here.0.clone()), sent.key, number);
    if known.gone.contains(&number) {
        ledger.complain(format!("{number} is back at {here:?}"));
    }
    let before = known.places.insert(number, here.clone());
    if let Some(before) = before.filter(|before| *before != here) {
        ledger.complain(format!("{number} was at {before:?}, and is at {here:?}, too"));
    }
    Some(number)
}

impl Scan {
    /// Somebody begins to read everything: whatever is known by now must be found.
    pub fn begin(ledger: &Ledger<Keys>) -> Self {
        let keys = ledger.own();
        let mut required = keys.required.clone();
        for number in ledger.acknowledged().iter() {
            let sent = &keys.sent[number];
            required.add(sent.home.clone(), sent.key, *number);
        }
        Self {
            required,
            last: BTreeMap::new(),
            offsets: BTreeSet::new(),
        }
    }

    /// Something was read.
    pub fn saw(&mut self, ledger: &Ledger<Keys>, record: &ConsumedRecord) {
        if let Some(number) = saw(ledger, record) {
            let (place, key) = (Place::of(record), ledger.own().sent[&number].key);
            self.last.insert((place.clone(), key), number);
            self.offsets.insert((place, record.offset));
        }
    }

    /// How many records there are in a topic beside the last one of each key.
    pub fn replaced_in(&self, topic: &str) -> usize {
        let records = self.offsets.iter().filter(|(place, _)| place.topic == topic);
        let last = self.last.keys().filter(|(place, _)| place.topic == topic);
        records.count() - last.count()
    }

    /// The end is reached: compares.
    pub fn end(&self, ledger: &Ledger<Keys>) {
        let now_ms = clock::wall_clock().0;
        let keys = &mut *ledger.own();
        keys.counts.scans += 1;
        for ((place, key), &number) in &self.required.0 {
            let found = self.found(place.as_ref(), *key);
            if found.is_some_and(|found| found >= number) {
                continue;
            }
            // What is left of a key in another partition says nothing.
            let may_be_gone = keys.may_be_deleted(place.as_ref(), *key, number, now_ms);
            if !may_be_gone || (place.is_some() && found.is_some()) {
                let place = place.as_ref().map_or("some partition".to_owned(), Place::to_string);
                let found = found.map_or("nothing".to_owned(), |found| found.to_string());
                let (life, last) = (ledger.lives(), keys.places.get(&number));
                let what = format!("of key {key}, {place} must have {number} (seen at {last:?}), and has {found}");
                ledger.complain(format!("life {life}: {what}"));
            }
        }
        for (place, seen) in ledger.seen().iter() {
            let away = |offset: &i64| !self.offsets.contains(&(place.clone(), *offset));
            let away = seen.iter().filter(|(offset, _)| away(offset));
            keys.gone.extend(away.map(|(_, number)| *number));
        }
        keys.count_gone();
    }

    /// The last record of a key in a partition, or in any.
    fn found(&self, place: Option<&Place>, key: u64) -> Option<u64> {
        let is_here = |(other, of): &(Place, u64)| *of == key && place.is_none_or(|place| place == other);
        let last = self.last.iter().filter(|(at, _)| is_here(at));
        last.map(|(_, number)| *number).max()
    }
}

impl Required {
    /// Of the key there must be this record, or a later one.
    fn add(&mut self, place: Option<Place>, key: u64, number: u64) {
        let least = self.0.entry((place, key)).or_insert(number);
        *least = number.max(*least);
    }
}
