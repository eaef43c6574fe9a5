//! What an append is given and what it answers.

use bytes::Bytes;
use corvid_record::hidden::{LinkPosition, SourceId};
use corvid_record::{LeaderEpoch, Offset, Timestamp};

/// One write to a log: a batch, and perhaps an outbox entry right before it.
#[derive(Debug, Clone)]
pub struct Append {
    /// The epoch in which the appender leads. Older than the log's: the append is fenced.
    pub epoch: LeaderEpoch,
    /// An outbox entry, written right before the batch, in the same write and the same segment.
    pub entry: Option<Bytes>,
    /// One batch, checked by whoever received it. Its offsets and leader epoch are assigned here.
    pub batch: Bytes,
    /// Who appends, and so what is checked.
    pub kind: AppendKind,
}

/// Who appends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppendKind {
    /// A client: producer epoch and sequence are checked, and a duplicate is answered from memory.
    Client,
    /// A link: compare-and-set on its position. The new position is the batch's link stamp.
    Link {
        /// The link's source.
        source: SourceId,
        /// Where the appender believes the link to be; `LinkPosition::START` for a new one.
        expected: LinkPosition,
    },
    /// The broker itself: a coordinator, a release.
    Internal,
    /// The broker itself, so that retention can go on: what is held where it would delete is held again. A full disk takes it, too, out
    /// of the reserve that was given up.
    MakesRoom,
}

/// An append that is written, or a duplicate of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The batch's first offset: what the client is told.
    pub base_offset: Offset,
    /// The batch's last offset.
    pub last_offset: Offset,
    /// The offset behind the batch: what a high watermark must reach.
    pub end: Offset,
    /// Whether the batch was in the log already, and nothing was written.
    pub duplicate: bool,
    /// The time that was written into the batch, where the topic asks for that.
    pub log_append_time: Option<Timestamp>,
    /// The visible start of the log.
    pub log_start: Offset,
}
