//! Links: where one stands, and the stamp that says so in each batch it appends.
//!
//! | field of the batch | bits |
//! |---|---|
//! | producer id | bit 62 set, source id (31 bits), leader epoch of the entry (31 bits) |
//! | producer epoch | the position's upper 15 bits |
//! | base sequence | the position's lower 31 bits |

use std::fmt;

use crate::hidden::StampError;
use crate::{Batch, LeaderEpoch, Offset, Producer, ProducerEpoch, ProducerId, Sequence};

const BITS_31: i64 = (1 << 31) - 1;

/// A partition as the source of links. The controller allots it once, and never again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

impl SourceId {
    /// The greatest: source ids have 31 bits.
    pub const MAX: Self = Self(u32::MAX >> 1);

    /// The source with this number; `None` beyond [`SourceId::MAX`].
    pub const fn new(number: u32) -> Option<Self> {
        if number <= Self::MAX.0 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// Its number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far a link has taken its source's entries: nothing at or above is taken.
///
/// Ordered by epoch first: in one lineage, a later epoch has the later offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkPosition {
    /// The source's leader epoch of the last entry that was taken; −1 before the first.
    pub epoch: LeaderEpoch,
    /// The offset in the source behind that entry's mate; 0 before the first.
    pub offset: Offset,
}

impl LinkPosition {
    /// Of a link that has taken nothing.
    pub const START: Self = Self {
        epoch: LeaderEpoch::NONE,
        offset: Offset::ZERO,
    };
}

/// The stamp of a batch that a link has appended: its producer fields say where it comes from.
///
/// A hold's release is stamped, too: with its own partition's source id, and the offset that names
/// the hold as position. No link leads from a partition to itself, so the two cannot be confused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkStamp {
    /// The partition that the entry stood in.
    pub source: SourceId,
    /// The leader epoch of the entry.
    pub epoch: LeaderEpoch,
    /// The position behind the entry (behind its mate), below 2⁴⁶.
    pub position: Offset,
}

impl LinkStamp {
    /// The greatest position that a stamp can hold.
    pub const MAX_POSITION: Offset = Offset((1 << 46) - 1);

    /// The stamp for a batch that brings the link to this position.
    pub const fn at(source: SourceId, position: LinkPosition) -> Self {
        Self {
            source,
            epoch: position.epoch,
            position: position.offset,
        }
    }

    /// Where the link stands after the batch.
    pub const fn link_position(self) -> LinkPosition {
        LinkPosition {
            epoch: self.epoch,
            offset: self.position,
        }
    }

    /// The stamp of a batch; `None` if it has none, but a producer's fields or nobody's.
    pub fn of(batch: &Batch<'_>) -> Result<Option<Self>, StampError> {
        Self::unpack(batch.producer())
    }

    /// The producer fields that say this.
    pub fn pack(self) -> Result<Producer, StampError> {
        let (source_id, epoch, position) = (self.source, self.epoch, self.position);
        if !(Offset::ZERO..=Self::MAX_POSITION).contains(&position) {
            return Err(StampError::Position { source_id, position });
        }
        if epoch.0 < 0 {
            return Err(StampError::Epoch { source_id, epoch });
        }
        let id = ProducerId::FIRST_RESERVED.0 | i64::from(source_id.0) << 31 | i64::from(epoch.0);
        Ok(Producer {
            id: ProducerId(id),
            epoch: ProducerEpoch((position.0 >> 31) as i16),
            base_sequence: Sequence((position.0 & BITS_31) as i32),
        })
    }

    /// What producer fields say; `None` if they are a producer's or nobody's.
    pub fn unpack(producer: Producer) -> Result<Option<Self>, StampError> {
        if !producer.id.is_reserved() {
            return Ok(None);
        }
        if producer.epoch.0 < 0 || producer.base_sequence.0 < 0 {
            return Err(StampError::Malformed(producer));
        }
        let high = i64::from(producer.epoch.0) << 31;
        Ok(Some(Self {
            source: SourceId((producer.id.0 >> 31 & BITS_31) as u32),
            epoch: LeaderEpoch((producer.id.0 & BITS_31) as i32),
            position: Offset(high | i64::from(producer.base_sequence.0)),
        }))
    }
}
