//! A position that rises once what was appended elsewhere has got far enough there.

use std::collections::BTreeMap;

use corvid_record::Offset;

use crate::partition::PartitionId;

/// "Everything below this position is safe, once each of these places has reached its end."
///
/// Two marks at most are kept, however much is under way: one that is waited for, and one that gathers
/// what came after it. So the position may lag, but it is never ahead.
#[derive(Debug)]
pub(crate) struct Marks<T> {
    settled: Offset,
    awaited: Option<Mark<T>>,
    newest: Mark<T>,
}

#[derive(Debug)]
struct Mark<T> {
    position: Offset,
    ends: BTreeMap<PartitionId, (T, Offset)>,
}

impl<T> Mark<T> {
    fn new(position: Offset) -> Self {
        Self {
            position,
            ends: BTreeMap::new(),
        }
    }
}

impl<T: Clone> Marks<T> {
    /// Everything below `position` is safe.
    pub fn new(position: Offset) -> Self {
        Self {
            settled: position,
            awaited: None,
            newest: Mark::new(position),
        }
    }

    /// Something was appended at `place`, up to `end` there. Said before [`Marks::advance`] passes it.
    pub fn appended(&mut self, id: PartitionId, place: &T, end: Offset) {
        let newest = self.newest.ends.entry(id).or_insert_with(|| (place.clone(), end));
        newest.1 = newest.1.max(end);
    }

    /// Everything below `position` is appended where it belongs.
    pub fn advance(&mut self, position: Offset) {
        self.newest.position = self.newest.position.max(position);
    }

    /// The position below which everything is safe, as far as `reached` says of a place and an end there.
    pub fn settle(&mut self, reached: impl Fn(&T, Offset) -> bool) -> Offset {
        // Once for what was awaited, and once for what has come since.
        for _ in 0..2 {
            let position = self.newest.position;
            let awaited = self
                .awaited
                .get_or_insert_with(|| std::mem::replace(&mut self.newest, Mark::new(position)));
            awaited.ends.retain(|_, (place, end)| !reached(place, *end));
            if !awaited.ends.is_empty() {
                break;
            }
            self.settled = awaited.position;
            self.awaited = None;
        }
        self.settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use corvid_metadata::{PartitionIndex, TopicId};

    fn place(index: i32) -> PartitionId {
        PartitionId {
            topic: TopicId([1; 16]),
            index: PartitionIndex(index),
        }
    }

    /// The bug it is for: the position of what came later is taken for that of what is safe.
    #[test]
    fn is_never_ahead_of_what_its_places_have_reached() {
        let mut marks = Marks::new(Offset(5));
        marks.appended(place(0), &0, Offset(100));
        marks.advance(Offset(10));
        assert_eq!(marks.settle(|_, end| end < Offset(100)), Offset(5));
        marks.appended(place(0), &0, Offset(200));
        marks.appended(place(1), &1, Offset(7));
        marks.advance(Offset(20));
        assert_eq!(marks.settle(|_, end| end < Offset(100)), Offset(5));
        assert_eq!(
            marks.settle(|place, end| *place == 0 && end <= Offset(100)),
            Offset(10),
            "the second place lacks its part"
        );
        assert_eq!(marks.settle(|_, _| true), Offset(20));
        assert_eq!(marks.settle(|_, _| false), Offset(20));
    }

    #[test]
    fn what_is_appended_but_not_passed_yet_holds_nothing_back_that_was() {
        let mut marks = Marks::new(Offset(0));
        marks.advance(Offset(10));
        assert_eq!(marks.settle(|_, _| false), Offset(10));
        marks.appended(place(0), &0, Offset(1));
        assert_eq!(marks.settle(|_, _| false), Offset(10));
        marks.advance(Offset(11));
        assert_eq!(marks.settle(|_, _| false), Offset(10));
        assert_eq!(marks.settle(|_, _| true), Offset(11));
    }
}
