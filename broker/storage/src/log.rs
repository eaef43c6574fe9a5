//! A partition's log.

mod append;
mod compact;
mod flush;
mod lookup;
mod open;
mod read;
mod retain;
mod roll;
mod state;
mod truncate;
mod visible;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Weak};

use corvid_env::fs::Dir;
use corvid_record::hidden::{LinkPosition, SourceId};
use corvid_record::{LeaderEpoch, Offset, ProducerEpoch, ProducerId, Sequence, Timestamp};
use parking_lot::{Mutex, MutexGuard, RwLock};

pub(crate) use flush::Round;
pub(crate) use state::Doomed;
use state::{Condition, State};

use crate::config::{LogConfig, TimestampType};
use crate::flushed_file::SlotId;
use crate::shared::Shared;

/// A partition's log: appended to by its leader, read as file ranges, recovered after a crash.
pub struct Log {
    name: Arc<str>,
    dir: Dir,
    shared: Arc<Shared>,
    slot: SlotId,
    this: Weak<Self>,
    /// The one lock.
    state: Mutex<State>,
    /// Copies of what the lock guards, for who only looks.
    end: AtomicI64,
    flushed: AtomicI64,
    stamps_time: AtomicBool,
    /// Whether the flusher's queue has this log.
    queued: AtomicBool,
    /// Held by whoever rewrites what is below the end: truncation, compaction, deletion. Taken before `state`.
    maintenance: tokio::sync::Mutex<()>,
    listener: RwLock<Option<Arc<dyn LogListener>>>,
}

/// Told of a log's progress, outside its lock. It must return quickly: the appender or the flusher waits.
pub trait LogListener: Send + Sync {
    /// The log is written up to `end`.
    fn written(&self, end: Offset);
    /// A completed sync covers everything below `end`.
    fn flushed(&self, end: Offset);
    /// Nothing more will be written or flushed: the log or its directory has failed, or was deleted.
    fn failed(&self);
}

/// Why a log's start moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A client asked for it: only what clients see moves at once. What lies below is deleted by
    /// [`Log::retain`], as far as links allow.
    DeleteRecords,
    /// Retention, or a leader's start: the log itself begins there from now on.
    Retention,
}

/// What the log knows of an idempotent producer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProducerInfo {
    /// The producer's id.
    pub id: ProducerId,
    /// Its newest epoch.
    pub epoch: ProducerEpoch,
    /// The sequence of its last record.
    pub last_sequence: Sequence,
    /// The offset of its last record.
    pub last_offset: Offset,
    /// The largest timestamp of its last batch.
    pub last_timestamp: Timestamp,
}

/// A segment that retention removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletedSegment {
    /// Its first offset, which names its files.
    pub base_offset: Offset,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Compacted {
    /// Bytes of the segments that were rewritten, before.
    pub bytes_before: u64,
    /// Their bytes afterwards.
    pub bytes_after: u64,
    /// Records that went away.
    pub records_removed: u64,
}

impl Log {
    /// `<topic>-<partition>`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first offset of the log.
    pub fn start(&self) -> Offset {
        self.state.lock().start()
    }

    /// The offset behind the last batch that is written.
    pub fn end(&self) -> Offset {
        Offset(self.end.load(Ordering::Acquire))
    }

    /// The offset up to which a completed sync covers the log.
    pub fn flushed(&self) -> Offset {
        Offset(self.flushed.load(Ordering::Acquire))
    }

    /// The largest epoch at or below `epoch` that has records, and where it ends (at `limit` at most);
    /// `(-1, -1)` where that is not known.
    pub fn epoch_end(&self, epoch: LeaderEpoch, limit: Offset) -> (LeaderEpoch, Offset) {
        let state = self.state.lock();
        state.derived.epochs.end_of(epoch, limit.min(state.active.next))
    }

    /// The leader epoch of the batch just below `offset`; -1 where that is not known.
    pub fn epoch_below(&self, offset: Offset) -> LeaderEpoch {
        self.state.lock().derived.epochs.below(offset)
    }

    /// The newest leader epoch; -1 in a log that never had one.
    pub fn latest_epoch(&self) -> LeaderEpoch {
        self.state.lock().derived.epochs.latest()
    }

    /// A leader's epoch begins at the log's end. An older one than the newest changes nothing.
    pub fn begin_epoch(&self, epoch: LeaderEpoch) {
        let mut state = self.state.lock();
        let end = state.active.next;
        state.derived.epochs.assign(epoch, end);
    }

    /// Whether compaction may have removed something of it, now or before.
    pub fn was_compacted(&self) -> bool {
        self.shared.cleaned.lock().get(&self.name).is_some()
    }

    /// How far this log has taken each of its sources.
    pub fn links(&self) -> BTreeMap<SourceId, LinkPosition> {
        self.state.lock().derived.links.positions().clone()
    }

    /// How far this log has taken `source`; `None` if nothing ever came from it.
    pub fn link(&self, source: SourceId) -> Option<LinkPosition> {
        self.state.lock().derived.links.get(source)
    }

    /// Forgets how far it has taken sources that are gone; says how many those were. The caller knows that nothing of them can come any
    /// more: from its first batch on, such a source would be taken again.
    ///
    /// Nothing is written for it: checkpoints and sidecars leave them out from the next roll on. What an older one, or a stamp behind
    /// it, brings back at a start is to be forgotten again.
    pub fn forget_links(&self, is_gone: impl Fn(SourceId) -> bool) -> usize {
        self.state.lock().derived.links.forget(is_gone)
    }

    /// The idempotent producers that the log remembers, by id.
    pub fn producers(&self) -> Vec<ProducerInfo> {
        let state = self.state.lock();
        let info = |(id, entry): (ProducerId, &crate::producer_state::ProducerEntry)| ProducerInfo {
            id,
            epoch: entry.epoch,
            last_sequence: entry.last().map_or(Sequence::NONE, |mark| mark.last_sequence),
            last_offset: entry.last_offset(),
            last_timestamp: entry.last().map_or(Timestamp::NONE, |mark| mark.timestamp),
        };
        state.derived.producers.iter().map(info).collect()
    }

    /// Bytes of all segments.
    pub fn size_bytes(&self) -> u64 {
        self.state.lock().size_bytes()
    }

    /// The settings in force.
    pub fn config(&self) -> LogConfig {
        self.state.lock().config.clone()
    }

    /// Changes the settings, from the next append on.
    pub fn set_config(&self, config: LogConfig) {
        self.stamps_time
            .store(config.timestamp_type == TimestampType::LogAppendTime, Ordering::Relaxed);
        self.state.lock().config = config;
        // What was written under `replicas` counts under `disk` only once it is synced.
        self.request_flush();
    }

    /// Who is told of progress from now on. There is one listener.
    pub fn set_listener(&self, listener: Arc<dyn LogListener>) {
        *self.listener.write() = Some(listener);
    }

    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }

    pub(crate) fn slot(&self) -> SlotId {
        self.slot
    }

    /// Tells the listener that there will be no more progress.
    pub(crate) fn tell_failed(&self) {
        self.listener(|listener| listener.failed());
    }

    /// Refuses all work from now on.
    pub(crate) fn close(&self, deleted: bool) {
        self.state.lock().condition = if deleted { Condition::Deleted } else { Condition::Closed };
    }

    /// Waits until no truncation or compaction is under way, and holds the next ones back.
    pub(crate) async fn exclusive(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.maintenance.lock().await
    }

    fn stamps_time(&self) -> bool {
        // Relaxed: a change of the setting takes effect with some append soon after it.
        self.stamps_time.load(Ordering::Relaxed)
    }

    fn publish_end(&self, state: &State) {
        self.end.store(state.active.next.0, Ordering::Release);
    }

    /// Unlocks, and does what an append leaves to be done without the lock.
    fn unlock(&self, mut state: MutexGuard<'_, State>) {
        let just_sealed = std::mem::take(&mut state.just_sealed);
        drop(state);
        for segment in &just_sealed {
            self.shared.open_files.count(segment);
        }
    }

    fn listener(&self, tell: impl FnOnce(&dyn LogListener)) {
        let listener = self.listener.read().clone();
        if let Some(listener) = listener {
            tell(&*listener);
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Log({}, end {})", self.dir.path().display(), self.end())
    }
}
