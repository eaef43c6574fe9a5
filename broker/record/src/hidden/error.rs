//! What can be wrong with hidden batches.

use crate::batch::error::BatchError;
use crate::builder::BuildError;
use crate::hidden::SourceId;
use crate::record::RecordError;
use crate::{LeaderEpoch, Offset, Producer};

/// Why a batch is not the hidden batch that it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HiddenError {
    /// It is another kind of batch.
    #[error("not a control batch of type {expected}")]
    NotThis {
        /// The control type that was asked for.
        expected: i16,
    },
    /// Its control record can't be read.
    #[error("the control record is broken: {0}")]
    Record(#[from] RecordError),
    /// There is not exactly one control record with a key, a value and no headers.
    #[error("a hidden control batch has one record, with a key, a value and no headers")]
    Shape,
    /// It has a format that this release doesn't know: only a later one can read it.
    #[error(
        "a batch of control type {control_type} has format {found}; this release reads up to {newest}: run a later one"
    )]
    UnknownFormat {
        /// The control type.
        control_type: i16,
        /// The format version it has.
        found: i16,
        /// The newest that can be read.
        newest: i16,
    },
    /// The value ends early, or a count or length in it is more than its bytes can hold.
    #[error("the value ends within {what}")]
    Truncated {
        /// What is cut off.
        what: &'static str,
    },
    /// A field has a value that it can't have.
    #[error("{what} is invalid")]
    Invalid {
        /// Which field.
        what: &'static str,
    },
    /// There are bytes left over.
    #[error("{bytes} bytes are left over")]
    LeftOver {
        /// How many.
        bytes: usize,
    },
    /// A batch inside of the entry is not sound.
    #[error("a batch inside of the entry is broken: {0}")]
    SubBatch(#[from] BatchError),
}

/// Why an entry can't be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// There is nothing in it: no sub-batch, nothing to cancel.
    #[error("an entry that sends, holds and cancels nothing")]
    Empty,
    /// What is to be sent is no batch with records, or more than one.
    #[error("a sub-batch must be one batch of records")]
    NotABatch,
    /// The bytes to be sent are no batch at all.
    #[error("a sub-batch is not sound: {0}")]
    BadBatch(#[from] BatchError),
    /// The origins are not one for each record.
    #[error("{origins} origins for {records} records")]
    Origins {
        /// How many origins there are.
        origins: usize,
        /// How many records the sub-batch has.
        records: u32,
    },
    /// Headers that depend on the mate's offset, in an entry without a mate.
    #[error("an entry without a mate has no offset for its headers to name")]
    NoMate,
    /// A count or length is beyond its field.
    #[error("too many or too long: {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
    },
    /// The batch could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Why a link stamp can't be written or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// A log that long is beyond what a stamp can say.
    #[error("source {source_id}: a link stamp can't hold offset {position}: it ends at 2^46 - 1")]
    Position {
        /// The link's source.
        source_id: SourceId,
        /// The position.
        position: Offset,
    },
    /// The leader epoch is negative: no leader wrote that entry.
    #[error("source {source_id}: a link stamp can't hold leader epoch {epoch}")]
    Epoch {
        /// The link's source.
        source_id: SourceId,
        /// The epoch.
        epoch: LeaderEpoch,
    },
    /// The producer id is reserved, but epoch or sequence are none of a stamp's.
    #[error("the producer fields {0:?} are neither a producer's nor a link stamp")]
    Malformed(Producer),
}
