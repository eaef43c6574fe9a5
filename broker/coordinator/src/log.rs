//! The log that a coordinator needs: one partition of `__consumer_offsets`, led by this node.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use corvid_record::{LeaderEpoch, Offset};

use crate::error::LogError;

/// Resolves once what was appended is committed.
pub type Committed<'a> = Pin<Box<dyn Future<Output = Result<(), LogError>> + Send + 'a>>;

/// A partition of `__consumer_offsets` that this node leads.
///
/// `append` orders; `committed` makes durable. They are apart so that a group can append under its lock (the log
/// then has its records in the order in which the group changed) and wait outside of it.
pub trait OffsetsLog: Send + Sync + 'static {
    /// The epoch in which this node leads; an append of an older epoch must fail with [`LogError::NotLeader`].
    fn leader_epoch(&self) -> LeaderEpoch;

    /// The first offset that can be read.
    fn start(&self) -> Offset;

    /// Behind the last batch written.
    fn end(&self) -> Offset;

    /// Whole batches from the one that holds `from`, hidden ones included: at least one if there is one, and
    /// about `max_bytes` at most. Empty at the end. May read from disk: called off the network threads.
    fn read(&self, from: Offset, max_bytes: u32) -> Result<Bytes, LogError>;

    /// Appends one batch (base offset 0, to be placed by the log) and answers the offset behind it.
    fn append(&self, batch: Bytes) -> Result<Offset, LogError>;

    /// Waits until everything below `end` is committed: no crash and no change of leader takes it back.
    fn committed(&self, end: Offset) -> Committed<'_>;
}
