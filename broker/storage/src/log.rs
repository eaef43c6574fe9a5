//! A partition's log.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use corvid_env::clock::WallTime;
use corvid_record::{Batch, LeaderEpoch, LinkPosition, Offset, ProducerEpoch, ProducerId, Sequence, SourceId, Timestamp};

use crate::append::{Append, Appended};
use crate::config::LogConfig;
use crate::error::{AppendError, ChangeError, ReadError};
use crate::read::{Entries, Slices, Which};

/// A partition's log: appended to by its leader, read as file ranges, recovered after a crash.
pub struct Log {}

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
        todo!()
    }

    /// Appends a batch, behind its outbox entry if it has one. Offsets are assigned here.
    ///
    /// On an error nothing of it is in the log.
    pub fn append(&self, append: Append) -> Result<Appended, AppendError> {
        let _ = append;
        todo!()
    }

    /// The answer for a batch that is one of the last five of its producer.
    pub fn find_duplicate(&self, batch: &Batch<'_>) -> Option<Appended> {
        let _ = batch;
        todo!()
    }

    /// Reads from `from` up to `limit` (exclusive), at most `max_bytes` unless `at_least_one` and the first batch is larger.
    ///
    /// `from` may be in the middle of a batch: the batch is given whole. Nothing to give is an empty answer.
    pub fn read(&self, from: Offset, limit: Offset, max_bytes: u32, at_least_one: bool, which: Which) -> Result<Slices, ReadError> {
        let _ = (from, limit, max_bytes, at_least_one, which);
        todo!()
    }

    /// As [`Log::read`], copied, whole batches only.
    pub fn read_bytes(&self, from: Offset, limit: Offset, max_bytes: u32, at_least_one: bool, which: Which) -> Result<Bytes, ReadError> {
        let _ = (from, limit, max_bytes, at_least_one, which);
        todo!()
    }

    /// The first offset of the log.
    pub fn start(&self) -> Offset {
        todo!()
    }

    /// The offset behind the last batch that is written.
    pub fn end(&self) -> Offset {
        todo!()
    }

    /// The offset up to which a completed sync covers the log.
    pub fn flushed(&self) -> Offset {
        todo!()
    }

    /// The start that clients are told: where `DeleteRecords` put it, or just behind the last visible batch below the
    /// log's start. Never above `limit`.
    pub fn visible_start(&self, limit: Offset) -> Offset {
        let _ = limit;
        todo!()
    }

    /// The end that clients are told: just behind the last visible batch below `limit`.
    pub fn visible_end(&self, limit: Offset) -> Offset {
        let _ = limit;
        todo!()
    }

    /// Moves the start forward; returns the visible start. Durable soon after.
    pub fn advance_start(&self, to: Offset, reason: Reason) -> Result<Offset, ChangeError> {
        let _ = (to, reason);
        todo!()
    }

    /// Deletes sealed segments that are too old, too many, or below the visible start, and forgets expired producers.
    ///
    /// Nothing at or above `not_beyond` goes: the caller gives the least of the high watermark and what links still need.
    pub fn retain(&self, now: WallTime, not_beyond: Offset) -> Result<Vec<DeletedSegment>, ChangeError> {
        let _ = (now, not_beyond);
        todo!()
    }

    /// Rolls the active segment if its first batch is older than `segment.ms`. Called by the leader only.
    pub fn roll_if_due(&self, now: WallTime) -> Result<bool, AppendError> {
        let _ = now;
        todo!()
    }

    /// Compacts the sealed segments of a log whose cleanup is `Compact`, if enough of it is new.
    pub async fn compact(&self, now: WallTime, not_beyond: Offset) -> Result<Option<Compacted>, ChangeError> {
        let _ = (now, not_beyond);
        todo!()
    }

    /// Cuts everything at and above `to`. The flushed position and its durable copy are lowered first.
    pub async fn truncate(&self, to: Offset) -> Result<(), ChangeError> {
        let _ = to;
        todo!()
    }

    /// The first visible record below `limit` with a timestamp of `timestamp` or later. Reads and decompresses.
    pub fn offset_for_timestamp(&self, timestamp: Timestamp, limit: Offset) -> Result<Option<(Offset, Timestamp, LeaderEpoch)>, ReadError> {
        let _ = (timestamp, limit);
        todo!()
    }

    /// The visible record below `limit` with the largest timestamp. Reads and decompresses.
    pub fn max_timestamp(&self, limit: Offset) -> Result<Option<(Offset, Timestamp, LeaderEpoch)>, ReadError> {
        let _ = limit;
        todo!()
    }

    /// The largest epoch at or below `epoch` that has records, and where it ends (at `limit` at most);
    /// `(-1, -1)` where that is not known.
    pub fn epoch_end(&self, epoch: LeaderEpoch, limit: Offset) -> (LeaderEpoch, Offset) {
        let _ = (epoch, limit);
        todo!()
    }

    /// The newest leader epoch; -1 in a log that never had one.
    pub fn latest_epoch(&self) -> LeaderEpoch {
        todo!()
    }

    /// A leader's epoch begins at the log's end.
    pub fn begin_epoch(&self, epoch: LeaderEpoch) {
        let _ = epoch;
        todo!()
    }

    /// How far this log has taken each of its sources.
    pub fn links(&self) -> BTreeMap<SourceId, LinkPosition> {
        todo!()
    }

    /// How far this log has taken `source`; `None` if nothing ever came from it.
    pub fn link(&self, source: SourceId) -> Option<LinkPosition> {
        let _ = source;
        todo!()
    }

    /// The outbox entries at or above `from` and below `limit`.
    pub fn entries(&self, from: Offset, limit: Offset) -> Result<Entries, ReadError> {
        let _ = (from, limit);
        todo!()
    }

    /// The idempotent producers that the log remembers, by id.
    pub fn producers(&self) -> Vec<ProducerInfo> {
        todo!()
    }

    /// Bytes of all segments.
    pub fn size_bytes(&self) -> u64 {
        todo!()
    }

    /// The settings in force.
    pub fn config(&self) -> LogConfig {
        todo!()
    }

    /// Changes the settings, from the next append on.
    pub fn set_config(&self, config: LogConfig) {
        let _ = config;
        todo!()
    }

    /// Who is told of progress from now on. There is one listener.
    pub fn set_listener(&self, listener: Arc<dyn LogListener>) {
        let _ = listener;
        todo!()
    }

    /// Starts or joins a flush round, whatever the durability.
    pub fn request_flush(&self) {
        todo!()
    }
}
