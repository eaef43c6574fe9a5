//! One partition's held records, from the log into the log: who waits until they are due, and releases them.
//!
//! # The protocol, and what is durable when
//!
//! ```text
//! Y (holds) X appended ─ committed ─ [noted: pending] ─ due, by the believed clock ─ release appended, stamped ─ committed: visible
//!     in the produce's one write       bitmap, by name                                  (records, and the name that ends,
//!                                                                                        are one batch)
//! ```
//!
//! A crash before the release is in the log: the hold is found pending again, and released. After it: the stamp says that it was. A
//! release that was cut off with the log's tail never happened; its hold stands before it in the same log.
//!
//! *Held again*: one entry of the broker's own holds the record at the log's end and ends the old hold: both, or neither. *Cancelled*: an
//! entry that only ends it. Nothing is released between such an entry's append and its commit.
//!
//! ```text
//! wanted by retention ─ entry appended: holds, ends ─ committed ─ flushed ─ [noted] ─ the old hold may be deleted
//! ```
//!
//! A full disk takes what is held again, out of its reserve, or retention could never make room.
//!
//! Retention stops at the oldest hold, and at the oldest one whose release may still be cut off. Committed is not flushed where the
//! durability is `replicas`: what takes an old hold's place, be it a release or another hold, is on the disk before the old one goes.

mod change;
mod list;
mod release;
mod replay;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use corvid_env::clock::{self, Instant};
use corvid_env::{fault, random};
use corvid_record::hidden::{EntryView, SourceId};
use corvid_record::{Batch, Offset, Timestamp};
use corvid_replication::{Closed, Partition};
use corvid_storage::{EntryAt, ReadError, Which};
use tokio::sync::{mpsc, oneshot};

use crate::counters::Counters;
use crate::entry_reader;
use crate::holds::checkpoint::Snapshot;
use crate::holds::{HeldAt, Holds, Next};
use release::{Allowance, Places};

pub use list::HeldRecord;

/// How long a log that takes or gives nothing is left alone.
const RETRY_AFTER: Duration = Duration::from_millis(250);
/// The wall clock may be set: it is looked at this often.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(5);

/// What others ask of a keeper.
pub(crate) enum Ask {
    /// What it knows, for a checkpoint; it ends after the last one.
    Snapshot {
        last: bool,
        answer: oneshot::Sender<Snapshot>,
    },
    /// The holds from a name on.
    List {
        from: Offset,
        limit: usize,
        answer: oneshot::Sender<Result<Vec<HeldRecord>, HeldError>>,
    },
    /// Ends these holds; the answer says how many of them were pending.
    Cancel {
        names: Vec<Offset>,
        answer: oneshot::Sender<Result<usize, HeldError>>,
    },
}

/// Why something can't be done with what is held.
#[derive(Debug, thiserror::Error)]
pub enum HeldError {
    /// The log can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What is there is not what a leader writes.
    #[error("the entry at offset {offset} can't be read: {error}")]
    Damaged {
        /// The entry's offset.
        offset: Offset,
        /// What is wrong with it.
        error: String,
    },
    /// The log takes nothing.
    #[error(transparent)]
    Append(#[from] corvid_replication::AppendError),
    /// The partition was closed, or holds nothing.
    #[error("the partition is not there, or holds nothing")]
    Closed,
}

impl From<Closed> for HeldError {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}

/// Takes care of one partition's holds until the partition is closed.
pub(crate) struct Keeper {
    pub partition: Arc<Partition>,
    pub id: SourceId,
    pub counters: Arc<Counters>,
    pub asked: mpsc::Receiver<Ask>,
    /// What was asked before the log was looked through.
    waiting: Vec<Ask>,
    /// Below, releases are an earlier life's, and found in the log only; those behind are this one's.
    replay_to: Offset,
    holds: Holds,
    /// Entries that were found damaged: each is told of once.
    damaged: BTreeSet<Offset>,
    /// The oldest hold is damaged: it can't be carried on.
    pinned: bool,
    allowance: Allowance,
    places: Places,
}

/// When a keeper looks again, if nothing else happens.
enum Rest {
    /// There is more to do.
    Not,
    /// At this time.
    Until(Instant),
    /// When something changes.
    Changed,
}

impl Keeper {
    /// Goes on from a snapshot, if there is one.
    pub fn new(
        partition: Arc<Partition>,
        id: SourceId,
        counters: Arc<Counters>,
        asked: mpsc::Receiver<Ask>,
        snapshot: Option<Snapshot>,
    ) -> Self {
        let (start, partition_end) = (partition.log().start(), partition.log().end());
        Self {
            partition,
            id,
            counters,
            asked,
            waiting: Vec::new(),
            replay_to: partition_end,
            holds: snapshot.map_or_else(|| Holds::new(start), Holds::restored),
            damaged: BTreeSet::new(),
            pinned: false,
            allowance: Allowance::default(),
            places: Places::default(),
        }
    }

    /// Ends when the partition is closed, or was asked for its last snapshot.
    pub async fn run(mut self) {
        match self.keep().await {
            Ok(()) | Err(HeldError::Closed) => {
                let held = self.holds.len();
                if held > 0 && self.partition.is_deleted() {
                    tracing::warn!(partition = ?self.partition, held, "what was held goes with the topic");
                }
            }
            Err(error) => {
                tracing::error!(partition = ?self.partition, %error, "what is held stays here until the node is restarted");
            }
        }
    }

    async fn keep(&mut self) -> Result<(), HeldError> {
        while let Err(error) = self.replay().await {
            self.rest_after(error).await?;
            while let Ok(ask) = self.asked.try_recv() {
                self.answer_meanwhile(ask)?;
            }
        }
        if self.partition.log().flushed() < self.replay_to {
            // Until then, what earlier keepers released counts as needed.
            self.partition.log().request_flush();
        }
        for ask in std::mem::take(&mut self.waiting) {
            self.answer(ask).await?;
        }
        loop {
            let rest = match self.turn().await {
                Ok(rest) => rest,
                Err(error) => {
                    self.rest_after(error).await?;
                    // Who asks is answered, and who stops the node, while the disk is full.
                    if self.answer_all().await? {
                        return Ok(());
                    }
                    continue;
                }
            };
            if self.rest(rest).await? {
                return Ok(());
            }
        }
    }

    /// One look at everything there is to do.
    async fn turn(&mut self) -> Result<Rest, HeldError> {
        self.follow()?;
        // Whatever fails behind this: on a full disk, what is told makes room.
        self.tell();
        self.hold_again().await?;
        let rest = self.release_due()?;
        if let Some(page) = self.holds.page_to_read() {
            let held = self.held_in(page.start, page.end)?;
            self.holds.found(held);
            self.tell();
            return Ok(Rest::Not);
        }
        self.tell();
        Ok(if self.holds.next() == Next::Unknown {
            Rest::Not
        } else {
            rest
        })
    }

    /// Takes in what was committed since the last look.
    fn follow(&mut self) -> Result<(), HeldError> {
        let log = self.partition.log().clone();
        let limit = self.partition.last_stable_offset();
        // Retention overtakes who rests, since nothing is held. What it took held nothing: it stops at what is needed.
        self.look_to(self.holds.looked_to().max(log.start()));
        while self.holds.looked_to() < limit {
            let entries = log.holding_entries(self.holds.looked_to(), limit)?;
            let looked_to = entries.looked_to;
            for at in entries {
                if at.offset >= self.holds.looked_to() && !self.take(at, limit)? {
                    return Ok(());
                }
            }
            self.look_to(looked_to);
        }
        // A sync may have covered releases since.
        self.look_to(self.holds.looked_to());
        Ok(())
    }

    /// Notes what an entry holds and what it ends; false if its mate is not there yet.
    fn take(&mut self, at: EntryAt, limit: Offset) -> Result<bool, HeldError> {
        let damaged = |error: String| HeldError::Damaged {
            offset: at.offset,
            error,
        };
        let (first, second) = entry_reader::read_pair(self.partition.log(), at, limit)?;
        let batch = Batch::parse(&first).map_err(|error| damaged(error.to_string()))?;
        let entry = EntryView::parse(batch).map_err(|error| damaged(error.to_string()))?;
        let mate = second.as_ref().map(|bytes| Batch::parse(bytes)).transpose();
        let mate = mate.map_err(|error| damaged(error.to_string()))?;
        if !entry.armed_alone() && mate.is_none() {
            self.look_to(at.offset);
            return Ok(false);
        }
        if let Err(error) = batch.verify_crc() {
            // When they are due is not to be trusted.
            self.note_damaged(&damaged(error.to_string()), at.offset);
            for held in held_of(&entry, &first) {
                self.holds.set_aside(&held);
            }
        } else if entry.is_armed(mate.as_ref()) {
            for name in entry.cancels() {
                self.holds.end(name);
            }
            for held in held_of(&entry, &first) {
                self.holds.begin(held);
            }
        }
        self.look_to(batch.next_offset());
        Ok(true)
    }

    fn look_to(&mut self, offset: Offset) {
        self.holds.look_to(offset, self.partition.log().flushed());
    }

    /// Every hold in the entries that reach into these offsets, pending or not. Those of a damaged entry stay pending, so that nothing of
    /// it is deleted, and are passed over.
    fn held_in(&mut self, from: Offset, to: Offset) -> Result<Vec<HeldAt>, HeldError> {
        let log = self.partition.log().clone();
        let limit = to.min(self.holds.looked_to());
        let mut next = from.max(log.start());
        let mut found = Vec::new();
        while next < limit {
            let entries = log.holding_entries(next, limit)?;
            next = entries.looked_to.max(next.next());
            for at in entries {
                let bytes = log.read_bytes(at.offset, self.holds.looked_to(), 1, true, Which::All)?;
                match entry_in(&bytes, at.offset) {
                    Ok(entry) => found.extend(held_of(&entry, &bytes).filter(|held| (from..to).contains(&held.name))),
                    Err(error) => self.note_damaged(&error, at.offset),
                }
            }
        }
        Ok(found)
    }

    fn note_damaged(&mut self, error: &HeldError, entry: Offset) {
        if self.damaged.insert(entry) {
            tracing::error!(partition = ?self.partition, %error, "what it holds is passed over, and stays where it is");
            self.counters.damaged();
        }
    }

    /// Says what others go by: how much is held, and from where on the log is needed.
    fn tell(&self) {
        let holding = self.partition.holding();
        holding.set_pending(self.holds.len());
        if self.partition.log().flushed() < self.replay_to {
            // A release of an earlier keeper may still be cut off: what that one has said stands.
            return;
        }
        let idle = !holding.was_allowed() && self.holds.len() == 0 && self.holds.unsettled() == 0;
        holding.set_needed_from((!idle).then(|| self.holds.needed_from()));
        if idle && holding.was_allowed() {
            // Since a moment ago.
            holding.set_needed_from(Some(self.holds.needed_from()));
        }
    }

    /// Waits for something to do; true if this was the end.
    async fn rest(&mut self, rest: Rest) -> Result<bool, HeldError> {
        if matches!(rest, Rest::Not) {
            tokio::task::yield_now().await;
            return self.answer_all().await;
        }
        let time_has_come = async {
            match rest {
                Rest::Until(at) => clock::sleep_until(at).await,
                Rest::Not | Rest::Changed => pending().await,
            }
        };
        let follows = self.partition.holding().was_allowed() || self.holds.len() > 0;
        // A topic that holds nothing has nothing to be followed for; but its end is to be heard of. One that allows it no more may get
        // what was judged before.
        let next = if follows {
            self.partition.last_stable_offset().next()
        } else {
            Offset(i64::MAX)
        };
        let unsettled = self.holds.first_unsettled().unwrap_or(self.replay_to);
        let flushed = self.partition.log().flushed();
        let (partition, asked) = (self.partition.clone(), &mut self.asked);
        let settles = async {
            match unsettled > flushed {
                true => partition.flushed_to(unsettled).await,
                false => pending().await,
            }
        };
        tokio::select! {
            biased;
            ask = asked.recv() => match ask {
                Some(ask) => self.answer(ask).await,
                None => Ok(true),
            },
            committed = partition.committed(next) => committed.map(|()| false).map_err(Into::into),
            settled = settles => settled.map(|()| false).map_err(Into::into),
            () = partition.holding().changed() => Ok(false),
            () = time_has_come => Ok(false),
        }
    }

    /// After an error that may pass; one that can't is given back.
    async fn rest_after(&mut self, error: HeldError) -> Result<(), HeldError> {
        match &error {
            HeldError::Read(ReadError::Io { .. } | ReadError::OutOfRange { .. }) | HeldError::Append(_) => {
                tracing::warn!(partition = ?self.partition, %error, "what is held waits for the partition's log");
            }
            HeldError::Closed | HeldError::Damaged { .. } | HeldError::Read(ReadError::Corrupt { .. }) => {
                return Err(error);
            }
        }
        let closed = self.partition.committed(Offset(i64::MAX));
        match clock::timeout_at(clock::now() + RETRY_AFTER, closed).await {
            Ok(closed) => closed.map_err(Into::into),
            Err(_elapsed) => Ok(()),
        }
    }

    async fn answer_all(&mut self) -> Result<bool, HeldError> {
        while let Ok(ask) = self.asked.try_recv() {
            if self.answer(ask).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Answers; true if nothing may happen afterwards. Who asked may have gone.
    async fn answer(&mut self, ask: Ask) -> Result<bool, HeldError> {
        match ask {
            Ask::Snapshot { last, answer } => {
                // What can't be read now is not in it; the next turn says so.
                let _ = self.follow();
                let _ = answer.send(self.holds.snapshot(self.partition.log()));
                return Ok(last);
            }
            Ask::List { from, limit, answer } => {
                // Whoever has an acknowledgement finds what is held by it.
                let listed = self.follow().and_then(|()| self.list(from, limit));
                let _ = answer.send(listed);
            }
            Ask::Cancel { names, answer } => {
                let _ = answer.send(self.cancel(&names).await);
            }
        }
        Ok(false)
    }
}

fn entry_in(bytes: &[u8], offset: Offset) -> Result<EntryView<'_>, HeldError> {
    let damaged = |error: String| HeldError::Damaged { offset, error };
    let batch = Batch::parse(bytes).map_err(|error| damaged(error.to_string()))?;
    batch.verify_crc().map_err(|error| damaged(error.to_string()))?;
    EntryView::parse(batch).map_err(|error| damaged(error.to_string()))
}

/// The holds of an entry, whose bytes are `whole`.
fn held_of<'a>(entry: &EntryView<'a>, whole: &'a [u8]) -> impl Iterator<Item = HeldAt> + use<'a> {
    let (offset, start) = (entry.offset(), whole.as_ptr().addr());
    entry.held().filter_map(move |(name, sub_batch)| {
        let hold = sub_batch.hold()?;
        let bytes = sub_batch.batch().bytes();
        // A test plants a bug here: when a record comes back is decided again, whenever its entry is read.
        let due = match fault::hit("retry.decide_again").filter(|_| hold.attempts > 0) {
            Some(_) => Timestamp(clock::wall_clock().0 + (random::below(1_000) as i64)),
            None => hold.due,
        };
        Some(HeldAt {
            due,
            first: hold.first_offset.unwrap_or(name),
            name,
            behind_entry: (name.0 - offset.0) as u32,
            begin: (bytes.as_ptr().addr() - start) as u32,
            len: bytes.len() as u32,
        })
    })
}
