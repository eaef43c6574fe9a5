//! The fetch path: committed, visible batches as ranges of files.

use corvid_record::Offset;
use corvid_replication::Partition;
use corvid_storage::{ReadError, Slices, Which};

/// What a client may be told of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visible {
    /// Where it begins for clients.
    pub start: Offset,
    /// The high watermark that clients are told.
    pub end: Offset,
}

/// The bounds of `partition` as clients see them.
pub fn visible(partition: &Partition) -> Visible {
    Visible {
        start: partition.visible_start(),
        end: partition.visible_end(),
    }
}

/// Reads from `from`, at most `max_bytes` (but a first batch that is larger, if `at_least_one`).
///
/// A position between the visible end and the log's own waits: hidden batches lie there, or what is not committed yet, of which its
/// producer (acks=1) may have been told. One that retention has passed in hidden batches alone is not out of range either.
pub fn read(partition: &Partition, from: Offset, max_bytes: u32, at_least_one: bool) -> Result<Slices, ReadError> {
    let bounds = visible(partition);
    let committed = partition.high_watermark();
    if from < bounds.start || from > partition.log().end() {
        return Err(ReadError::OutOfRange {
            start: bounds.start,
            end: bounds.end,
        });
    }
    if from >= bounds.end {
        return Ok(Slices::default());
    }
    partition
        .log()
        .read(from, committed, max_bytes, at_least_one, Which::Visible)
}
