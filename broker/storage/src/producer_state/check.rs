//! Whether a client's batch is the next one of its producer, one that is known, or neither.

use corvid_record::{ProducerEpoch, Sequence};

use super::{BatchMark, ProducerEntry, ProducerState};
use crate::facts::BatchFacts;

/// What the producer state says of a batch that may be appended or answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is to be appended.
    New,
    /// It is in the log.
    Duplicate(BatchMark),
}

/// Why a batch may not be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SequenceError {
    /// The producer has a newer epoch.
    OldEpoch {
        given: ProducerEpoch,
        current: ProducerEpoch,
    },
    /// Something before it is missing.
    OutOfOrder { expected: Sequence, got: Sequence },
    /// It was appended before the last five.
    OlderDuplicate,
}

impl ProducerState {
    /// Judges a client's batch.
    ///
    /// As in Kafka (KIP-360), a producer that the log doesn't know may begin with any sequence: its records may have been
    /// deleted, or it may have been silent for long.
    pub fn check(&self, batch: &BatchFacts) -> Result<Verdict, SequenceError> {
        if !batch.is_producers() {
            return Ok(Verdict::New);
        }
        let Some(entry) = self.get(batch.producer.id) else {
            return Ok(Verdict::New);
        };
        let (given, current) = (batch.producer.epoch, entry.epoch);
        if given < current {
            return Err(SequenceError::OldEpoch { given, current });
        }
        if given > current {
            return expect(Sequence(0), batch);
        }
        check_in_epoch(entry, batch)
    }

    /// The mark of a batch that is one of the last five of its producer.
    pub fn find(&self, batch: &BatchFacts) -> Option<BatchMark> {
        let entry = self.get(batch.producer.id).filter(|_| batch.is_producers())?;
        if entry.epoch != batch.producer.epoch {
            return None;
        }
        let same = |mark: &&BatchMark| {
            mark.last_sequence == batch.last_sequence() && mark.base_sequence() == batch.producer.base_sequence
        };
        entry.marks().iter().find(same).copied()
    }
}

fn check_in_epoch(entry: &ProducerEntry, batch: &BatchFacts) -> Result<Verdict, SequenceError> {
    let Some(last) = entry.last() else {
        return Ok(Verdict::New);
    };
    let expected = last.last_sequence.advanced_by(1);
    if batch.producer.base_sequence == expected {
        return Ok(Verdict::New);
    }
    let same = |mark: &&BatchMark| {
        mark.last_sequence == batch.last_sequence() && mark.base_sequence() == batch.producer.base_sequence
    };
    if let Some(mark) = entry.marks().iter().find(same) {
        return Ok(Verdict::Duplicate(*mark));
    }
    let oldest = entry.marks().first().map_or(Sequence(0), BatchMark::base_sequence);
    if is_before(batch.last_sequence(), oldest) {
        return Err(SequenceError::OlderDuplicate);
    }
    Err(SequenceError::OutOfOrder {
        expected,
        got: batch.producer.base_sequence,
    })
}

fn expect(expected: Sequence, batch: &BatchFacts) -> Result<Verdict, SequenceError> {
    let got = batch.producer.base_sequence;
    if got == expected {
        Ok(Verdict::New)
    } else {
        Err(SequenceError::OutOfOrder { expected, got })
    }
}

/// Whether `a` comes before `b` on the circle of sequences: by the shorter way round.
fn is_before(a: Sequence, b: Sequence) -> bool {
    let distance = b.0.wrapping_sub(a.0) & i32::MAX;
    distance != 0 && distance < 1 << 30
}

#[cfg(test)]
mod tests {
    use corvid_env::clock::WallTime;
    use corvid_record::Offset;

    use super::*;
    use crate::facts::testing::produced;

    fn state(batches: &[(i64, i16, i32, i32)]) -> ProducerState {
        let mut state = ProducerState::default();
        let mut next = 100;
        for &(id, epoch, base, count) in batches {
            let facts = produced(id, epoch, base, count).at(Offset(next));
            next = facts.next_offset().0;
            state.note(&facts, WallTime(1));
        }
        state
    }

    #[test]
    fn the_last_five_are_duplicates_and_older_ones_are_known_to_be_older() {
        let seven: Vec<_> = (0..7).map(|number| (1, 0, number * 10, 10)).collect();
        let state = state(&seven);
        for number in 2..7 {
            let Ok(Verdict::Duplicate(mark)) = state.check(&produced(1, 0, number * 10, 10)) else {
                panic!("{number}")
            };
            assert_eq!(mark.base_offset(), Offset(100 + i64::from(number) * 10));
        }
        assert_eq!(state.check(&produced(1, 0, 10, 10)), Err(SequenceError::OlderDuplicate));
        assert_eq!(state.check(&produced(1, 0, 70, 3)), Ok(Verdict::New));
    }

    #[test]
    fn a_gap_or_an_overlap_is_out_of_order() {
        let state = state(&[(1, 0, 0, 10)]);
        for (base, count) in [(11, 1), (9, 1), (0, 9), (5, 10)] {
            let expected = Err(SequenceError::OutOfOrder {
                expected: Sequence(10),
                got: Sequence(base),
            });
            assert_eq!(state.check(&produced(1, 0, base, count)), expected);
        }
    }

    /// The bug: behind sequence 2³¹ − 1 every batch is out of order, or every old one is new.
    #[test]
    fn sequences_go_on_at_zero() {
        let state = state(&[(1, 0, i32::MAX - 14, 10), (1, 0, i32::MAX - 4, 10)]);
        assert_eq!(state.check(&produced(1, 0, 5, 3)), Ok(Verdict::New));
        assert!(matches!(
            state.check(&produced(1, 0, i32::MAX - 4, 10)),
            Ok(Verdict::Duplicate(_))
        ));
        assert_eq!(
            state.check(&produced(1, 0, i32::MAX - 20, 6)),
            Err(SequenceError::OlderDuplicate)
        );
    }

    #[test]
    fn a_new_epoch_begins_at_zero_and_fences_the_old() {
        let state = state(&[(1, 0, 0, 10), (1, 1, 0, 1)]);
        let (given, current) = (ProducerEpoch(0), ProducerEpoch(1));
        assert_eq!(
            state.check(&produced(1, 0, 10, 1)),
            Err(SequenceError::OldEpoch { given, current })
        );
        assert_eq!(state.check(&produced(1, 2, 0, 1)), Ok(Verdict::New));
        assert!(matches!(
            state.check(&produced(1, 2, 1, 1)),
            Err(SequenceError::OutOfOrder { .. })
        ));
        assert_eq!(state.find(&produced(1, 0, 0, 10)), None);
        assert!(state.find(&produced(1, 1, 0, 1)).is_some());
    }

    #[test]
    fn an_unknown_producer_may_begin_anywhere() {
        assert_eq!(state(&[]).check(&produced(7, 3, 500, 2)), Ok(Verdict::New));
    }
}
