//! Writing a group of segments again, without what was replaced.

use std::io::IoSlice;
use std::sync::Arc;

use corvid_env::fault;
use corvid_env::fs::{Dir, File};
use corvid_record::hidden::{self, EntryView};
use corvid_record::{Batch, Offset, Rebuild, Record, Timestamp};

use super::KeyMap;
use super::opened::Opened;
use crate::batch_reader::{BatchReader, Next};
use crate::error::{ChangeError, ReadError};
use crate::names;
use crate::producer_state::ProducerState;
use crate::segment::{SealedSegment, replace};

/// What is kept.
#[derive(Debug)]
pub(crate) struct Keep<'a> {
    /// The keys' last offsets.
    pub keys: &'a KeyMap,
    /// What is below was in a pass before.
    pub first_dirty: Offset,
    /// Tombstones go whose time was up before this.
    pub now: Timestamp,
    /// Until when tombstones are kept that this pass meets first.
    pub horizon: Timestamp,
    /// Just behind the last visible batch of what is committed. That batch stays visible, whatever is in it: its end is what clients
    /// are told, what is behind it was told so, too, and nothing else that is left would take a reader so far.
    pub visible_end: Offset,
    /// The last batch of a producer stays, with or without records: its sequence is in it.
    pub producers: &'a ProducerState,
}

/// A group that was rewritten into a file of its own, synced.
#[derive(Debug)]
pub(crate) struct Rewritten {
    pub base: Offset,
    pub bytes_before: u64,
    pub bytes_after: u64,
    pub records_removed: u64,
    /// Whether it differs from what was there.
    pub changed: bool,
}

/// What is gathered before it is written.
const WRITE_BYTES: usize = 1 << 20;

/// Rewrites the group into `<base>.log.cleaned`, and syncs it. `go_on` is asked for each window that is read; `None` if it says no.
pub(crate) async fn rewrite(
    dir: &Dir,
    group: &[Arc<SealedSegment>],
    keep: &Keep<'_>,
    mut go_on: impl FnMut() -> Result<bool, ChangeError>,
) -> Result<Option<Rewritten>, ChangeError> {
    let base = group[0].base;
    let mut out = Output {
        file: replace(dir, &names::segment_file(base, names::CLEANED), &[])?,
        at: 0,
        pending: Vec::new(),
        removed: 0,
        changed: group.len() > 1,
    };
    for segment in group {
        let files = segment.open()?;
        let mut reader = BatchReader::new(&files.file, 0, segment.bytes);
        loop {
            if reader.take_filled() && !go_on()? {
                return Ok(None);
            }
            match reader.next().map_err(|error| segment.io_error(error))? {
                Next::Batch { batch, .. } => out.add(&batch, keep)?,
                Next::End => break,
                Next::Bad { position, why } => {
                    let why = format!("byte {position}: {why}");
                    return Err(ReadError::Corrupt {
                        file: segment.log_name(),
                        why,
                    }
                    .into());
                }
            }
        }
    }
    out.write()?;
    // A test plants a bug here: what takes the old segments' place is in the page cache only.
    if fault::hit("compaction.sync").is_none() {
        out.file.sync_data().await?;
    }
    let bytes_before = group.iter().map(|segment| segment.bytes).sum();
    Ok(Some(Rewritten {
        base,
        bytes_before,
        bytes_after: out.at,
        records_removed: out.removed,
        changed: out.changed,
    }))
}

struct Output {
    file: File,
    at: u64,
    pending: Vec<u8>,
    removed: u64,
    changed: bool,
}

impl Output {
    fn add(&mut self, batch: &Batch<'_>, keep: &Keep<'_>) -> Result<(), ChangeError> {
        // Control batches and hidden ones of ours have no keys that records could replace.
        if batch.attributes().control {
            return if is_delivered_entry(batch) {
                self.changed = true;
                Ok(())
            } else {
                self.put(batch.bytes())
            };
        }
        let Some(opened) = Opened::of(batch) else {
            return self.put(batch.bytes());
        };
        let mut kept: Vec<Record<'_>> = opened.records().filter(|record| keep.keeps(batch, record)).collect();
        if kept.is_empty() && batch.next_offset() == keep.visible_end {
            kept.extend(opened.records().last());
        }
        let removed = u64::from(batch.record_count()) - kept.len() as u64;
        self.removed += removed;
        let was_empty = hidden::is_hidden(batch);
        let begins_horizon = !batch.attributes().delete_horizon && kept.iter().any(|record| record.value.is_none());
        if removed == 0 && !was_empty && !begins_horizon {
            return self.put(batch.bytes());
        }
        if kept.is_empty() && !keep.is_last_of_its_producer(batch) {
            self.changed = true;
            return Ok(());
        }
        let mut left = Rebuild::new(*batch);
        if begins_horizon {
            left = left.delete_horizon(keep.horizon);
        }
        for record in &kept {
            left.keep(record);
        }
        let rebuilt = left.finish().map_err(|error| ReadError::Corrupt {
            file: format!("the batch at offset {}", batch.base_offset()),
            why: error.to_string(),
        })?;
        self.changed |= *rebuilt != *batch.bytes();
        self.put(&rebuilt)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ChangeError> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= WRITE_BYTES {
            self.write()
        } else {
            Ok(())
        }
    }

    fn write(&mut self) -> Result<(), ChangeError> {
        fault::check("compaction.write")?;
        self.file.write_all_at(self.at, &mut [IoSlice::new(&self.pending)])?;
        self.at += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}

impl Keep<'_> {
    fn keeps(&self, batch: &Batch<'_>, record: &Record<'_>) -> bool {
        let offset = batch.base_offset() + i64::from(record.offset_delta);
        // A record without a key can't be replaced, nor found by one: Kafka drops it as well.
        let Some(key) = record.key else {
            return false;
        };
        let expired = record.value.is_none()
            && batch.attributes().delete_horizon
            && offset < self.first_dirty
            && batch.base_timestamp() <= self.now;
        !expired && !self.keys.is_replaced(key, offset)
    }

    fn is_last_of_its_producer(&self, batch: &Batch<'_>) -> bool {
        let producer = self.producers.get(batch.producer_id());
        producer.is_some_and(|entry| entry.last_offset() == batch.last_offset())
    }
}

/// Whether it is an outbox entry that has done what it was for: what is compacted is below every link's committed position, and below
/// all that is held. So what an entry held was released; it has to go before its release does, or it would be found held again. A note
/// stays that the broker wrote of its own, of letters that were redriven.
fn is_delivered_entry(batch: &Batch<'_>) -> bool {
    EntryView::parse(*batch)
        .is_ok_and(|entry| !entry.armed_alone() || entry.holds() || entry.cancels().next().is_some())
}
