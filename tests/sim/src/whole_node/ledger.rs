//! What is known of a run outside of its node.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use corvid_wire::client::ConsumedRecord;

use super::producer::number_of;

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its topic.
    pub topic: String,
    /// Its number there.
    pub partition: i32,
}

impl Place {
    /// Where a record was read.
    pub fn of(record: &ConsumedRecord) -> Self {
        Self {
            topic: record.topic.to_string(),
            partition: record.partition,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// What clients were told and found. All of them, and the node's lives, hold the same one.
///
/// Records are numbered in the order in which they are sent. `Own` is what a scenario knows beside.
#[derive(Default)]
pub struct Ledger<Own> {
    lives: Cell<u64>,
    stopped: Cell<bool>,
    sent: Cell<u64>,
    acknowledged: RefCell<BTreeSet<u64>>,
    /// Numbers by partition and offset: everything that was ever read.
    seen: RefCell<BTreeMap<Place, BTreeMap<i64, u64>>>,
    wrong: RefCell<Vec<String>>,
    own: RefCell<Own>,
}

impl<Own> Ledger<Own> {
    /// The number of a life that begins, from 1.
    pub fn count_life(&self) -> u64 {
        self.lives.set(self.lives.get() + 1);
        self.lives.get()
    }

    /// How many lives there were.
    pub fn lives(&self) -> u64 {
        self.lives.get()
    }

    /// The clients are to end.
    pub fn stop(&self) {
        self.stopped.set(true);
    }

    /// Whether the clients are to end.
    pub fn is_stopped(&self) -> bool {
        self.stopped.get()
    }

    /// The number of the next record that is sent, from 0.
    pub fn count_sent(&self) -> u64 {
        self.sent.replace(self.sent.get() + 1)
    }

    /// A producer was told that these are appended.
    pub fn acknowledge(&self, numbers: impl IntoIterator<Item = u64>) {
        self.acknowledged.borrow_mut().extend(numbers);
    }

    /// The records that were acknowledged.
    pub fn acknowledged(&self) -> Ref<'_, BTreeSet<u64>> {
        self.acknowledged.borrow()
    }

    /// A record was read; returns its number, if it was ever sent, as it must be. Nothing else may ever have been in its place.
    pub fn saw(&self, record: &ConsumedRecord) -> Option<u64> {
        let (place, offset) = (Place::of(record), record.offset);
        let Some(number) = number_of(record).filter(|number| *number < self.sent.get()) else {
            self.complain(format!("{place}: what is at {offset} was never sent: {record:?}"));
            return None;
        };
        let mut seen = self.seen.borrow_mut();
        let before = seen.entry(place.clone()).or_default().insert(offset, number);
        if let Some(before) = before.filter(|before| *before != number) {
            self.complain(format!("{place} had {before} at {offset}, and has {number} there now"));
        }
        Some(number)
    }

    /// Everything that was ever read: numbers by partition and offset.
    pub fn seen(&self) -> Ref<'_, BTreeMap<Place, BTreeMap<i64, u64>>> {
        self.seen.borrow()
    }

    /// Behind what was read of a partition.
    pub fn position(&self, place: &Place) -> i64 {
        let seen = self.seen.borrow();
        let last = seen.get(place).and_then(BTreeMap::last_key_value);
        last.map_or(0, |(offset, _)| offset + 1)
    }

    /// Which records were read of a topic, and at how many places.
    pub fn times_in(&self, topic: &str) -> BTreeMap<u64, usize> {
        let mut times = BTreeMap::new();
        let seen = self.seen.borrow();
        let of_topic = seen.iter().filter(|(place, _)| place.topic == topic);
        for number in of_topic.flat_map(|(_, seen)| seen.values()) {
            *times.entry(*number).or_default() += 1;
        }
        times
    }

    /// No record may be in a topic more than once.
    pub fn check_once_in(&self, topic: &str) {
        for (number, times) in self.times_in(topic) {
            if times > 1 {
                self.complain(format!("{number} is {times} times in {topic}"));
            }
        }
    }

    /// Something went wrong.
    pub fn complain(&self, what: String) {
        self.wrong.borrow_mut().push(what);
    }

    /// What went wrong, in order.
    pub fn wrong(&self) -> Ref<'_, Vec<String>> {
        self.wrong.borrow()
    }

    /// What the scenario knows beside.
    pub fn own(&self) -> RefMut<'_, Own> {
        self.own.borrow_mut()
    }
}
