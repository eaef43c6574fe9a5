//! Refused batches of idempotent producers, remembered for one leader epoch.
//!
//! A hook runs outside the partition's lock. Two copies of one batch can be judged differently (a
//! plugin that flips a coin), so the first judgement that reaches the lock stands: a copy that comes
//! later gets the same refusal, and is not appended after the client was told no.
//!
//! A copy is known by its checksum, too: after a refusal, kafkajs (and our own producer) gives the sequence to the next
//! batch, since nothing was appended, and that batch is not the one that was refused.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use corvid_record::{Batch, ProducerEpoch, ProducerId, Sequence};

/// How many refusals a partition remembers. A copy of a refused batch is one that was in flight
/// together with it (five at most for each producer), so this serves 200 producers at once.
const REMEMBERED_MAX: usize = 1_000;

/// Why a batch was refused, record by record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The records that were refused, ascending.
    pub records: Vec<RefusedRecord>,
}

/// Why one record was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRecord {
    /// Its place in the batch.
    pub index: i32,
    /// The plugin that said no: of a chain, one of several.
    pub plugin: String,
    /// What it said.
    pub reason: String,
}

impl Refusal {
    /// The first reason, for clients that show one message a batch.
    pub(crate) fn in_short(&self) -> String {
        let Some(first) = self.records.first() else {
            return "no reason is known".to_owned();
        };
        let RefusedRecord { index, plugin, reason } = first;
        let others = match self.records.len() - 1 {
            0 => String::new(),
            others => format!("; and {others} more"),
        };
        format!("{plugin}: record {index}: {reason}{others}")
    }
}

type Key = (ProducerId, ProducerEpoch, Sequence, u32);

#[derive(Debug, Default)]
pub(crate) struct Refusals {
    by_batch: BTreeMap<Key, Arc<Refusal>>,
    oldest_first: VecDeque<Key>,
}

impl Refusals {
    pub(crate) fn find(&self, batch: &Batch<'_>) -> Option<Arc<Refusal>> {
        if self.by_batch.is_empty() {
            return None;
        }
        self.by_batch.get(&key(batch)?).cloned()
    }

    /// Remembers a refusal, unless there is one already: that one is returned.
    pub(crate) fn remember(&mut self, batch: &Batch<'_>, refusal: Arc<Refusal>) -> Arc<Refusal> {
        let Some(key) = key(batch) else { return refusal };
        if let Some(first) = self.by_batch.get(&key) {
            return first.clone();
        }
        if self.oldest_first.len() == REMEMBERED_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.by_batch.remove(&oldest);
        }
        self.oldest_first.push_back(key);
        self.by_batch.insert(key, refusal.clone());
        refusal
    }

    pub(crate) fn clear(&mut self) {
        self.by_batch.clear();
        self.oldest_first.clear();
    }
}

/// What identifies a batch, as its client sent it, over its retries; plain producers' batches have nothing of the kind.
fn key(batch: &Batch<'_>) -> Option<Key> {
    (batch.producer_id() != ProducerId::NONE).then(|| {
        (
            batch.producer_id(),
            batch.producer_epoch(),
            batch.base_sequence(),
            batch.crc(),
        )
    })
}
