//! Writing a group of segments again, without what was replaced.

use std::io::IoSlice;
use std::sync::Arc;

use corvid_env::fs::{Dir, File};
use corvid_record::{Batch, Offset, Rebuild, Record, Records, Timestamp, hidden};

use super::KeyMap;
use super::key_map::{SECTION_BYTES_MAX, corrupt};
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
    /// Tombstones below this offset were in a pass before: whoever reads from the start had the time to see them …
    pub first_dirty: Offset,
    /// … if they are older than this.
    pub tombstones_before: Timestamp,
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
}

/// What is gathered before it is written.
const WRITE_BYTES: usize = 1 << 20;

/// Rewrites the group into `<base>.log.cleaned`, and syncs it.
pub(crate) async fn rewrite(
    dir: &Dir,
    group: &[Arc<SealedSegment>],
    keep: &Keep<'_>,
) -> Result<Rewritten, ChangeError> {
    let base = group[0].base;
    let mut out = Output {
        file: replace(dir, &names::segment_file(base, names::CLEANED), &[])?,
        at: 0,
        pending: Vec::new(),
        removed: 0,
    };
    for segment in group {
        let files = segment.open()?;
        let mut reader = BatchReader::new(&files.file, 0, segment.bytes);
        loop {
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
    out.file.sync_data().await?;
    let bytes_before = group.iter().map(|segment| segment.bytes).sum();
    Ok(Rewritten {
        base,
        bytes_before,
        bytes_after: out.at,
        records_removed: out.removed,
    })
}

struct Output {
    file: File,
    at: u64,
    pending: Vec<u8>,
    removed: u64,
}

impl Output {
    fn add(&mut self, batch: &Batch<'_>, keep: &Keep<'_>) -> Result<(), ChangeError> {
        // Control batches and hidden ones of ours have no keys that records could replace.
        if batch.attributes().control {
            return self.put(batch.bytes());
        }
        let section = batch
            .records_section(SECTION_BYTES_MAX)
            .map_err(|error| corrupt(batch, &error))?;
        let mut left = Rebuild::new(*batch);
        for record in Records::new(&section, batch.record_count()) {
            let record = record.map_err(|error| corrupt(batch, &error))?;
            if keep.keeps(batch, &record) {
                left.keep(&record);
            }
        }
        let removed = u64::from(batch.record_count()) - left.len() as u64;
        self.removed += removed;
        let was_empty = hidden::is_hidden(batch);
        if removed == 0 && !was_empty {
            return self.put(batch.bytes());
        }
        if left.is_empty() && !keep.is_last_of_its_producer(batch) {
            return Ok(());
        }
        let rebuilt = left.finish().map_err(|error| corrupt(batch, &error))?;
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
        let expired =
            record.value.is_none() && offset < self.first_dirty && batch.max_timestamp() < self.tombstones_before;
        !expired && !self.keys.is_replaced(key, offset)
    }

    fn is_last_of_its_producer(&self, batch: &Batch<'_>) -> bool {
        let producer = self.producers.get(batch.producer_id());
        producer.is_some_and(|entry| entry.last_offset() == batch.last_offset())
    }
}
