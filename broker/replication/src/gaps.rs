//! Sequences that were answered with an error, of producers that the log may not know yet.
//!
//! A log takes any first sequence from a producer that it doesn't know (KIP-360). So when the first batch of a
//! producer fails, because a plugin refuses it or can't judge it just then, the second, which is under way already,
//! must not be taken for the first: the retry of the first would come too late for ever, and a client that gives
//! the rest a new epoch would write the second again. Behind a sequence that failed, nothing of the same
//! producer epoch is taken until that one is. For a producer that the log knows, the log says so itself.

use std::collections::{BTreeMap, VecDeque};

use corvid_record::{Batch, ProducerEpoch, ProducerId, Sequence};

/// How many producers' gaps a partition remembers.
const REMEMBERED_MAX: usize = 1_000;

type Key = (ProducerId, ProducerEpoch);

#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// The first sequence of each producer epoch that failed.
    first: BTreeMap<Key, Sequence>,
    oldest_first: VecDeque<Key>,
}

impl Gaps {
    /// The sequence that is missing before this batch.
    pub(crate) fn before(&self, batch: &Batch<'_>) -> Option<Sequence> {
        let failed = *self.first.get(&key(batch)?)?;
        is_before(failed, batch.base_sequence()).then_some(failed)
    }

    /// Remembers that this batch failed.
    pub(crate) fn note(&mut self, batch: &Batch<'_>) {
        let Some(key) = key(batch) else { return };
        let sequence = batch.base_sequence();
        if let Some(first) = self.first.get_mut(&key) {
            if is_before(sequence, *first) {
                *first = sequence;
            }
            return;
        }
        if self.oldest_first.len() == REMEMBERED_MAX
            && let Some(oldest) = self.oldest_first.pop_front()
        {
            self.first.remove(&oldest);
        }
        self.oldest_first.push_back(key);
        self.first.insert(key, sequence);
    }

    /// Forgets a gap, because this batch is in the log.
    pub(crate) fn filled(&mut self, batch: &Batch<'_>) {
        if self.first.is_empty() {
            return;
        }
        if let Some(key) = key(batch)
            && self.first.remove(&key).is_some()
        {
            self.oldest_first.retain(|known| *known != key);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.first.clear();
        self.oldest_first.clear();
    }
}

fn key(batch: &Batch<'_>) -> Option<Key> {
    batch
        .producer_id()
        .is_some()
        .then(|| (batch.producer_id(), batch.producer_epoch()))
}

/// Whether `a` comes before `b` on the circle of sequences: by the shorter way round.
fn is_before(a: Sequence, b: Sequence) -> bool {
    let distance = b.0.wrapping_sub(a.0) & i32::MAX;
    distance != 0 && distance < 1 << 30
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use corvid_record::{BatchBuilder, Compression, Producer, RecordParts};

    use super::*;

    fn batch(id: i64, epoch: i16, sequence: i32) -> Bytes {
        let producer = Producer {
            id: ProducerId(id),
            epoch: ProducerEpoch(epoch),
            base_sequence: Sequence(sequence),
        };
        let mut builder = BatchBuilder::new(Compression::None).producer(producer);
        builder.push(&RecordParts::default());
        builder.finish(None).unwrap()
    }

    fn before(gaps: &Gaps, id: i64, epoch: i16, sequence: i32) -> Option<i32> {
        gaps.before(&Batch::parse(&batch(id, epoch, sequence)).unwrap())
            .map(|sequence| sequence.0)
    }

    #[test]
    fn behind_the_first_that_failed_nothing_is_next_until_it_is_there() {
        let mut gaps = Gaps::default();
        for sequence in [i32::MAX - 1, 3, i32::MAX - 5] {
            gaps.note(&Batch::parse(&batch(1, 0, sequence)).unwrap());
        }
        let first = i32::MAX - 5;
        assert_eq!(before(&gaps, 1, 0, first), None);
        assert_eq!(before(&gaps, 1, 0, first - 1), None);
        assert_eq!(before(&gaps, 1, 0, first + 1), Some(first));
        assert_eq!(before(&gaps, 1, 0, 9), Some(first), "sequences go on at 0");
        assert_eq!(before(&gaps, 1, 1, 9), None, "another epoch");
        assert_eq!(before(&gaps, -1, -1, -1), None, "a plain producer has no sequence");
        gaps.filled(&Batch::parse(&batch(1, 0, first)).unwrap());
        assert_eq!(before(&gaps, 1, 0, 9), None);
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let mut gaps = Gaps::default();
        for id in 0..=REMEMBERED_MAX as i64 {
            gaps.note(&Batch::parse(&batch(id, 0, 0)).unwrap());
        }
        assert_eq!(before(&gaps, 0, 0, 1), None);
        assert_eq!(before(&gaps, 1, 0, 1), Some(0));
    }
}
