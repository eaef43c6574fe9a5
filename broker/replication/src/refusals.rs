//! Refused batches of idempotent producers, remembered for one leader epoch.
//!
//! A hook runs outside the partition's lock. Two copies of one batch can be judged differently (a
//! plugin that flips a coin), so the first judgement that reaches the lock stands: a copy that comes
//! later gets the same refusal, and is not appended after the client was told no.
//!
//! A copy comes while its client still waits for the first one's answer, so a refusal is remembered for [as long as that](REMEMBERED_FOR):
//! who sends the same bytes later, after a rollback of the plugin that refused them, is judged anew.
//!
//! A copy is known by its checksum, too: after a refusal, kafkajs (and our own producer) gives the sequence to the next
//! batch, since nothing was appended, and that batch is not the one that was refused.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use corvid_env::clock::{self, Instant};
use corvid_record::{Batch, ProducerEpoch, ProducerId, Sequence};

/// How many refusals a partition remembers. A copy of a refused batch is one that was in flight
/// together with it (five at most for each producer), so this serves 200 producers at once.
const REMEMBERED_MAX: usize = 1_000;
/// And how much memory they take, about.
const REMEMBERED_BYTES_MAX: usize = 256 << 10;
/// Clients give up on a batch after two minutes (`delivery.timeout.ms`).
const REMEMBERED_FOR: Duration = Duration::from_mins(2);

/// So many records of a refused batch are named, …
const NAMED_MAX: usize = 1_000;
/// … and so many bytes of reasons are given.
const REASONS_BYTES_MAX: usize = 64 << 10;

/// Why a batch was refused, record by record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The first of the records that were refused, ascending: a batch may have a million.
    pub records: Vec<RefusedRecord>,
    /// How many others were.
    pub others: usize,
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
    /// Of these records, ascending; `None` if there are none.
    pub fn of(refused: impl Iterator<Item = RefusedRecord>) -> Option<Self> {
        let mut refusal = Self {
            records: Vec::new(),
            others: 0,
        };
        let mut bytes = 0;
        for record in refused {
            bytes += record.reason.len();
            let is_named = refusal.others == 0 && refusal.records.len() < NAMED_MAX && bytes <= REASONS_BYTES_MAX;
            if is_named || refusal.records.is_empty() {
                refusal.records.push(record.cut());
            } else {
                refusal.others += 1;
            }
        }
        (!refusal.records.is_empty()).then_some(refusal)
    }

    /// The first reason, for clients that show one message a batch.
    pub(crate) fn in_short(&self) -> String {
        let Some(first) = self.records.first() else {
            return "no reason is known".to_owned();
        };
        let RefusedRecord { index, plugin, reason } = first;
        let others = match self.records.len() - 1 + self.others {
            0 => String::new(),
            others => format!("; and {others} more"),
        };
        format!("{plugin}: record {index}: {reason}{others}")
    }

    /// About what it takes in memory.
    fn bytes(&self) -> usize {
        let of = |record: &RefusedRecord| size_of::<RefusedRecord>() + record.plugin.len() + record.reason.len();
        size_of::<Self>() + self.records.iter().map(of).sum::<usize>()
    }
}

impl RefusedRecord {
    /// With no more of the reason than a whole refusal may have.
    fn cut(mut self) -> Self {
        let end = self.reason.floor_char_boundary(REASONS_BYTES_MAX);
        self.reason.truncate(end);
        self
    }
}

type Key = (ProducerId, ProducerEpoch, Sequence, u32);

#[derive(Debug, Default)]
pub(crate) struct Refusals {
    by_batch: BTreeMap<Key, Arc<Refusal>>,
    /// And when each came.
    oldest_first: VecDeque<(Key, Instant)>,
    bytes: usize,
}

impl Refusals {
    pub(crate) fn find(&mut self, batch: &Batch<'_>) -> Option<Arc<Refusal>> {
        self.forget_old();
        if self.by_batch.is_empty() {
            return None;
        }
        self.by_batch.get(&key(batch)?).cloned()
    }

    /// Remembers a refusal, unless there is one already: that one is returned.
    pub(crate) fn remember(&mut self, batch: &Batch<'_>, refusal: Arc<Refusal>) -> Arc<Refusal> {
        self.forget_old();
        let Some(key) = key(batch) else { return refusal };
        if let Some(first) = self.by_batch.get(&key) {
            return first.clone();
        }
        let bytes = refusal.bytes();
        while self.by_batch.len() == REMEMBERED_MAX || self.bytes + bytes > REMEMBERED_BYTES_MAX {
            if !self.forget_oldest() {
                break;
            }
        }
        self.bytes += bytes;
        self.oldest_first.push_back((key, clock::now()));
        self.by_batch.insert(key, refusal.clone());
        refusal
    }

    fn forget_old(&mut self) {
        while let Some((_, came)) = self.oldest_first.front()
            && clock::now().duration_since(*came) > REMEMBERED_FOR
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) -> bool {
        let Some((oldest, _)) = self.oldest_first.pop_front() else {
            return false;
        };
        let forgotten = self.by_batch.remove(&oldest);
        self.bytes -= forgotten.map_or(0, |refusal| refusal.bytes());
        true
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use corvid_record::{BatchBuilder, Compression, Producer, RecordParts};

    use super::*;

    fn batch(sequence: i32) -> Bytes {
        let producer = Producer {
            id: ProducerId(1),
            epoch: ProducerEpoch(0),
            base_sequence: Sequence(sequence),
        };
        let mut builder = BatchBuilder::new(Compression::None).producer(producer);
        builder.push(&RecordParts::default());
        builder.finish(None).unwrap()
    }

    fn refusal(records: i32, reason: &str) -> Arc<Refusal> {
        let record = |index| RefusedRecord {
            index,
            plugin: "strict".to_owned(),
            reason: reason.to_owned(),
        };
        Arc::new(Refusal::of((0..records).map(record)).unwrap())
    }

    fn is_remembered(refusals: &mut Refusals, sequence: i32) -> bool {
        refusals.find(&Batch::parse(&batch(sequence)).unwrap()).is_some()
    }

    /// The bug: a batch's million refused records are kept and answered, each with its reason.
    #[test]
    fn of_many_records_the_first_are_named() {
        let many = refusal(5_000, "no");
        assert_eq!((many.records.len(), many.others), (NAMED_MAX, 5_000 - NAMED_MAX));
        assert_eq!(many.in_short(), "strict: record 0: no; and 4999 more");
        let long = refusal(3, &"\u{e9}".repeat(REASONS_BYTES_MAX));
        assert_eq!((long.records.len(), long.others), (1, 2));
        assert_eq!(long.records[0].reason.len(), REASONS_BYTES_MAX);
        assert!(Refusal::of([].into_iter()).is_none());
    }

    /// The bug: refusals are bounded in number only, and a plugin's long reasons take gigabytes.
    #[tokio::test(start_paused = true)]
    async fn the_oldest_give_way_to_new_ones_by_number_and_by_bytes() {
        let mut refusals = Refusals::default();
        for sequence in 0..=REMEMBERED_MAX as i32 {
            refusals.remember(&Batch::parse(&batch(sequence)).unwrap(), refusal(1, "no"));
        }
        assert!(!is_remembered(&mut refusals, 0) && is_remembered(&mut refusals, 1));
        let long = refusal(1, &"x".repeat(REASONS_BYTES_MAX));
        for sequence in 2_000..2_010 {
            refusals.remember(&Batch::parse(&batch(sequence)).unwrap(), long.clone());
            assert!(refusals.bytes <= REMEMBERED_BYTES_MAX);
        }
        assert!(!is_remembered(&mut refusals, 1) && is_remembered(&mut refusals, 2_009));
        assert_eq!(
            refusals.bytes,
            refusals.by_batch.values().map(|one| one.bytes()).sum::<usize>()
        );
    }

    /// The bug: what a plugin refused is refused until a restart, though the plugin was rolled back, if its client sends the same bytes
    /// again.
    #[tokio::test(start_paused = true)]
    async fn what_comes_when_no_copy_can_be_in_flight_is_judged_anew() {
        let mut refusals = Refusals::default();
        refusals.remember(&Batch::parse(&batch(0)).unwrap(), refusal(1, "no"));
        tokio::time::advance(REMEMBERED_FOR).await;
        assert!(is_remembered(&mut refusals, 0));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!is_remembered(&mut refusals, 0));
        assert_eq!(refusals.bytes, 0);
    }
}
