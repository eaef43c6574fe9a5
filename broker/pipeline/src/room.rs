//! Memory for batches that are open for hooks, shared by all topics of a node.
//!
//! A batch of a few KiB may hold tens of MiB, and one of small records costs many times its bytes, because something is kept for
//! each of them: how much depends on what its topic may make of them. So each batch reserves what opening it may cost before it is
//! opened, gives back what it turned out not to need, and holds the rest until it is appended. Whoever finds no room waits; a topic
//! has a share of it at most, so that those of others don't wait for its plugins.
//!
//! What clients usually send reserves sixteen times its compressed size; what holds more begins anew with a reservation for
//! the largest that there may be.

use std::sync::Arc;

use bytes::Bytes;
use corvid_record::{Batch, BatchError, Compression, DecompressError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::assemble::HOLDS_MAX;
use crate::section::{Offsets, Section, SectionError};

/// How much memory open batches take on a node, all together.
pub const OPEN_BYTES_MAX: usize = 256 << 20;

/// How much of that one topic's batches take. No batch may take more.
pub const TOPIC_BYTES_MAX: usize = 160 << 20;

/// How far a batch is decompressed for hooks: a bomb costs this much and no more.
pub const DECOMPRESSED_BYTES_MAX: usize = 64 << 20;

/// The records, and once more what is made of them.
const BYTE_COST: usize = 2;
/// The fewest bytes that a record has.
pub(crate) const RECORD_BYTES_MIN: usize = 7;
/// How much larger than its compressed size a batch is expected to be at most …
const EXPECTED_FACTOR: usize = 16;
/// … beside this many bytes.
const EXPECTED_FREE: usize = 64 << 10;
/// A permit of the semaphore stands for so many bytes.
const UNIT: usize = 1 << 10;

/// What is kept of a batch beside its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Bytes for each record.
    record: usize,
    /// Bytes for each time that some of them are held until.
    hold: usize,
}

impl Cost {
    /// Records are looked at: where each starts, outcomes, its fate.
    pub(crate) const SEEN: Self = Self { record: 128, hold: 0 };
    /// Any of them may be edited, refused or sent elsewhere: with headers, reasons and codes of its own.
    pub(crate) const JUDGED: Self = Self { record: 512, hold: 0 };
    /// Any of them may have failed before: with its history, what a policy said of it, and the headers that tell all this.
    pub(crate) const FAILED: Self = Self { record: 2048, hold: 0 };

    /// Some may be held: each time that they wait for makes a batch of its own.
    pub(crate) fn with_holds(self) -> Self {
        Self { hold: 1024, ..self }
    }

    fn permits(self, bytes: usize, records: usize) -> usize {
        bytes
            .saturating_mul(BYTE_COST)
            .saturating_add(records.saturating_mul(self.record))
            .saturating_add(records.min(HOLDS_MAX) * self.hold)
            .div_ceil(UNIT)
    }
}

/// A topic's share of the room, and what is left of the whole.
#[derive(Debug, Clone)]
pub struct Room {
    /// Taken first: who waits here holds nobody up elsewhere.
    share: Arc<Semaphore>,
    node: Arc<Semaphore>,
}

/// A batch that is open. Its room is free again when this is dropped.
pub(crate) struct Open {
    pub section: Section,
    _share: OwnedSemaphorePermit,
    _node: OwnedSemaphorePermit,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(Arc::new(Semaphore::new(OPEN_BYTES_MAX / UNIT)))
    }
}

impl Room {
    fn of(node: Arc<Semaphore>) -> Self {
        let share = Arc::new(Semaphore::new(TOPIC_BYTES_MAX / UNIT));
        Self { share, node }
    }

    /// Another topic's share of the same room.
    pub(crate) fn for_another(&self) -> Self {
        Self::of(self.node.clone())
    }

    /// Opens `batch`, whose bytes are `whole`, to be looked at, as soon as there is room.
    pub(crate) async fn open(&self, whole: &Bytes, batch: &Batch<'_>, offsets: Offsets) -> Result<Open, SectionError> {
        self.open_at(Cost::SEEN, whole, batch, offsets).await
    }

    /// Opens `batch` for what costs so much beside it.
    pub(crate) async fn open_at(
        &self,
        cost: Cost,
        whole: &Bytes,
        batch: &Batch<'_>,
        offsets: Offsets,
    ) -> Result<Open, SectionError> {
        let stored = batch.section().len();
        let count = batch.record_count() as usize;
        // It is not even opened: a count that lies makes it no batch, either.
        fits(cost, count.saturating_mul(RECORD_BYTES_MIN), count)?;
        if batch.compression() == Compression::None {
            return self.open_within(cost, whole, batch, stored, offsets).await;
        }
        let expected = stored.saturating_mul(EXPECTED_FACTOR).saturating_add(EXPECTED_FREE);
        if expected < DECOMPRESSED_BYTES_MAX {
            match self.open_within(cost, whole, batch, expected, offsets).await {
                Err(SectionError::Batch(BatchError::Decompress(DecompressError::TooLarge { .. }))) => {}
                opened => return opened,
            }
        }
        self.open_within(cost, whole, batch, DECOMPRESSED_BYTES_MAX, offsets)
            .await
    }

    async fn open_within(
        &self,
        cost: Cost,
        whole: &Bytes,
        batch: &Batch<'_>,
        limit: usize,
        offsets: Offsets,
    ) -> Result<Open, SectionError> {
        let records = (batch.record_count() as usize).min(limit / RECORD_BYTES_MIN);
        let most = cost.permits(limit, records).min(TOPIC_BYTES_MAX / UNIT);
        let mut share = taken(&self.share, most).await;
        let mut node = taken(&self.node, most).await;
        let section = Section::open(whole, batch, limit, offsets)?;
        let needed = fits(cost, section.bytes().len(), section.count())?;
        let unused = most.saturating_sub(needed);
        drop((share.split(unused), node.split(unused)));
        Ok(Open {
            section,
            _share: share,
            _node: node,
        })
    }
}

async fn taken(room: &Arc<Semaphore>, permits: usize) -> OwnedSemaphorePermit {
    let taken = room.clone().acquire_many_owned(permits as u32).await;
    taken.expect("the semaphore is never closed")
}

/// How many permits so much takes, if there can be as many.
fn fits(cost: Cost, bytes: usize, records: usize) -> Result<usize, SectionError> {
    let needed = cost.permits(bytes, records);
    if needed > TOPIC_BYTES_MAX / UNIT {
        return Err(SectionError::TooManyRecords { count: records });
    }
    Ok(needed)
}

#[cfg(test)]
mod tests {
    use corvid_record::{BatchBuilder, RecordParts};

    use super::*;

    fn batch(codec: Compression, count: usize, value: &[u8]) -> Bytes {
        let mut builder = BatchBuilder::new(codec);
        for delta in 0..count {
            builder.push(&RecordParts {
                offset_delta: delta as i32,
                value: Some(value),
                ..RecordParts::default()
            });
        }
        builder.finish(None).unwrap()
    }

    async fn open(room: &Room, bytes: &Bytes) -> Result<Open, SectionError> {
        room.open(bytes, &Batch::parse(bytes).unwrap(), Offsets::Dense).await
    }

    /// The bug this is for: batches that are tens of MiB once they are open, held by one connection each while a plugin is slow.
    #[tokio::test]
    async fn there_is_room_for_so_much_and_then_the_next_waits() {
        let room = Room::default();
        let bomb = batch(Compression::Zstd, 1, &vec![0; 60 << 20]);
        let (others, thirds) = (room.for_another(), room.for_another());
        let (first, second) = (open(&room, &bomb).await.unwrap(), open(&others, &bomb).await.unwrap());
        let mut third = std::pin::pin!(open(&thirds, &bomb));
        assert!(futures_poll(third.as_mut()).is_none());
        drop(first);
        let third = third.await.unwrap();
        drop((second, third));
        assert_eq!(free(&room), OPEN_BYTES_MAX / UNIT);
    }

    /// The bug: one topic's batches have all the room, or wait for it before those of others, who wait for a plugin that is not theirs.
    #[tokio::test]
    async fn a_topic_waits_for_itself() {
        let room = Room::default();
        let bomb = batch(Compression::Zstd, 1, &vec![0; 60 << 20]);
        let first = open(&room, &bomb).await.unwrap();
        let mut queue: Vec<_> = (0..20).map(|_| Box::pin(open(&room, &bomb))).collect();
        assert!(queue.iter_mut().all(|next| futures_poll(next.as_mut()).is_none()));
        let others = room.for_another();
        for bytes in [batch(Compression::Zstd, 100, &[7; 1_000]), bomb.clone()] {
            let mut other = std::pin::pin!(open(&others, &bytes));
            assert!(futures_poll(other.as_mut()).is_some());
        }
        drop((first, queue));
        assert_eq!(free(&room), OPEN_BYTES_MAX / UNIT);
        assert_eq!(room.share.available_permits(), TOPIC_BYTES_MAX / UNIT);
    }

    fn free(room: &Room) -> usize {
        room.node.available_permits()
    }

    #[tokio::test]
    async fn what_is_not_needed_is_given_back_at_once() {
        let room = Room::default();
        for codec in Compression::ALL {
            let open = open(&room, &batch(codec, 100, &[7; 1_000])).await.unwrap();
            assert_eq!(open.section.count(), 100);
            let taken = OPEN_BYTES_MAX / UNIT - free(&room);
            assert!((200..250).contains(&taken), "{codec}: {taken} KiB");
        }
    }

    #[tokio::test]
    async fn more_small_records_than_there_can_be_room_for_are_refused() {
        let room = Room::default();
        let many = batch(Compression::Zstd, 2_200_000, &[]);
        assert!(matches!(
            open(&room, &many).await,
            Err(SectionError::TooManyRecords { count: 2_200_000 })
        ));
        let failed = batch(Compression::Zstd, 90_000, &[]);
        let parsed = Batch::parse(&failed).unwrap();
        for (cost, taken) in [(Cost::SEEN, true), (Cost::JUDGED, true), (Cost::FAILED, false)] {
            let opened = room.open_at(cost, &failed, &parsed, Offsets::Dense).await;
            assert_eq!(opened.is_ok(), taken, "{cost:?}");
        }
        let bomb = batch(Compression::Zstd, 1, &vec![0; 65 << 20]);
        assert!(matches!(open(&room, &bomb).await, Err(SectionError::Batch(_))));
        assert_eq!(free(&room), OPEN_BYTES_MAX / UNIT);
    }

    fn futures_poll<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
            std::task::Poll::Ready(output) => Some(output),
            std::task::Poll::Pending => None,
        }
    }
}
