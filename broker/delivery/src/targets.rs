//! Where an entry's records go.

use bytes::Bytes;
use corvid_metadata::{PartitionIndex, TopicId};
use corvid_record::hidden::{EntryView, Target};
use corvid_record::{Batch, Offset};
use corvid_replication::{Elsewhere, Partition, PartitionId};
use corvid_storage::Which;

/// Where records of the batch at `base` went, which is in the partition's log: its outbox entry, right before it, says.
///
/// A batch that is sent again is asked for, so this must not fail: what can't be read is anywhere.
pub fn elsewhere_of(partition: &Partition, base: Offset) -> Elsewhere {
    let log = partition.log();
    if base <= log.start() {
        return Elsewhere::Anywhere;
    }
    match log.read_bytes(Offset(base.0 - 1), base, 1, true, Which::All) {
        Ok(before) => targets(&before, base).map_or(Elsewhere::Anywhere, Elsewhere::To),
        Err(_) => Elsewhere::Anywhere,
    }
}

fn targets(before: &Bytes, base: Offset) -> Option<Vec<PartitionId>> {
    let batch = Batch::parse(before).ok()?;
    if batch.next_offset() != base {
        return None;
    }
    let Ok(entry) = EntryView::parse(batch) else {
        // Another batch: nothing of this one left.
        return Some(Vec::new());
    };
    let leaving = entry.sub_batches().filter(|sub_batch| sub_batch.hold().is_none());
    Some(leaving.map(|sub_batch| partition_of(sub_batch.target())).collect())
}

pub(crate) fn partition_of(target: Target) -> PartitionId {
    PartitionId {
        topic: TopicId(target.topic_id),
        index: PartitionIndex(target.partition),
    }
}
