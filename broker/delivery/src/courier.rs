//! One source partition's entries on their way to their targets.
//!
//! # The protocol, and what is durable when
//!
//! ```text
//! Y X appended at p ─ committed and flushed at p ─ [read] ─ appended at A, stamped ─ committed at A ─ acks=all ─ flushed at A ─ hint
//!                     (nothing leaves before)               (records and position             is answered
//!                                                            are one batch)
//! ```
//!
//! Committed is flushed, but where the source's durability is `replicas`: there a power cut takes back what was committed. If it had left,
//! and its producer had no answer, it would come again, and be at A twice. So the courier asks for a flush when there is an entry that is
//! not on the disk, one round for all that are there by then, and takes them when it has ended. A log without entries is not flushed.
//!
//! Nor is what is committed at A on the disk there: an entry is deleted at p only when A has synced it. Retention asks A for that.
//!
//! A crash before the append at A: the entry is read again, since A's position is behind it. After it: A's
//! position, rebuilt from the stamps of its own log, is past the entry, and it is skipped.
//!
//! A position never stands between an entry and its mate: after an entry it is the offset behind the mate.
//!
//! # Links in step, and links behind
//!
//! Entries are taken in the log's order, each to all of its targets; that is the *head*. A target that takes nothing
//! (its disk is full, its log can't be opened) falls behind, and the head goes on. Now and then what it lacks is
//! read again, for it alone, until it has caught up with the head. Order holds for each link, and only for each link.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use corvid_env::clock::{self, Instant};
use corvid_env::fault;
use corvid_record::hidden::{EntryView, LinkPosition, LinkStamp, SourceId};
use corvid_record::{Batch, Offset};
use corvid_replication::{AppendError, Closed, Delivered, Partition, PartitionId, Replicas};
use corvid_storage::{AppendKind, EntryAt, ReadError};
use tokio::sync::Notify;
use tokio::task;

use crate::counters::Counters;
use crate::entry_reader;
use crate::link_batch::Parcel;
use crate::targets::partition_of;

/// How long a target that takes nothing (its disk is full) is left alone.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// Takes the entries of one partition to their targets, until it is told to stop.
pub(crate) struct Courier {
    pub source: Arc<Partition>,
    pub id: SourceId,
    pub replicas: Arc<Replicas>,
    pub counters: Arc<Counters>,
    /// Told when there was something to do.
    pub moved: Arc<Notify>,
}

/// Where a courier is.
#[derive(Debug)]
struct Place {
    head: Offset,
    /// The targets that are behind the head.
    behind: BTreeMap<PartitionId, Behind>,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
struct Behind {
    /// Where what it lacks begins.
    at: Offset,
    /// When it is tried again.
    retry_at: Instant,
}

/// For whom entries are read.
#[derive(Debug, Clone, Copy)]
enum Whom<'a> {
    /// For everyone who is not behind.
    InStep(&'a BTreeMap<PartitionId, Behind>),
    /// For one that is.
    Only(PartitionId),
}

/// When a courier looks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// At once: there is more.
    Now,
    /// When something is committed at or above this offset.
    From(Offset),
    /// When the source's disk has what is below this offset; that was asked for.
    Flushed(Offset),
}

/// Why a pass could not go on.
///
/// A disk that gives an error now may give the bytes later; what is damaged stays so.
#[derive(Debug, thiserror::Error)]
enum CourierError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the entry at offset {offset} of a link cannot be delivered: {error}")]
    Damaged { offset: Offset, error: String },
}

impl Whom<'_> {
    fn has(self, id: PartitionId) -> bool {
        match self {
            Self::InStep(behind) => !behind.contains_key(&id),
            Self::Only(one) => one == id,
        }
    }
}

impl Place {
    /// Where the partition's last courier was, if there was one: who waits for a target that is behind waits on.
    fn resumed(delivered: &Delivered) -> Self {
        let retry_at = clock::now();
        let behind = delivered.behind().into_iter();
        Self {
            head: delivered.head(),
            behind: behind.map(|(id, at)| (id, Behind { at, retry_at })).collect(),
        }
    }

    /// It lacks what is at `at` and above, and is tried again in a while.
    fn leave_behind(&mut self, id: PartitionId, at: Offset) {
        let retry_at = clock::now() + RETRY_AFTER;
        self.behind.insert(id, Behind { at, retry_at });
    }
}

impl Courier {
    /// Ends when the source is closed.
    pub async fn run(self) {
        let mut place = Place::resumed(self.source.delivered());
        loop {
            self.pass_what_is_gone(&mut place);
            let before = place.head;
            let followed = self.follow_up(&mut place);
            let next = followed.and(self.go_on(&mut place));
            if place.head > before {
                self.moved.notify_one();
            }
            let rested = match next {
                Ok(next) => self.rest(&place, next).await,
                // Retention was quicker than this turn; what it took was undelivered nowhere.
                Err(CourierError::Read(ReadError::OutOfRange { start, .. })) if place.head < start => Ok(()),
                Err(CourierError::Read(error @ (ReadError::Io { .. } | ReadError::OutOfRange { .. }))) => {
                    tracing::warn!(source = ?self.source, %error, "delivery waits for its source's disk");
                    self.back_off().await
                }
                Err(error @ (CourierError::Read(ReadError::Corrupt { .. }) | CourierError::Damaged { .. })) => {
                    tracing::error!(source = ?self.source, %error, "delivery stops here until the node is restarted");
                    return;
                }
            };
            if rested.is_err() {
                return;
            }
        }
    }

    /// Retention takes what a partition without a route has; its first route comes later, and finds no entry there.
    fn pass_what_is_gone(&self, place: &mut Place) {
        let start = self.source.log().start();
        for behind in place.behind.values_mut() {
            behind.at = start.max(behind.at);
        }
        if place.head < start {
            place.head = start;
            self.source.delivered().advance(start);
        }
    }

    async fn rest(&self, place: &Place, next: Next) -> Result<(), Closed> {
        let more = async {
            match next {
                Next::Now => {
                    // The others of this thread have their turn.
                    task::yield_now().await;
                    Ok(())
                }
                Next::From(offset) => self.source.committed(offset.next()).await,
                Next::Flushed(end) => self.source.flushed_to(end).await,
            }
        };
        let Some(retry_at) = place.behind.values().map(|behind| behind.retry_at).min() else {
            return more.await;
        };
        if retry_at <= clock::now() {
            task::yield_now().await;
            return Ok(());
        }
        match clock::timeout_at(retry_at, more).await {
            Ok(rested) => rested,
            Err(_elapsed) => Ok(()),
        }
    }

    /// A moment, unless the source is closed meanwhile.
    async fn back_off(&self) -> Result<(), Closed> {
        let closed = self.source.committed(Offset(i64::MAX));
        match clock::timeout_at(clock::now() + RETRY_AFTER, closed).await {
            Ok(closed) => closed,
            Err(_elapsed) => Ok(()),
        }
    }

    /// Takes those that are behind nearer to the head, a page each: others wait for their turn of this thread.
    fn follow_up(&self, place: &mut Place) -> Result<(), CourierError> {
        let now = clock::now();
        let due: Vec<_> = place
            .behind
            .iter()
            .filter(|(_, behind)| behind.retry_at <= now)
            .map(|(id, behind)| (*id, behind.at))
            .collect();
        for (id, at) in due {
            // Said first: after an error, too, it is tried again.
            place.leave_behind(id, at);
            let (reached, takes_more) = self.follow(id, at, place.head)?;
            self.source.delivered().follows(id, reached);
            if reached >= place.head {
                place.behind.remove(&id);
            } else if takes_more {
                let retry_at = now;
                place.behind.insert(id, Behind { at: reached, retry_at });
            } else {
                place.leave_behind(id, reached);
            }
        }
        Ok(())
    }

    /// Appends a page of what one target lacks; says how far it is then, and whether it takes more.
    fn follow(&self, id: PartitionId, from: Offset, head: Offset) -> Result<(Offset, bool), CourierError> {
        let entries = self.source.log().entries(from, head)?;
        let mut reached = entries.looked_to;
        for entry in entries {
            match self.take(entry, head, Whom::Only(id))? {
                Taken::All(position) => reached = reached.max(position),
                // Below the head, every entry has its mate.
                Taken::WaitsForMate | Taken::Without(_, _) => return Ok((entry.offset, false)),
            }
        }
        Ok((reached, true))
    }

    /// Appends what may leave the source and is missing at its targets, in the order of the entries.
    fn go_on(&self, place: &mut Place) -> Result<Next, CourierError> {
        let limit = self.source.may_leave();
        if place.head >= limit {
            return self.look_ahead(place);
        }
        let delivered = self.source.delivered();
        let entries = self.source.log().entries(place.head, limit)?;
        let looked_to = entries.looked_to;
        for at in entries {
            let position = match self.take(at, limit, Whom::InStep(&place.behind))? {
                Taken::All(position) => position,
                Taken::WaitsForMate => {
                    place.head = at.offset;
                    delivered.advance(place.head);
                    return Ok(self.wait_behind(limit));
                }
                Taken::Without(position, blocked) => {
                    for id in blocked {
                        self.counters.blocked();
                        delivered.fell_behind(id, at.offset);
                        place.leave_behind(id, at.offset);
                    }
                    position
                }
            };
            place.head = position;
            delivered.advance(position);
        }
        place.head = place.head.max(looked_to);
        delivered.advance(place.head);
        if looked_to < limit {
            Ok(Next::Now)
        } else {
            self.look_ahead(place)
        }
    }

    /// Behind what may leave, what is committed and not flushed: where there is an entry, a flush is asked for. Without one nobody is to
    /// wait, and nothing is to be flushed for us.
    fn look_ahead(&self, place: &mut Place) -> Result<Next, CourierError> {
        let committed = self.source.last_stable_offset();
        if place.head >= committed {
            return Ok(Next::From(committed));
        }
        let entries = self.source.log().entries(place.head, committed)?;
        let first = entries.entries.first().map(|at| at.offset);
        place.head = first.unwrap_or(committed);
        self.source.delivered().advance(place.head);
        Ok(match first {
            Some(offset) => self.wait_behind(offset),
            None => Next::From(committed),
        })
    }

    /// What is at `offset` is not there yet, or not on the disk.
    fn wait_behind(&self, offset: Offset) -> Next {
        if offset < self.source.last_stable_offset() {
            // The round that this starts takes what is appended until it begins; what comes later is asked for when it has ended.
            self.source.log().request_flush();
            Next::Flushed(offset.next())
        } else {
            Next::From(offset)
        }
    }

    fn take(&self, at: EntryAt, limit: Offset, whom: Whom<'_>) -> Result<Taken, CourierError> {
        self.counters.entry_read();
        let damaged = |error: String| CourierError::Damaged {
            offset: at.offset,
            error,
        };
        let (first, second) = entry_reader::read_pair(self.source.log(), at, limit)?;
        let batch = Batch::parse(&first).map_err(|error| damaged(error.to_string()))?;
        // What leaves gets a checksum of its own: damage would be right from then on.
        batch.verify_crc().map_err(|error| damaged(error.to_string()))?;
        let entry = EntryView::parse(batch).map_err(|error| damaged(error.to_string()))?;
        let mate = second.as_ref().map(|bytes| Batch::parse(bytes)).transpose();
        let mate = mate.map_err(|error| damaged(error.to_string()))?;
        let behind = match (&mate, entry.armed_alone()) {
            (_, true) => batch.next_offset(),
            (Some(mate), false) => mate.next_offset(),
            (None, false) => return Ok(Taken::WaitsForMate),
        };
        // A test plants bugs at these two points with `skip`: it takes torn entries for armed, and delivers twice.
        if !entry.is_armed(mate.as_ref()) && fault::hit("link.mate").is_none() {
            tracing::info!(source = ?self.source, offset = %at.offset, "an entry without its mate: a torn write");
            return Ok(Taken::All(batch.next_offset()));
        }
        let position = LinkPosition {
            epoch: entry.leader_epoch(),
            offset: behind,
        };
        let mut parcels = Vec::new();
        for sub_batch in entry.sub_batches().filter(|sub_batch| sub_batch.hold().is_none()) {
            if whom.has(partition_of(sub_batch.target())) {
                let parcel = Parcel::new(&entry, &sub_batch, &first);
                parcels.push(parcel.map_err(|error| damaged(error.to_string()))?);
            }
        }
        let stamp = LinkStamp::at(self.id, position).pack();
        let stamp = stamp.map_err(|error| damaged(error.to_string()))?;
        let mut blocked = Vec::new();
        let (mut whole, mut taken) = (BytesMut::from(first), 0);
        for parcel in parcels {
            let (id, records) = (parcel.target, parcel.records);
            if blocked.contains(&id) {
                continue;
            }
            let batch = || parcel.stamped(&mut whole, &mut taken, stamp);
            if !self.deliver(id, records, batch, position) {
                blocked.push(id);
            }
        }
        if blocked.is_empty() {
            Ok(Taken::All(behind))
        } else {
            Ok(Taken::Without(behind, blocked))
        }
    }

    /// Appends one sub-batch, unless its target has it. Returns false if the target takes nothing for now.
    fn deliver(&self, id: PartitionId, records: u32, batch: impl FnOnce() -> Bytes, position: LinkPosition) -> bool {
        let Some(target) = self.replicas.get(id) else {
            if self.replicas.offline_reason(id).is_some() {
                self.source.delivered().absent(id);
                return false;
            }
            self.counters.dropped(records);
            tracing::warn!(source = ?self.source, target = ?id, "records for a partition that was deleted are dropped");
            return true;
        };
        let mut expected = target.log().link(self.id).unwrap_or(LinkPosition::START);
        let is_there = |expected| expected >= position && fault::hit("link.dedupe").is_none();
        if is_there(expected) {
            self.source.delivered().appended(id, &target, target.log().end());
            return true;
        }
        let batch = batch();
        loop {
            let kind = AppendKind::Link {
                source: self.id,
                expected,
            };
            if let Some(fault) = fault::hit("link.before_append") {
                tracing::warn!(source = ?self.source, ?target, ?fault, "delivery waits for its target");
                return false;
            }
            match target.append(batch.clone(), kind) {
                Ok(appended) => {
                    fault::hit("link.after_append");
                    self.counters.delivered(records);
                    self.source.delivered().appended(id, &target, appended.end);
                    return true;
                }
                Err(AppendError::Log(corvid_storage::AppendError::LinkMoved { actual })) => {
                    expected = actual;
                    if is_there(expected) {
                        self.source.delivered().appended(id, &target, target.log().end());
                        return true;
                    }
                }
                Err(error) => {
                    tracing::warn!(source = ?self.source, ?target, %error, "delivery waits for its target");
                    if matches!(&error, AppendError::Log(corvid_storage::AppendError::Failed(_))) {
                        self.source.delivered().absent(id);
                    }
                    return false;
                }
            }
        }
    }
}

enum Taken {
    /// Its targets have it, and stand at this offset now.
    All(Offset),
    /// So do they, but for those that take nothing.
    Without(Offset, Vec<PartitionId>),
    /// The entry's mate is not committed yet.
    WaitsForMate,
}
