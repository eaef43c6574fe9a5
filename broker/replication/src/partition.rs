//! One partition as its leader sees it: the log, the state of its replicas, and those who wait.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use corvid_metadata::config::Durability;
use corvid_metadata::{NodeId, PartitionIndex, TopicId};
use corvid_record::hidden::SourceId;
use corvid_record::{Batch, LeaderEpoch, Offset};
use corvid_storage::{Append, AppendKind, Appended, Log, LogListener};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::delivered::Delivered;
use crate::error::AppendError;
use crate::gaps::Gaps;
use crate::holding::Holding;
use crate::offset_gate::{Closed, OffsetGate};
use crate::refusals::{Refusal, Refusals};
use crate::replica_state::{Progress, ReplicaState};
use crate::traffic::Traffic;
use crate::watchers::{Watch, Watchers};

/// Which partition of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartitionId {
    /// The topic.
    pub topic: TopicId,
    /// Its index in the topic.
    pub index: PartitionIndex,
}

/// How much must have happened before a producer is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// Nothing: there is no answer.
    None,
    /// Written at the leader.
    Leader,
    /// Committed: the high watermark is past the batch.
    All,
}

/// What a partition takes from the metadata.
#[derive(Debug, Clone)]
pub struct Leadership {
    /// The epoch in which this node leads.
    pub epoch: LeaderEpoch,
    /// The in-sync replicas.
    pub in_sync: Vec<NodeId>,
    /// `corvid.durability` of the topic.
    pub durability: Durability,
    /// `min.insync.replicas` of the topic.
    pub min_in_sync: usize,
    /// The id that stands for this partition in the link stamps of others.
    pub source: Option<SourceId>,
    /// How many held records a second it gives back, if its topic holds records.
    pub release_rate: Option<u32>,
}

/// What was answered with an error in this leader epoch, as far as it matters for what comes later.
#[derive(Debug, Default)]
struct Failed {
    refusals: Refusals,
    gaps: Gaps,
}

/// A partition that this node leads.
///
/// Lock order: `failed`, then the log's own lock, then `state`. Nobody is called under `state`.
pub struct Partition {
    id: PartitionId,
    topic: Arc<str>,
    log: Arc<Log>,
    /// Also the lock that makes "look for what failed, then append" one step.
    failed: Mutex<Failed>,
    state: Mutex<ReplicaState>,
    source: AtomicI64,
    committed: OffsetGate,
    /// How far its own disk has the log.
    flushed: OffsetGate,
    watchers: Arc<Watchers>,
    /// How far its outbox entries have got. Retention stops where a target lacks its part, and a produce with
    /// acks=all that has an entry waits for the entry's targets.
    delivered: Delivered,
    /// What is held until later.
    holding: Holding,
    deleted: AtomicBool,
    traffic: Traffic,
}

impl Partition {
    /// Takes over a recovered log as its leader, and listens to it from now on.
    pub fn lead(id: PartitionId, topic: Arc<str>, log: Arc<Log>, leadership: Leadership) -> Arc<Self> {
        let progress = Progress {
            written: log.end(),
            flushed: log.flushed(),
        };
        let state = ReplicaState::new(
            leadership.epoch,
            leadership.in_sync,
            leadership.durability,
            leadership.min_in_sync,
            progress,
        );
        let partition = Arc::new(Self {
            id,
            topic,
            failed: Mutex::default(),
            committed: OffsetGate::new(state.high_watermark()),
            flushed: OffsetGate::new(progress.flushed),
            state: Mutex::new(state),
            source: AtomicI64::new(as_source(leadership.source)),
            watchers: Arc::default(),
            delivered: Delivered::new(log.start()),
            holding: Holding::new(log.start()),
            deleted: AtomicBool::new(false),
            traffic: Traffic::default(),
            log,
        });
        partition.holding.allow(leadership.release_rate, partition.log.start());
        let listener = Progressed(Arc::downgrade(&partition));
        partition.log.set_listener(Arc::new(listener));
        // What was flushed between reading the progress and listening would be missed otherwise.
        partition.flushed(partition.log.flushed());
        partition
    }

    /// Which partition this is.
    pub fn id(&self) -> PartitionId {
        self.id
    }

    /// The topic's name.
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// The log: for reading, and for what is asked of positions and times.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// What clients have sent and fetched.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// The epoch in which this node leads.
    pub fn leader_epoch(&self) -> LeaderEpoch {
        self.state.lock().leader_epoch
    }

    /// The id that stands for this partition in link stamps, once it has a route.
    pub fn source(&self) -> Option<SourceId> {
        u32::try_from(self.source.load(Ordering::Acquire))
            .ok()
            .and_then(SourceId::new)
    }

    /// Behind the last committed batch, hidden ones included.
    pub fn high_watermark(&self) -> Offset {
        self.committed.get()
    }

    /// Behind the last batch that no open transaction holds back. There are none yet.
    pub fn last_stable_offset(&self) -> Offset {
        self.high_watermark()
    }

    /// The high watermark that clients are told: just behind the last visible batch below the true one.
    pub fn visible_end(&self) -> Offset {
        self.log.visible_end(self.high_watermark())
    }

    /// The log start that clients are told: never behind what a consumer that has read everything stands at.
    pub fn visible_start(&self) -> Offset {
        self.log.visible_start(self.high_watermark())
    }

    /// Returns once everything below `end` is committed.
    pub async fn committed(&self, end: Offset) -> Result<(), Closed> {
        self.committed.reached(end).await
    }

    /// Behind the last batch that may leave for another log: it is committed, and on the disk.
    ///
    /// What is committed under `replicas` may be taken back by a power cut. Its producer would send it again, and where it has gone, and
    /// was flushed, it would be twice.
    pub fn may_leave(&self) -> Offset {
        // A test plants a bug here: what leaves may be taken back.
        match corvid_env::fault::hit("link.flushed") {
            Some(_) => self.last_stable_offset(),
            None => self.last_stable_offset().min(self.flushed.get()),
        }
    }

    /// Returns once everything below `end` is on this node's disk. Under `replicas` somebody has to ask for that
    /// ([`Log::request_flush`]), or it takes until the segment is sealed.
    pub async fn flushed_to(&self, end: Offset) -> Result<(), Closed> {
        self.flushed.reached(end).await
    }

    /// Wakes `notify` whenever the high watermark rises, until the answer is dropped.
    pub fn watch(&self, notify: &Arc<Notify>) -> Watch {
        self.watchers.add(notify)
    }

    /// Appends `batch`, which is what hooks left of the one that was `sent`, behind its outbox entry, if it has one.
    ///
    /// A duplicate is answered with its first offset; a batch that was refused before is refused again.
    pub fn append_produced(
        &self,
        acks: Acks,
        sent: &Batch<'_>,
        entry: Option<Bytes>,
        batch: Bytes,
    ) -> Result<Appended, AppendError> {
        let mut failed = self.failed.lock();
        if let Some(refusal) = failed.refusals.find(sent) {
            return Err(AppendError::Refused(refusal));
        }
        if let Some(expected) = failed.gaps.before(sent)
            && !self.log.knows_producer(sent.producer_id())
        {
            let got = sent.base_sequence();
            return Err(corvid_storage::AppendError::OutOfOrderSequence { expected, got }.into());
        }
        let epoch = self.admit(acks)?;
        let appended = self.append_in(epoch, entry, batch, AppendKind::Client)?;
        failed.gaps.filled(sent);
        Ok(appended)
    }

    /// A client's batch was answered with an error: nothing behind it is taken from its producer before it is.
    pub fn failed(&self, batch: &Batch<'_>) {
        self.note_gap(&mut self.failed.lock(), batch);
    }

    /// Whom the log knows, the log judges.
    fn note_gap(&self, failed: &mut Failed, batch: &Batch<'_>) {
        if !self.log.knows_producer(batch.producer_id()) {
            failed.gaps.note(batch);
        }
    }

    /// Refuses a client's batch, unless it is a duplicate of one that is in the log: that is answered as one.
    pub fn refuse(&self, batch: &Batch<'_>, refusal: Refusal) -> Result<Appended, AppendError> {
        let mut failed = self.failed.lock();
        if let Some(appended) = self.log.find_duplicate(batch) {
            return Ok(appended);
        }
        self.note_gap(&mut failed, batch);
        Err(AppendError::Refused(failed.refusals.remember(batch, Arc::new(refusal))))
    }

    /// Appends a batch of the broker's own: a link's, or a coordinator's.
    pub fn append(&self, batch: Bytes, kind: AppendKind) -> Result<Appended, AppendError> {
        let epoch = self.leader_epoch();
        self.append_in(epoch, None, batch, kind)
    }

    /// Appends batches of the broker's own, and wakes whoever waits for them once. Gives the offset behind each; fewer if the log takes
    /// no more of them, and an error only if it takes none.
    pub fn append_run(&self, batches: Vec<Bytes>) -> Result<Vec<Offset>, AppendError> {
        let epoch = self.leader_epoch();
        let mut ends = Vec::with_capacity(batches.len());
        for batch in batches {
            match self.log.append(Append {
                epoch,
                entry: None,
                batch,
                kind: AppendKind::Internal,
            }) {
                Ok(appended) => ends.push(appended.end),
                Err(error) if ends.is_empty() => return Err(error.into()),
                Err(_) => break,
            }
        }
        if let Some(&end) = ends.last() {
            self.written(end);
        }
        Ok(ends)
    }

    fn append_in(
        &self,
        epoch: LeaderEpoch,
        entry: Option<Bytes>,
        batch: Bytes,
        kind: AppendKind,
    ) -> Result<Appended, AppendError> {
        let appended = self.log.append(Append {
            epoch,
            entry,
            batch,
            kind,
        })?;
        self.written(appended.end);
        Ok(appended)
    }

    fn admit(&self, acks: Acks) -> Result<LeaderEpoch, AppendError> {
        let state = self.state.lock();
        if acks == Acks::All && !state.enough_in_sync() {
            return Err(AppendError::NotEnoughReplicas {
                in_sync: state.in_sync.len(),
                needed: state.min_in_sync,
            });
        }
        Ok(state.leader_epoch)
    }

    /// Retention may not pass this offset: what is above is uncommitted, or somewhere not delivered, or not on the disk there.
    pub fn retention_limit(&self) -> Offset {
        match self.source() {
            Some(_) => {
                let delivered = self.delivered.flushed().min(self.high_watermark());
                // A test plants a bug here: what is held is forgotten when its segment goes.
                match corvid_env::fault::hit("hold.retention") {
                    Some(_) => delivered,
                    None => delivered.min(self.holding.needed_from()),
                }
            }
            // Without a route there is no entry.
            None => self.high_watermark(),
        }
    }

    /// How far this partition's outbox entries are delivered.
    pub fn delivered(&self) -> &Delivered {
        &self.delivered
    }

    /// What this partition holds until later.
    pub fn holding(&self) -> &Holding {
        &self.holding
    }

    /// Takes over a change of the metadata. A new leader epoch forgets the refusals of the old one.
    pub fn update(&self, leadership: Leadership) {
        self.source.store(as_source(leadership.source), Ordering::Release);
        self.holding.allow(leadership.release_rate, self.log.end());
        let mut failed = self.failed.lock();
        let rose = {
            let mut state = self.state.lock();
            if state.leader_epoch != leadership.epoch {
                failed.refusals.clear();
                failed.gaps.clear();
                state.leader_epoch = leadership.epoch;
            }
            state.in_sync = leadership.in_sync;
            state.min_in_sync = leadership.min_in_sync;
            state.set_durability(leadership.durability)
        };
        drop(failed);
        self.rose(rose);
    }

    /// Its topic was deleted: nobody waits for its records any more. Said before its log is closed.
    pub fn set_deleted(&self) {
        self.deleted.store(true, Ordering::Release);
    }

    /// Whether its topic was deleted.
    pub fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }

    /// Ends every wait: the partition is deleted, or led by someone else.
    pub fn close(&self) {
        self.committed.close();
        self.flushed.close();
        self.delivered.close();
        self.watchers.wake();
    }

    fn written(&self, end: Offset) {
        let rose = self.state.lock().written(end);
        self.rose(rose);
    }

    fn flushed(&self, end: Offset) {
        let rose = self.state.lock().flushed(end);
        // First: whoever is woken by the high watermark finds that all of it may leave.
        self.flushed.advance(end);
        self.rose(rose);
    }

    fn rose(&self, high_watermark: Option<Offset>) {
        if let Some(offset) = high_watermark
            && self.committed.advance(offset)
        {
            self.watchers.wake();
        }
    }
}

impl std::fmt::Debug for Partition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.topic, self.id.index.0)
    }
}

fn as_source(source: Option<SourceId>) -> i64 {
    source.map_or(-1, |source| i64::from(source.get()))
}

/// The log tells its partition of progress, without keeping it alive.
struct Progressed(Weak<Partition>);

impl LogListener for Progressed {
    fn written(&self, _end: Offset) {
        // The append that wrote it tells, with the same end.
    }

    fn flushed(&self, end: Offset) {
        if let Some(partition) = self.0.upgrade() {
            partition.flushed(end);
        }
    }

    fn failed(&self) {
        if let Some(partition) = self.0.upgrade() {
            partition.close();
        }
    }
}
