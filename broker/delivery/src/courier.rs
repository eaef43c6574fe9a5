//! One source partition's entries on their way to their targets.
//!
//! # The protocol, and what is durable when
//!
//! ```text
//! Y X appended at p ─ committed at p ─ [read] ─ appended at A, stamped ─ committed at A ─ delivered(p) rises
//!                     (nothing leaves           (records and position
//!                      before)                   are one batch)
//! ```
//!
//! A crash before the append at A: the entry is read again, since A's position is behind it. After it: A's
//! position, rebuilt from the stamps of its own log, is past the entry, and it is skipped. There is no state
//! of the courier's own that has to survive: it starts at the log's start, and skips what the targets have.
//!
//! A position never stands between an entry and its mate: after an entry it is the offset behind the mate.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corvid_env::{clock, fault};
use corvid_metadata::{PartitionIndex, TopicId};
use corvid_record::hidden::{EntryView, LinkPosition, SourceId, SubBatchView, Target};
use corvid_record::{Batch, Offset, batches};
use corvid_replication::{AppendError, Closed, Partition, PartitionId, Replicas};
use corvid_storage::{AppendKind, EntryAt, ReadError, Which};

use crate::counters::Counters;
use crate::link_batch::{self, LinkBatchError};

/// How long a target that takes nothing (its disk is full) is left alone.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// Takes the entries of one partition to their targets, until it is told to stop.
pub(crate) struct Courier {
    source: Arc<Partition>,
    id: SourceId,
    replicas: Arc<Replicas>,
    counters: Arc<Counters>,
}

/// What a pass over the entries came to.
struct Pass {
    /// Everything below is with its targets, or will never be.
    taken: Offset,
    /// When to look again.
    next: Next,
    /// Each target that was appended to, or was ahead already, and the end to wait for.
    touched: BTreeMap<PartitionId, (Arc<Partition>, Offset)>,
}

/// When a courier looks again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// At once: there is more.
    Now,
    /// When something is committed at or above this offset.
    From(Offset),
    /// After a while: a target takes nothing for now.
    Later,
}

/// Why a pass could not go on.
#[derive(Debug, thiserror::Error)]
enum CourierError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the entry at offset {offset} of a link cannot be delivered: {error}")]
    Damaged { offset: Offset, error: String },
}

impl Courier {
    pub(crate) fn new(source: Arc<Partition>, id: SourceId, replicas: Arc<Replicas>, counters: Arc<Counters>) -> Self {
        Self {
            source,
            id,
            replicas,
            counters,
        }
    }

    /// Ends when the source is closed.
    pub(crate) async fn run(self) {
        let mut taken = self.source.log().start();
        loop {
            match self.pass(taken) {
                Ok(pass) => {
                    taken = pass.taken;
                    if self.finish(&pass).await.is_err() {
                        return;
                    }
                    if self.rest(pass.next).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::error!(source = ?self.source, %error, "delivery stops here until the node is restarted");
                    return;
                }
            }
        }
    }

    async fn rest(&self, next: Next) -> Result<(), Closed> {
        match next {
            Next::Now => Ok(()),
            Next::From(offset) => self.source.committed(offset.next()).await,
            // Nothing is ever committed up there: this waits for the time, or for the partition to be closed.
            Next::Later => match clock::timeout(RETRY_AFTER, self.source.committed(Offset(i64::MAX))).await {
                Ok(closed) => closed,
                Err(_elapsed) => Ok(()),
            },
        }
    }

    /// Waits until the targets have committed, and says so.
    async fn finish(&self, pass: &Pass) -> Result<(), Closed> {
        for (target, end) in pass.touched.values() {
            // A target that was deleted meanwhile is not waited for: its records went with it.
            let _ = target.committed(*end).await;
        }
        self.source.delivered().advance(pass.taken);
        Ok(())
    }

    /// Appends what is committed at the source and missing at its targets, in the order of the entries.
    fn pass(&self, from: Offset) -> Result<Pass, CourierError> {
        let limit = self.source.last_stable_offset();
        let mut pass = Pass {
            taken: from,
            next: Next::From(limit),
            touched: BTreeMap::new(),
        };
        let entries = self.source.log().entries(from, limit)?;
        let looked_to = entries.looked_to;
        for at in entries {
            match self.take(at, limit, &mut pass)? {
                Taken::All(position) => pass.taken = position,
                Taken::WaitsForMate => {
                    pass.taken = at.offset;
                    return Ok(pass);
                }
                Taken::Blocked => {
                    pass.taken = at.offset;
                    pass.next = Next::Later;
                    return Ok(pass);
                }
            }
        }
        pass.taken = pass.taken.max(looked_to);
        if looked_to < limit {
            pass.next = Next::Now;
        }
        Ok(pass)
    }

    fn take(&self, at: EntryAt, limit: Offset, pass: &mut Pass) -> Result<Taken, CourierError> {
        let damaged = |error: String| CourierError::Damaged {
            offset: at.offset,
            error,
        };
        let (first, second) = self.read_pair(at, limit)?;
        let batch = Batch::parse(&first).map_err(|error| damaged(error.to_string()))?;
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
        for sub_batch in entry.sub_batches().filter(|sub_batch| sub_batch.hold().is_none()) {
            if !self
                .deliver(&entry, &sub_batch, position, pass)
                .map_err(|error| damaged(error.to_string()))?
            {
                return Ok(Taken::Blocked);
            }
        }
        Ok(Taken::All(behind))
    }

    /// The entry's batch, and the one behind it if it is below `limit`.
    fn read_pair(&self, at: EntryAt, limit: Offset) -> Result<(Bytes, Option<Bytes>), CourierError> {
        let log = self.source.log();
        let first = log.read_bytes(at.offset, limit, at.bytes, true, Which::All)?;
        let entry_bytes = first.slice(..(at.bytes as usize).min(first.len()));
        let behind = batches(&entry_bytes)
            .next()
            .and_then(Result::ok)
            .map(|batch| batch.next_offset());
        let Some(behind) = behind.filter(|offset| *offset < limit) else {
            return Ok((entry_bytes, None));
        };
        // One byte at most, but at least one batch: just the mate.
        let second = log.read_bytes(behind, limit, 1, true, Which::All)?;
        Ok((entry_bytes, (!second.is_empty()).then_some(second)))
    }

    /// Appends one sub-batch, unless its target has it. Returns false if the target takes nothing for now.
    fn deliver(
        &self,
        entry: &EntryView<'_>,
        sub_batch: &SubBatchView<'_>,
        position: LinkPosition,
        pass: &mut Pass,
    ) -> Result<bool, LinkBatchError> {
        let id = partition_of(sub_batch.target());
        let Some(target) = self.replicas.get(id) else {
            if self.replicas.offline_reason(id).is_some() {
                return Ok(false);
            }
            self.counters.dropped(sub_batch.batch().record_count());
            tracing::warn!(source = ?self.source, target = ?id, "records for a partition that was deleted are dropped");
            return Ok(true);
        };
        let mut expected = target.log().link(self.id).unwrap_or(LinkPosition::START);
        loop {
            if expected >= position && fault::hit("link.dedupe").is_none() {
                let end = target.log().end();
                pass.touched.insert(id, (target, end));
                return Ok(true);
            }
            let batch = link_batch::build(entry, sub_batch, self.id, position)?;
            let kind = AppendKind::Link {
                source: self.id,
                expected,
            };
            fault::hit("link.before_append");
            match target.append(batch, kind) {
                Ok(appended) => {
                    fault::hit("link.after_append");
                    self.counters.delivered(sub_batch.batch().record_count());
                    pass.touched.insert(id, (target, appended.end));
                    return Ok(true);
                }
                Err(AppendError::Log(corvid_storage::AppendError::LinkMoved { actual })) => expected = actual,
                Err(error) => {
                    self.counters.blocked();
                    tracing::warn!(source = ?self.source, ?target, %error, "delivery waits for its target");
                    return Ok(false);
                }
            }
        }
    }
}

enum Taken {
    /// The link stands at this offset now.
    All(Offset),
    /// The entry's mate is not committed yet.
    WaitsForMate,
    /// A target takes nothing.
    Blocked,
}

fn partition_of(target: Target) -> PartitionId {
    PartitionId {
        topic: TopicId(target.topic_id),
        index: PartitionIndex(target.partition),
    }
}
