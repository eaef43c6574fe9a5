//! What producers were told, and what readers found.

use std::collections::{BTreeMap, BTreeSet};

/// How long tombstones are kept, from the first pass of compaction on that meets them.
pub const TOMBSTONES_KEPT_MS: i64 = 2_000;
/// Where the numbers of the partitions begin that have the letters.
pub const LETTERS_AT: i32 = 100;

/// A record as it was sent. They are numbered in the order in which they were.
struct Sent {
    key: u64,
    is_tombstone: bool,
    at_ms: i64,
}

/// A record as it was found.
#[derive(Clone, Copy)]
pub struct Found {
    /// The partition, or [`LETTERS_AT`] and it.
    pub place: i32,
    pub offset: i64,
    pub number: u64,
    pub key: u64,
    pub is_tombstone: bool,
}

/// What there was of it.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    /// Records that were acknowledged.
    pub acknowledged: usize,
    /// How often everything was read.
    pub scans: usize,
    /// Records that were seen, and were not there later.
    pub compacted_away: usize,
    /// Tombstones among them which nothing had replaced.
    pub tombstones_gone: usize,
}

/// Of a key in a partition, or (without) in any, a record that must be there from some time on, or a later one of the key.
type Required = BTreeMap<(Option<i32>, u64), u64>;

/// A reading of everything, from the start to the end.
pub struct Scan {
    required: Required,
    /// The last record of each key in each partition.
    last: BTreeMap<(i32, u64), u64>,
    offsets: BTreeSet<(i32, i64)>,
}

/// All that is known of a run.
#[derive(Default)]
pub struct Ledger {
    lives: u64,
    sent: BTreeMap<u64, Sent>,
    required: Required,
    /// Everything that was ever found.
    seen: BTreeMap<(i32, i64), u64>,
    places: BTreeMap<u64, (i32, i64)>,
    gone: BTreeSet<u64>,
    counts: Counts,
    wrong: Vec<String>,
    stopped: bool,
}

impl Ledger {
    /// The number of a life that begins, from 1.
    pub fn count_life(&mut self) -> u64 {
        self.lives += 1;
        self.lives
    }

    /// Everybody is to end.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether everybody is to end.
    pub fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Something went wrong.
    pub fn complain(&mut self, what: String) {
        self.wrong.push(what);
    }

    /// What went wrong, in order.
    pub fn wrong(&self) -> &[String] {
        &self.wrong
    }

    /// What there was of it.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// A record is sent; it is given its number.
    pub fn send(&mut self, key: u64, is_tombstone: bool, at_ms: i64) -> u64 {
        let number = self.sent.len() as u64;
        let sent = Sent {
            key,
            is_tombstone,
            at_ms,
        };
        self.sent.insert(number, sent);
        number
    }

    /// The producer was told that these are appended: to this partition, if nothing moves them.
    pub fn acknowledge(&mut self, numbers: &[u64], home: impl Fn(u64) -> Option<i32>) {
        self.counts.acknowledged += numbers.len();
        for &number in numbers {
            let key = self.sent[&number].key;
            require(&mut self.required, (home(key), key), number);
        }
    }

    /// Behind what was read of a partition.
    pub fn position(&self, place: i32) -> i64 {
        let mut seen = self.seen.range((place, 0)..(place + 1, 0));
        seen.next_back().map_or(0, |((_, offset), _)| offset + 1)
    }

    /// Somebody begins to read everything: whatever is known by now must be found.
    pub fn begin_scan(&self) -> Scan {
        Scan {
            required: self.required.clone(),
            last: BTreeMap::new(),
            offsets: BTreeSet::new(),
        }
    }

    /// Something was read. Nothing else may ever have been in its place, and it in no other place.
    pub fn saw(&mut self, found: Found) {
        let Found {
            place,
            offset,
            number,
            key,
            is_tombstone,
        } = found;
        match self.sent.get(&number) {
            Some(sent) if sent.key == key && sent.is_tombstone == is_tombstone => {}
            Some(_) | None => self.wrong.push(format!(
                "{place}/{offset}: {number} with the key {key} was never sent so"
            )),
        }
        let here = (place, offset);
        if let Some(before) = self.seen.insert(here, number).filter(|before| *before != number) {
            let what = format!("{place}/{offset} had {before}, and has {number} now");
            self.wrong.push(what);
        }
        if let Some(before) = self.places.insert(number, here).filter(|before| *before != here) {
            let what = format!("{number} was at {before:?}, and is at {here:?}, too");
            self.wrong.push(what);
        }
        if self.gone.contains(&number) {
            self.wrong.push(format!("{number} is back at {here:?}"));
        }
        require(&mut self.required, (Some(place), key), number);
    }

    /// A scan has come to the end: compares.
    pub fn end_scan(&mut self, scan: &Scan, now_ms: i64) {
        self.counts.scans += 1;
        for (&(place, key), &number) in &scan.required {
            let found = match place {
                Some(place) => scan.last.get(&(place, key)).copied(),
                None => {
                    let last = scan.last.iter().filter(|((_, other), _)| *other == key);
                    last.map(|(_, number)| *number).max()
                }
            };
            if found.is_some_and(|found| found >= number) {
                continue;
            }
            // What is left of a key in another partition says nothing.
            let may_be_gone = self.may_be_deleted(place, key, number, now_ms);
            if !may_be_gone || (place.is_some() && found.is_some()) {
                let place = place.map_or("some partition".to_owned(), |place| place.to_string());
                let found = found.map_or("nothing".to_owned(), |found| found.to_string());
                let last = self.places.get(&number);
                self.wrong.push(format!(
                    "life {}: of key {key}, {place} must have {number} (seen at {last:?}), and has {found}",
                    self.lives
                ));
            }
        }
        let away = self.seen.iter().filter(|(place, _)| !scan.offsets.contains(place));
        let away: Vec<u64> = away.map(|(_, number)| *number).collect();
        self.gone.extend(away);
        self.count_gone();
    }

    /// Whether a tombstone may have deleted the key here, and have gone after its time: this record, or a later one.
    fn may_be_deleted(&self, place: Option<i32>, key: u64, number: u64, now_ms: i64) -> bool {
        if place.is_some_and(|place| place >= LETTERS_AT) {
            // No tombstone is ever refused.
            return false;
        }
        self.sent.range(number..).any(|(number, sent)| {
            let found = self.places.get(number).map(|(place, _)| *place);
            let here = place.is_none() || found.is_none() || found == place;
            here && sent.key == key && sent.is_tombstone && sent.at_ms + TOMBSTONES_KEPT_MS <= now_ms
        })
    }

    fn count_gone(&mut self) {
        let unreplaced = |number: &&u64| {
            let (sent, (place, _)) = (&self.sent[*number], self.places[*number]);
            sent.is_tombstone && self.required[&(Some(place), sent.key)] == **number
        };
        self.counts.compacted_away = self.gone.len();
        self.counts.tombstones_gone = self.gone.iter().filter(unreplaced).count();
    }
}

impl Scan {
    /// Something was read.
    pub fn saw(&mut self, found: Found) {
        self.last.insert((found.place, found.key), found.number);
        self.offsets.insert((found.place, found.offset));
    }

    /// How many records there are beside the last one of each key.
    pub fn replaced(&self) -> usize {
        self.offsets.len() - self.last.len()
    }
}

/// Of the key there must be this record, or a later one.
fn require(required: &mut Required, place: (Option<i32>, u64), number: u64) {
    let least = required.entry(place).or_insert(number);
    *least = number.max(*least);
}
