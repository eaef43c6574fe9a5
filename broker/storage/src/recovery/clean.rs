//! After a clean shutdown: the log as its sidecars say, nothing walked.

use std::sync::Arc;

use corvid_env::fs::Dir;
use corvid_record::Offset;

use super::inventory::Inventory;
use super::{Derived, Known, Recovered};
use crate::epochs::LeaderEpochs;
use crate::links::Links;
use crate::names;
use crate::producer_state::{ProducerState, SNAPSHOT_BYTES_MAX};
use crate::segment::{ActiveSegment, SealedSegment, read_summary};

/// The longest epoch checkpoint that is read.
pub(super) const EPOCHS_BYTES_MAX: u64 = 16 << 20;

/// The log as a clean shutdown left it; `None` if anything doesn't fit, and the log is to be walked.
pub(super) fn resume(dir: &Dir, inventory: &Inventory, known: &Known) -> Option<Recovered> {
    match try_resume(dir, inventory, known) {
        Ok(recovered) => Some(recovered),
        Err(why) => {
            tracing::warn!(log = %dir.path().display(), why, "the shutdown was clean, and the log's sidecars don't say so: recovering it");
            None
        }
    }
}

fn try_resume(dir: &Dir, inventory: &Inventory, known: &Known) -> Result<Recovered, String> {
    let (&base, &log_bytes) = inventory.segments.last_key_value().ok_or("there is no segment")?;
    let summary = read_summary(dir, base, log_bytes).map_err(|error| error.to_string())?;
    if summary.end != known.flushed {
        return Err(format!(
            "it ends at {}, and is flushed up to {}",
            summary.end, known.flushed
        ));
    }
    let snapshot = names::segment_file(summary.end, names::SNAPSHOT);
    let producers = dir
        .read(&snapshot, SNAPSHOT_BYTES_MAX)
        .map_err(|error| error.to_string())?;
    let links = summary.links.clone().ok_or("its links are not known")?;
    let epochs = read_epochs(dir).ok_or("its epochs can't be read")?;
    if epochs == LeaderEpochs::default() && summary.end > Offset::ZERO {
        return Err("its epochs are gone".to_owned());
    }
    let derived = Derived {
        epochs,
        producers: ProducerState::decode(&producers).map_err(|error| error.to_string())?,
        links: Links::new(links),
    };
    let sealed = sealed_segments(dir, inventory, base);
    let start = sealed.first().map_or(base, |segment| segment.base);
    let visible_start = known.visible_start.unwrap_or(start);
    let file = dir
        .open_file(&names::segment_file(base, names::LOG))
        .map_err(|error| error.to_string())?;
    let active = ActiveSegment::resume(dir, file, &summary).map_err(|error| error.to_string())?;
    let sealed = sealed.into_iter().map(|segment| (segment.base, segment)).collect();
    Ok(Recovered {
        sealed,
        active,
        derived,
        visible_start,
        unsynced: Vec::new(),
        directory_unsynced: false,
        snapshot: Some(summary.end),
        superseded: Vec::new(),
        resumed: true,
    })
}

/// The segments below `active`, taken as they are.
pub(super) fn sealed_segments(dir: &Dir, inventory: &Inventory, active: Offset) -> Vec<Arc<SealedSegment>> {
    let ends = inventory.segments.keys().skip(1).copied();
    let segments = inventory
        .segments
        .iter()
        .zip(ends)
        .filter(|((base, _), _)| **base < active);
    segments
        .map(|((&base, &bytes), end)| Arc::new(SealedSegment::new(dir.clone(), base, end, bytes)))
        .collect()
}

/// The epoch checkpoint. A log that never had a batch has none.
pub(super) fn read_epochs(dir: &Dir) -> Option<LeaderEpochs> {
    match dir.read(names::LEADER_EPOCHS, EPOCHS_BYTES_MAX) {
        Ok(bytes) => LeaderEpochs::parse(&String::from_utf8(bytes).ok()?).ok(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(LeaderEpochs::default()),
        Err(_) => None,
    }
}
