//! What a log knows of idempotent producers: the newest epoch and the last five batches of each.
//!
//! With it a batch that was sent twice is answered with its first offset, and one that comes too early is
//! refused. It is rebuilt from a snapshot and the batches behind it.

mod check;
mod entry;
mod snapshot;

use std::collections::BTreeMap;

use corvid_env::clock::WallTime;
use corvid_record::ProducerId;

pub(crate) use check::{SequenceError, Verdict};
pub(crate) use entry::{BatchMark, ProducerEntry};
pub(crate) use snapshot::SNAPSHOT_BYTES_MAX;

use crate::facts::BatchFacts;

/// More producers than this are not remembered: the ones silent for longest are forgotten first.
pub(crate) const PRODUCERS_MAX: usize = 100_000;

/// The idempotent producers of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProducerState {
    producers: BTreeMap<ProducerId, ProducerEntry>,
}

impl ProducerState {
    /// Remembers a batch that is in the log. Batches that are no producer's change nothing.
    pub fn note(&mut self, batch: &BatchFacts, now: WallTime) {
        let producer = batch.producer;
        if !batch.is_producers() {
            return;
        }
        if self.producers.len() >= PRODUCERS_MAX && !self.producers.contains_key(&producer.id) {
            self.forget_the_oldest();
        }
        self.producers
            .entry(producer.id)
            .or_insert_with(|| ProducerEntry::new(producer.epoch))
            .note(batch, now);
    }

    /// The producers by id.
    pub fn iter(&self) -> impl Iterator<Item = (ProducerId, &ProducerEntry)> {
        self.producers.iter().map(|(&id, entry)| (id, entry))
    }

    /// The producer of that id.
    pub fn get(&self, id: ProducerId) -> Option<&ProducerEntry> {
        self.producers.get(&id)
    }

    /// Forgets producers that were last seen before `before`.
    pub fn expire(&mut self, before: WallTime) {
        self.producers.retain(|_, entry| entry.seen_at >= before);
    }

    /// A tenth at once, so that a flood of new ids costs little for each.
    fn forget_the_oldest(&mut self) {
        let mut ages: Vec<_> = self
            .producers
            .iter()
            .map(|(&id, entry)| (entry.last_offset(), id))
            .collect();
        ages.sort_unstable();
        for (_, id) in ages.into_iter().take(PRODUCERS_MAX / 10) {
            self.producers.remove(&id);
        }
        tracing::warn!(
            limit = PRODUCERS_MAX,
            "too many idempotent producers: forgot those silent for longest"
        );
    }
}
