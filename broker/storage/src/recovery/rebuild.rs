//! Making a sealed segment's sidecars again, from its log alone.

use std::collections::BTreeMap;

use corvid_env::clock::{self, WallTime};
use corvid_env::fs::Dir;
use corvid_record::Offset;
use corvid_record::hidden::{LinkPosition, SourceId};

use crate::batch_reader::{BatchReader, Next};
use crate::config::LogConfig;
use crate::error::ReadError;
use crate::facts::BatchFacts;
use crate::names;
use crate::segment::{ActiveSegment, Summary};

/// What a segment's summary says that its own batches don't.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    /// Just behind the last visible batch below the segment.
    pub visible_before: Offset,
    /// The log's links at the segment's end.
    pub links: Option<BTreeMap<SourceId, LinkPosition>>,
    /// When its first batch was written, if that is known. Its batches may have no timestamps.
    pub began_at: Option<WallTime>,
}

/// Walks a segment and writes its indexes and its summary, if there is room for them.
pub(crate) fn rebuild_sidecars(
    dir: &Dir,
    base: Offset,
    log_bytes: u64,
    around: &Surroundings,
) -> Result<Summary, ReadError> {
    let name = names::segment_file(base, names::LOG);
    let io_error = |error| ReadError::of_file(&name, error);
    let file = dir.open_file(&name).map_err(io_error)?;
    let mut segment = ActiveSegment::empty(file.clone(), base, around.visible_before);
    if let Some(began_at) = around.began_at {
        segment.times.began_at = began_at;
    }
    let interval = LogConfig::default().index_interval_bytes;
    let mut reader = BatchReader::new(&file, 0, log_bytes);
    loop {
        match reader.next().map_err(io_error)? {
            Next::Batch { batch, .. } if batch.base_offset() >= segment.next => {
                segment.note(dir, &BatchFacts::of(&batch), interval, clock::wall_clock());
            }
            Next::Batch { position, .. } => {
                return Err(ReadError::Corrupt {
                    file: name,
                    why: format!("offsets go backwards at byte {position}"),
                });
            }
            Next::Bad { position, why } => {
                return Err(ReadError::Corrupt {
                    file: name,
                    why: format!("byte {position}: {why}"),
                });
            }
            Next::End => break,
        }
    }
    // Retention needs to know the segment, on a full disk most of all.
    if let Err(error) = segment.write_sidecars(dir, around.links.as_ref()) {
        tracing::warn!(log = name, %error, "its sidecars can't be written: it is walked again when it is opened next");
    }
    Ok(segment.summary(around.links.as_ref()))
}
