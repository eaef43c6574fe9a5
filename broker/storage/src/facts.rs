//! What a log remembers of a batch: taken from its header once, used by the append and by recovery alike.

use corvid_record::hidden::{self, HiddenKind as Kind, LinkPosition, LinkStamp, SourceId};
use corvid_record::{Batch, LeaderEpoch, Offset, Producer, Sequence, Timestamp};

use crate::hidden_list::HiddenKind;

/// The facts of a batch's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchFacts {
    pub base_offset: Offset,
    pub last_offset_delta: i32,
    pub leader_epoch: LeaderEpoch,
    pub bytes: u32,
    pub max_timestamp: Timestamp,
    pub producer: Producer,
    pub control: bool,
    /// Why clients don't see it; `None` if they do.
    pub hidden: Option<HiddenKind>,
    /// Where it brings a link.
    pub stamp: Option<(SourceId, LinkPosition)>,
}

impl BatchFacts {
    pub fn of(batch: &Batch<'_>) -> Self {
        let hidden = hidden::kind(batch).map(|kind| match kind {
            Kind::Entry if hidden::may_change_holds(batch) => HiddenKind::Holding,
            Kind::Entry => HiddenKind::Entry,
            Kind::Checkpoint => HiddenKind::Checkpoint,
            Kind::Empty => HiddenKind::Empty,
            Kind::Unknown(_) => HiddenKind::Other,
        });
        // What is reserved and malformed is nobody's stamp; such ids are refused before they get here.
        let stamp = LinkStamp::of(batch).ok().flatten();
        Self {
            base_offset: batch.base_offset(),
            last_offset_delta: batch.last_offset_delta(),
            leader_epoch: batch.leader_epoch(),
            bytes: batch.size() as u32,
            max_timestamp: batch.max_timestamp(),
            producer: batch.producer(),
            control: batch.attributes().control,
            hidden,
            stamp: stamp.map(|stamp| (stamp.source, stamp.link_position())),
        }
    }

    /// The same batch where the log places it.
    pub fn placed(mut self, base_offset: Offset, leader_epoch: LeaderEpoch) -> Self {
        self.base_offset = base_offset;
        self.leader_epoch = leader_epoch;
        self
    }

    pub fn last_offset(&self) -> Offset {
        self.base_offset + i64::from(self.last_offset_delta)
    }

    pub fn next_offset(&self) -> Offset {
        self.last_offset().next()
    }

    /// How many offsets it takes.
    pub fn offsets(&self) -> i64 {
        i64::from(self.last_offset_delta) + 1
    }

    pub fn last_sequence(&self) -> Sequence {
        self.producer.base_sequence.advanced_by(self.last_offset_delta)
    }

    /// Whether it is an idempotent producer's, rather than a plain one's or a link's.
    pub fn is_producers(&self) -> bool {
        self.producer.id.is_some() && !self.producer.id.is_reserved()
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use corvid_record::{ProducerEpoch, ProducerId};

    use super::*;

    /// A visible batch of a producer, at offset 0.
    pub(crate) fn produced(id: i64, epoch: i16, base_sequence: i32, count: i32) -> BatchFacts {
        BatchFacts {
            base_offset: Offset(0),
            last_offset_delta: count - 1,
            leader_epoch: LeaderEpoch(0),
            bytes: 100,
            max_timestamp: Timestamp(1000),
            producer: Producer {
                id: ProducerId(id),
                epoch: ProducerEpoch(epoch),
                base_sequence: Sequence(base_sequence),
            },
            control: false,
            hidden: None,
            stamp: None,
        }
    }

    impl BatchFacts {
        pub(crate) fn at(self, base_offset: Offset) -> Self {
            self.placed(base_offset, LeaderEpoch(0))
        }
    }
}
