//! Where a reader has nothing to see: remembered, so that a long stretch is looked through once.
//!
//! It is a cache: what is forgotten is looked at again.

use std::collections::BTreeMap;
use std::sync::Arc;

use corvid_record::{LeaderEpoch, Offset};
use corvid_replication::{Partition, PartitionId};

use super::{ReaderView, ViewKey};

/// How many bytes the names of readers take, about; who has not looked for longest is forgotten first.
const KEYS_BYTES_MAX: usize = 4 << 20;
/// What a reader of a partition takes beside his name: some of his stretches, too.
const KEY_BYTES: usize = 512;
/// How many stretches each has; the oldest offsets go first.
const STRETCHES_MAX: usize = 64;

/// Whose stretches. A leader's log is its own: in another epoch it may hold something else at the same offsets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StretchKey {
    pub partition: PartitionId,
    pub epoch: LeaderEpoch,
    pub view: Arc<ViewKey>,
}

impl StretchKey {
    pub(super) fn of(partition: &Partition, view: &ReaderView) -> Self {
        Self {
            partition: partition.id(),
            epoch: partition.leader_epoch(),
            view: view.key.clone(),
        }
    }

    fn size(&self) -> usize {
        KEY_BYTES + self.view.size()
    }
}

/// Offsets that are hidden from readers, from … to (exclusive).
#[derive(Debug, Default)]
pub(super) struct HiddenStretches {
    by_key: BTreeMap<StretchKey, Stretches>,
    by_age: BTreeMap<u64, StretchKey>,
    clock: u64,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Stretches {
    used: u64,
    /// By where they begin, apart from each other.
    list: BTreeMap<Offset, Offset>,
}

impl HiddenStretches {
    /// The offset behind the stretch that `at` is in; `at` itself if it is in none.
    pub(super) fn behind(&mut self, key: &StretchKey, at: Offset) -> Offset {
        self.touch(key)
            .and_then(|stretches| stretches.list.range(..=at).next_back())
            .map_or(at, |(_, end)| (*end).max(at))
    }

    /// The offset where the stretch begins that reaches up to `end` or beyond; `end` itself if there is none.
    pub(super) fn before(&mut self, key: &StretchKey, end: Offset) -> Offset {
        self.touch(key)
            .and_then(|stretches| stretches.list.range(..end).next_back())
            .filter(|(_, to)| **to >= end)
            .map_or(end, |(from, _)| *from)
    }

    /// Nothing is to be seen between these.
    pub(super) fn note(&mut self, key: &StretchKey, from: Offset, to: Offset) {
        if from >= to {
            return;
        }
        if !self.by_key.contains_key(key) {
            self.make_room(key.size());
            self.by_key.insert(key.clone(), Stretches::default());
        }
        if let Some(stretches) = self.touch(key) {
            stretches.note(from, to);
        }
    }

    fn make_room(&mut self, bytes: usize) {
        self.bytes += bytes;
        while self.bytes > KEYS_BYTES_MAX
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.bytes -= oldest.size();
            self.by_key.remove(&oldest);
        }
    }

    /// The stretches of this key, which is the youngest now.
    fn touch(&mut self, key: &StretchKey) -> Option<&mut Stretches> {
        let stretches = self.by_key.get_mut(key)?;
        self.by_age.remove(&stretches.used);
        self.clock += 1;
        stretches.used = self.clock;
        self.by_age.insert(self.clock, key.clone());
        Some(stretches)
    }
}

impl Stretches {
    fn note(&mut self, mut from: Offset, mut to: Offset) {
        // Neighbours become one.
        while let Some((&start, &end)) = self.list.range(..=to).next_back() {
            if end < from {
                break;
            }
            (from, to) = (from.min(start), to.max(end));
            self.list.remove(&start);
        }
        self.list.insert(from, to);
        if self.list.len() > STRETCHES_MAX {
            self.list.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use corvid_metadata::{PartitionIndex, TopicId};

    use super::*;

    fn key(client: &str) -> StretchKey {
        StretchKey {
            partition: PartitionId {
                topic: TopicId([7; 16]),
                index: PartitionIndex(0),
            },
            epoch: LeaderEpoch(1),
            view: Arc::new(ViewKey {
                plugins: Vec::new(),
                principal: "p".into(),
                client_id: Some(client.into()),
            }),
        }
    }

    /// The bug it is for: two stretches that overlap are taken for one that reaches too far, and records are skipped.
    #[test]
    fn neighbours_become_one_and_what_is_between_stays_visible() {
        let mut hidden = HiddenStretches::default();
        let mut note = |from, to| hidden.note(&key("a"), Offset(from), Offset(to));
        note(10, 20);
        note(30, 40);
        note(50, 60);
        note(20, 25);
        note(38, 50);
        note(70, 70);
        let mut behind = |at| hidden.behind(&key("a"), Offset(at)).0;
        assert_eq!(
            [9, 10, 24, 25, 29, 30, 59, 60, 70].map(&mut behind),
            [9, 25, 25, 25, 29, 60, 60, 60, 70]
        );
        assert_eq!(hidden.before(&key("a"), Offset(60)), Offset(30));
        assert_eq!(hidden.before(&key("a"), Offset(61)), Offset(61));
        assert_eq!(hidden.before(&key("a"), Offset(25)), Offset(10));
        assert_eq!(hidden.behind(&key("b"), Offset(10)), Offset(10), "another reader");
    }

    #[test]
    fn there_are_so_many_and_no_more() {
        let mut hidden = HiddenStretches::default();
        let long = "x".repeat(20_000);
        for reader in 0..KEYS_BYTES_MAX / 20_000 + 10 {
            hidden.note(&key(&format!("{reader}{long}")), Offset(0), Offset(5));
            hidden.note(&key("0"), Offset(0), Offset(5));
        }
        let kept = hidden.by_key.keys().map(StretchKey::size).sum::<usize>();
        assert!(
            kept == hidden.bytes && kept <= KEYS_BYTES_MAX && kept > KEYS_BYTES_MAX / 2,
            "{kept}"
        );
        assert_eq!(hidden.by_key.len(), hidden.by_age.len());
        assert_eq!(
            hidden.behind(&key("0"), Offset(0)),
            Offset(5),
            "it was used all the time"
        );
        assert_eq!(hidden.behind(&key(&format!("1{long}")), Offset(0)), Offset(0));
        for stretch in 0..1000 {
            hidden.note(&key("0"), Offset(10 * stretch), Offset(10 * stretch + 5));
        }
        assert_eq!(hidden.by_key[&key("0")].list.len(), STRETCHES_MAX);
        assert_eq!(hidden.behind(&key("0"), Offset(9990)), Offset(9995));
    }
}
