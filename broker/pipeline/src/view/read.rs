//! Reading a partition through views.

use std::sync::Arc;

use bytes::Bytes;
use corvid_env::fault::{self, Fault};
use corvid_env::task;
use corvid_record::{Offset, batches};
use corvid_replication::Partition;
use corvid_storage::{ReadError, Which};

use super::hidden::StretchKey;
use super::show::Shown;
use super::{ReaderView, Views};
use crate::fetch;

/// How many stored bytes are looked through at once, unless a batch is larger. Whoever has found nothing to show asks again.
const STEP_BYTES: u32 = 1 << 20;
/// Reading less is not worth the way to the disk.
const STEP_BYTES_MIN: u32 = 64 << 10;

/// What a reader asks for.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Where it stands.
    pub from: Offset,
    /// How many bytes it wants at most.
    pub max_bytes: u32,
    /// Whether the first batch is given even if it is larger.
    pub at_least_one: bool,
}

/// What there is for it.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Whole batches, each with something to show at or behind where the reader stands.
    pub batches: Vec<Bytes>,
    /// How many bytes they have.
    pub bytes: u64,
    /// Where the partition begins for this reader.
    pub start: Offset,
    /// The high watermark for this reader: its own position, where all behind that is hidden.
    pub end: Offset,
    /// Nothing was found so far, and there is more to look through.
    pub more: bool,
}

/// Why there is nothing.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The log says no.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A view failed, and what it would have changed is not shown.
    #[error("the view of {topic}-{partition} failed at offset {offset}: {reason}")]
    Failed {
        /// The topic.
        topic: Arc<str>,
        /// The partition.
        partition: i32,
        /// The first offset of the batch.
        offset: Offset,
        /// The plugin and its fault, or what is wrong with the batch.
        reason: String,
    },
}

/// Looks at one step's worth of batches.
pub async fn read(
    views: &Views,
    partition: &Arc<Partition>,
    view: &ReaderView,
    asked: Asked,
) -> Result<Seen, ViewError> {
    let bounds = fetch::visible(partition);
    let committed = partition.high_watermark();
    let key = StretchKey::of(partition, view);
    let at = views.hidden.lock().behind(&key, asked.from);
    // Whoever stands in a stretch that is hidden from him is not out of range when retention has taken its beginning.
    if at < bounds.start || asked.from > partition.log().end() {
        return Err(ViewError::Read(ReadError::OutOfRange {
            start: bounds.start,
            end: bounds.end,
        }));
    }
    let mut seen = Seen {
        start: bounds.start.min(asked.from),
        end: bounds.end,
        ..Seen::default()
    };
    if asked.max_bytes == 0 && !asked.at_least_one {
        return Ok(seen);
    }
    if at < bounds.end {
        let step = asked.max_bytes.clamp(STEP_BYTES_MIN, STEP_BYTES);
        let log = partition.log().clone();
        let stored = task::offload(move || log.read_bytes(at, committed, step, true, Which::Visible)).await?;
        let reading = Reading {
            views,
            partition,
            view,
            asked,
        };
        let looked = reading.take(at, &stored, &mut seen).await?;
        if seen.batches.is_empty() {
            views.hidden.lock().note(&key, asked.from, looked.to);
        }
        if looked.is_full || !seen.batches.is_empty() {
            return Ok(seen);
        }
        seen.more = looked.to < bounds.end;
    }
    if !seen.more {
        seen.end = asked.from.max(bounds.start);
    }
    Ok(seen)
}

/// How far was looked.
struct Looked {
    to: Offset,
    /// Not for want of batches: the next one has something to show, and is too large.
    is_full: bool,
}

struct Reading<'a> {
    views: &'a Views,
    partition: &'a Partition,
    view: &'a ReaderView,
    asked: Asked,
}

impl Reading<'_> {
    /// Shows the batches in `stored`, until there is enough.
    async fn take(&self, at: Offset, stored: &Bytes, seen: &mut Seen) -> Result<Looked, ViewError> {
        let mut to = at;
        for batch in batches(stored) {
            let failed = |offset, reason| ViewError::Failed {
                topic: self.view.topic.clone(),
                partition: self.partition.id().index.0,
                offset,
                reason,
            };
            let batch = batch.map_err(|error| failed(to, error.to_string()))?;
            let whole = stored.slice_ref(batch.bytes());
            let shown = match fault::hit("view.show") {
                // A test plants a bug here: what cannot be shown is shown as it is stored.
                Some(Fault::Skip) => Ok(Shown::as_stored(&batch)),
                Some(_) => Err("a fault that was asked for".to_owned()),
                None => self.views.show(self.view, self.partition.id(), &whole, &batch).await,
            };
            let shown = match shown {
                Ok(shown) => shown,
                // What is before it can be shown; the next fetch begins here.
                Err(_) if !seen.batches.is_empty() => return Ok(Looked { to, is_full: false }),
                Err(reason) => {
                    self.views.figures.failed();
                    return Err(failed(batch.base_offset(), reason));
                }
            };
            // A batch whose shown records are all in front of the reader is as good as hidden to it.
            if shown.last.is_some_and(|last| last >= self.asked.from) {
                let bytes = shown.instead.unwrap_or(whole);
                let enough = seen.bytes + bytes.len() as u64 > u64::from(self.asked.max_bytes);
                if enough && (!seen.batches.is_empty() || !self.asked.at_least_one) {
                    return Ok(Looked { to, is_full: true });
                }
                seen.bytes += bytes.len() as u64;
                seen.batches.push(bytes);
            } else {
                self.views.figures.hid();
            }
            to = batch.next_offset();
            // Others have connections on this thread, too.
            tokio::task::yield_now().await;
        }
        Ok(Looked { to, is_full: false })
    }
}
