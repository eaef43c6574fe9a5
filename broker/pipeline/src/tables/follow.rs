//! Reads a table's topic, and goes on reading.

use std::sync::{Arc, Weak};
use std::time::Duration;

use corvid_env::{clock, fault, task};
use corvid_metadata::PartitionIndex;
use corvid_record::{Batch, Offset, Records, batches};
use corvid_replication::{OffsetGate, Partition, PartitionId, Replicas, Watch};
use corvid_storage::{ReadError, Which};
use tokio::sync::Notify;

use super::kept::{Followed, Kept, Room};
use crate::room::DECOMPRESSED_BYTES_MAX;

/// How much is read at once.
const PAGE_BYTES: u32 = 1 << 20;

/// How long a table that failed is left alone.
const REST: Duration = Duration::from_secs(10);

/// After this, a table without room is read again, whatever has happened meanwhile.
const AGAIN: Duration = Duration::from_mins(5);

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
    #[error("partition {index} is not to be read here{}", reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Offline { index: i32, reason: Option<String> },
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("partition {index} is damaged at offset {offset}: {reason}")]
    Damaged { index: i32, offset: Offset, reason: String },
}

/// Keeps the table current until nobody has it.
pub(super) async fn run(kept: Weak<Kept>, replicas: Arc<Replicas>, wake: Arc<Notify>) {
    let mut places = Vec::new();
    loop {
        let Err(trouble) = follow(&kept, &replicas, &wake, &mut places).await else {
            return;
        };
        let Some(table) = kept.upgrade() else { return };
        table.set_failed(trouble.to_string());
        drop(table);
        // Those who are judged by it end meanwhile.
        clock::sleep(REST).await;
        let Some(table) = kept.upgrade() else { return };
        table.empty();
        let room = table.room().clone();
        drop(table);
        if let Trouble::NoRoom(_) = trouble {
            room_may_have_changed(&wake, &room).await;
        }
    }
}

/// Other records may be smaller, and other tables may have got smaller.
async fn room_may_have_changed(wake: &Notify, room: &Room) {
    let changed = async {
        tokio::select! {
            biased;
            () = wake.notified() => {}
            () = room.freed.notified() => {}
        }
    };
    // It is looked at again anyhow.
    let _ = clock::timeout(AGAIN, changed).await;
}

/// Reads the topic from its start, and goes on, until nobody has the table.
async fn follow(
    kept: &Weak<Kept>,
    replicas: &Replicas,
    wake: &Arc<Notify>,
    places: &mut Vec<Place>,
) -> Result<(), Trouble> {
    let mut is_current = false;
    places.clear();
    while let Some(table) = kept.upgrade() {
        if let (Some(partitions), true) = (table.partitions(), places.is_empty()) {
            table.set_loading();
            *places = open(&table, replicas, partitions)?;
        }
        // Else it isn't known yet which partitions there are.
        // A test may plant a bug here: once it was read, the table is not followed.
        if !places.is_empty() && (!is_current || fault::hit("table.follow").is_none()) {
            catch_up(&table, places).await?;
            if !is_current {
                table.set_current(places.iter().map(|place| place.followed.clone()).collect());
                is_current = true;
            }
        }
        drop(table);
        wake.notified().await;
    }
    Ok(())
}

/// Every partition, from its start.
fn open(table: &Kept, replicas: &Replicas, partitions: i32) -> Result<Vec<Place>, Trouble> {
    let place = |index| {
        let id = PartitionId {
            topic: table.topic(),
            index: PartitionIndex(index),
        };
        let Some(partition) = replicas.get(id) else {
            let reason = replicas.offline_reason(id);
            return Err(Trouble::Offline { index, reason });
        };
        let position = match fault::hit("table.refill") {
            None => Offset(0),
            // A test plants a bug here: what is there already is not read.
            Some(_) => partition.visible_end(),
        };
        Ok(Place {
            _watch: partition.watch(table.wake()),
            followed: Arc::new(Followed {
                partition,
                taken: OffsetGate::new(Offset(0)),
            }),
            position,
        })
    };
    (0..partitions).map(place).collect()
}

/// Reads every partition to where it ends now: who writes all the time must not keep the table from ever being current.
async fn catch_up(table: &Arc<Kept>, places: &mut [Place]) -> Result<(), Trouble> {
    let ends: Vec<End> = places.iter().map(|place| End::of(&place.followed.partition)).collect();
    for (index, end) in ends.iter().enumerate() {
        table.set_behind(behind(places, &ends));
        while places[index].position < end.visible {
            let place = &mut places[index];
            let (from, followed, into) = (place.position, place.followed.clone(), table.clone());
            place.position = task::offload(move || read_page(&followed.partition, from, &into)).await?;
            table.set_behind(behind(places, &ends));
        }
    }
    if !table.is_complete() {
        return Err(Trouble::NoRoom(table.no_room()));
    }
    for (place, end) in places.iter().zip(&ends) {
        place.followed.taken.advance(end.committed);
    }
    Ok(())
}

/// How many offsets are to be read.
fn behind(places: &[Place], ends: &[End]) -> u64 {
    let left = |(place, end): (&Place, &End)| (end.visible.0 - place.position.0).max(0).cast_unsigned();
    places.iter().zip(ends).map(left).sum()
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
    // Only dying makes sense here.
    let _ = fault::hit("table.read");
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
        batch.verify_crc().map_err(|error| damaged(next, &error))?;
        if !batch.attributes().control {
            let base = batch.base_offset();
            take(&batch, table).map_err(|error| match error {
                Refused::NoRoom => Trouble::NoRoom(table.no_room()),
                Refused::Damaged(reason) => damaged(base, &reason),
            })?;
        }
        next = batch.next_offset();
    }
    if bytes.is_empty()
        && partition
            .log()
            .read(from, limit, PAGE_BYTES, true, Which::Visible)?
            .bytes
            > 0
    {
        // There is something, and it is no batch.
        return Err(Trouble::Damaged {
            index: partition.id().index.0,
            offset: from,
            reason: "a batch has another length than it says".to_owned(),
        });
    }
    // Where nothing is, compaction has left nothing.
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
