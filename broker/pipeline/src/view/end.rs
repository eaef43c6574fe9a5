//! Where a partition ends for a reader: what ListOffsets tells it.
//!
//! A consumer that wants to read to the end asks for the end first, and stops when it is there. If the last records are
//! hidden from it, the partition's own end is an offset that it never reaches.

use std::sync::Arc;

use corvid_env::task;
use corvid_record::{Batch, Offset};
use corvid_replication::Partition;
use corvid_storage::Which;

use super::hidden::StretchKey;
use super::{ReaderView, Views};
use crate::fetch;

/// How many batches are looked at, from the end back; behind the last of them is the end then. It is one that the reader may
/// never come to see, if so much is hidden and nobody has read it with his eyes yet.
const BATCHES_MAX: usize = 256;

/// The offset behind the last record that the reader can see; the partition's own end where its views fail.
pub async fn end(views: &Views, partition: &Arc<Partition>, view: &ReaderView) -> Offset {
    let bounds = fetch::visible(partition);
    let key = StretchKey::of(partition, view);
    let mut end = bounds.end;
    for _ in 0..BATCHES_MAX {
        end = partition
            .log()
            .visible_end(views.hidden.lock().before(&key, end).max(bounds.start));
        if end <= bounds.start {
            return bounds.start;
        }
        match behind_last(views, partition, view, end).await {
            Some(Found::Record(behind)) => return behind,
            Some(Found::Nothing { base }) => {
                views.hidden.lock().note(&key, base, end);
                end = base;
            }
            None => return bounds.end,
        }
    }
    end
}

enum Found {
    /// The reader sees a record, just before this offset.
    Record(Offset),
    /// The reader sees nothing of the batch that begins here.
    Nothing { base: Offset },
}

/// What the reader sees of the batch that has the offset before `end`. `None` where that cannot be said.
async fn behind_last(views: &Views, partition: &Arc<Partition>, view: &ReaderView, end: Offset) -> Option<Found> {
    let (log, last, committed) = (partition.log().clone(), end + -1, partition.high_watermark());
    let stored = task::offload(move || log.read_bytes(last, committed, 1, true, Which::Visible)).await;
    let stored = stored.ok()?;
    let batch = Batch::parse(&stored).ok()?;
    let whole = stored.slice_ref(batch.bytes());
    let shown = views.show(view, partition.id(), &whole, &batch).await.ok()?;
    Some(match shown.last {
        Some(last) => Found::Record(last.next()),
        None => Found::Nothing {
            base: batch.base_offset(),
        },
    })
}
