//! Reads a table's topic, and goes on reading.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use corvid_env::{clock, task};
use corvid_metadata::PartitionIndex;
use corvid_record::{Batch, Offset, Records, batches};
use corvid_replication::{OffsetGate, Partition, PartitionId, Replicas, Watch};
use corvid_storage::{ReadError, Which};
use tokio::sync::Notify;

use super::kept::{Followed, Kept};
use crate::room::DECOMPRESSED_BYTES_MAX;

/// How much is read at once.
const PAGE_BYTES: u32 = 1 << 20;

/// How long a table that failed is left alone.
const REST: Duration = Duration::from_secs(10);

/// Where a partition is read on.
struct Place {
    followed: Arc<Followed>,
    position: Offset,
    /// Wakes when there is more.
    _watch: Watch,
}

/// Why a table is none.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    NoRoom(String),
    #[error("the topic is gone")]
    Gone,
    #[error("partition {index} is not to be read here{}", reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Offline { index: i32, reason: Option<String> },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("partition {index} is damaged at offset {offset}: {reason}")]
    Damaged { index: i32, offset: Offset, reason: String },
}

/// Keeps the table current until nobody has it.
pub(super) async fn run(kept: Weak<Kept>, replicas: Arc<Replicas>, wake: Arc<Notify>) {
    let mut places = BTreeMap::new();
    while let Some(table) = kept.upgrade() {
        let trouble = match catch_up(&table, &replicas, &mut places).await {
            Ok(true) => {
                table.set_current();
                None
            }
            Ok(false) => None,
            Err(trouble) => {
                table.set_failed(trouble.to_string());
                Some(trouble)
            }
        };
        drop(table);
        match trouble {
            None => wake.notified().await,
            Some(trouble) => {
                if matches!(trouble, Trouble::NoRoom(_) | Trouble::Gone) {
                    // Only another record, or other metadata, can change that.
                    wake.notified().await;
                }
                clock::sleep(REST).await;
                places.clear();
                if let Some(table) = kept.upgrade() {
                    table.empty();
                }
            }
        }
    }
}

/// Reads every partition to where it ends now. `false`: it isn't known yet which there are.
async fn catch_up(
    table: &Arc<Kept>,
    replicas: &Arc<Replicas>,
    places: &mut BTreeMap<i32, Place>,
) -> Result<bool, Trouble> {
    let Some(partitions) = table.partitions() else {
        return Ok(false);
    };
    if partitions == 0 {
        return Err(Trouble::Gone);
    }
    open(table, replicas, partitions, places)?;
    // As they end now: who writes all the time must not keep it from ever being current.
    let ends: Vec<End> = places
        .values()
        .map(|place| End::of(&place.followed.partition))
        .collect();
    let behind = |places: &BTreeMap<i32, Place>| {
        let ends = places.values().zip(&ends);
        ends.map(|(place, end)| (end.visible.0 - place.position.0).max(0).cast_unsigned())
            .sum()
    };
    table.set_behind(behind(places));
    for (index, end) in (0..partitions).zip(&ends) {
        while let Some(place) = places.get_mut(&index).filter(|place| place.position < end.visible) {
            let (from, followed, into) = (place.position, place.followed.clone(), table.clone());
            place.position = task::offload(move || read_page(&followed.partition, from, &into)).await?;
            table.set_behind(behind(places));
        }
        if let Some(place) = places.get(&index) {
            place.followed.taken.advance(end.committed);
        }
    }
    Ok(true)
}

/// Follows every partition.
fn open(table: &Kept, replicas: &Replicas, partitions: i32, places: &mut BTreeMap<i32, Place>) -> Result<(), Trouble> {
    let mut opened = false;
    for index in 0..partitions {
        let id = PartitionId {
            topic: table.topic(),
            index: PartitionIndex(index),
        };
        let Some(partition) = replicas.get(id) else {
            let reason = replicas.offline_reason(id);
            return Err(Trouble::Offline { index, reason });
        };
        let known = places.get(&index);
        // One that was opened anew has the same log.
        if known.is_none_or(|place| !Arc::ptr_eq(&place.followed.partition, &partition)) {
            opened = true;
            let position = known.map_or(Offset(0), |place| place.position);
            let place = Place {
                _watch: partition.watch(table.wake()),
                followed: Arc::new(Followed {
                    partition,
                    taken: OffsetGate::new(Offset(0)),
                }),
                position,
            };
            places.insert(index, place);
        }
    }
    if opened {
        table.set_followed(places.values().map(|place| place.followed.clone()).collect());
    }
    Ok(())
}

/// Where a partition ends.
struct End {
    /// Hidden batches included.
    committed: Offset,
    visible: Offset,
}

impl End {
    fn of(partition: &Partition) -> Self {
        // In this order: all that is visible below the one is below the other.
        let committed = partition.high_watermark();
        let visible = partition.visible_end();
        Self { committed, visible }
    }
}

/// Reads some batches into the table, and answers where to go on. Blocks on the disk.
fn read_page(partition: &Partition, from: Offset, table: &Kept) -> Result<Offset, Trouble> {
    let from = from.max(partition.visible_start());
    // In this order: below the end that is told, nothing is beyond the limit.
    let end = partition.visible_end();
    let limit = partition.high_watermark();
    let bytes = partition
        .log()
        .read_bytes(from, limit, PAGE_BYTES, true, Which::Visible)?;
    let mut next = from;
    for batch in batches(&bytes) {
        let damaged = |offset: Offset, error: &dyn std::fmt::Display| Trouble::Damaged {
            index: partition.id().index.0,
            offset,
            reason: error.to_string(),
        };
        let batch = batch.map_err(|error| damaged(next, &error))?;
        if !batch.attributes().control {
            let base = batch.base_offset();
            take(&batch, table).map_err(|error| match error {
                Refused::NoRoom => Trouble::NoRoom(table.no_room()),
                Refused::Damaged(reason) => damaged(base, &reason),
            })?;
        }
        next = batch.next_offset();
    }
    // Where nothing was found, compaction has left nothing.
    Ok(if next > from { next } else { end.max(from) })
}

/// Why a batch is not in the table.
enum Refused {
    NoRoom,
    Damaged(String),
}

fn take(batch: &Batch<'_>, table: &Kept) -> Result<(), Refused> {
    let section = batch
        .records_section(DECOMPRESSED_BYTES_MAX)
        .map_err(|error| Refused::Damaged(error.to_string()))?;
    for record in Records::new(&section, batch.record_count()) {
        let record = record.map_err(|error| Refused::Damaged(error.to_string()))?;
        let Some(key) = record.key else { continue };
        if !table.set(key, record.value) {
            return Err(Refused::NoRoom);
        }
    }
    Ok(())
}
