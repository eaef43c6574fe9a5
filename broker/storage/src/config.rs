//! Settings of a log and of a directory of logs. Which topic keys they come from is the metadata's business.

use std::time::Duration;

/// How one log rolls, keeps and forgets. The names are those of Kafka's topic configs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// `segment.bytes`: the active segment is rolled before it would grow beyond this.
    pub segment_bytes: u64,
    /// `segment.ms`: the active segment is rolled when its first batch is older than this.
    pub segment_ms: i64,
    /// `index.interval.bytes`: bytes of log between two index entries.
    pub index_interval_bytes: u32,
    /// `retention.ms`; `None` keeps for ever. Not used by a log that is only compacted.
    pub retention_ms: Option<i64>,
    /// `retention.bytes`; `None` has no limit. Not used by a log that is only compacted.
    pub retention_bytes: Option<u64>,
    /// `cleanup.policy`.
    pub cleanup: Cleanup,
    /// `min.cleanable.dirty.ratio`, in thousandths: how much of a compacted log must be new before it is compacted.
    pub min_cleanable_dirty_permille: u32,
    /// `delete.retention.ms`: how long a tombstone stays in a compacted log.
    pub delete_retention_ms: i64,
    /// `min.compaction.lag.ms`: a segment of a compacted log with a younger record is left alone, and so is what is behind it.
    pub min_compaction_lag_ms: i64,
    /// `max.compaction.lag.ms`: what is older is compacted, however little of it is new.
    pub max_compaction_lag_ms: i64,
    /// `corvid.durability`.
    pub durability: Durability,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
}

impl Default for LogConfig {
    /// Kafka's defaults, with durability `disk`.
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 7 * DAY_MS,
            index_interval_bytes: 4096,
            retention_ms: Some(7 * DAY_MS),
            retention_bytes: None,
            cleanup: Cleanup::Delete,
            min_cleanable_dirty_permille: 500,
            delete_retention_ms: DAY_MS,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
            durability: Durability::Disk,
            timestamp_type: TimestampType::CreateTime,
        }
    }
}

impl LogConfig {
    /// How old the active segment may become: what is active is not compacted.
    pub(crate) fn roll_after_ms(&self) -> i64 {
        match self.cleanup.compacts() {
            true => self.segment_ms.min(self.max_compaction_lag_ms),
            false => self.segment_ms,
        }
    }
}

/// What happens to what is old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// Old segments are deleted.
    Delete,
    /// The last record of each key is kept.
    Compact,
    /// The last record of each key is kept, until its segment is old.
    CompactAndDelete,
}

impl Cleanup {
    /// Whether only the last record of each key has to stay.
    pub fn compacts(self) -> bool {
        self != Self::Delete
    }

    /// Whether segments go by age and size.
    pub fn deletes(self) -> bool {
        self != Self::Compact
    }
}

/// What an acknowledgement waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Every append starts or joins a round of syncs.
    Disk,
    /// The page cache of every in-sync replica, as in Kafka: a segment is synced once it is sealed.
    Replicas,
}

/// Which time a batch carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The time of the append, by the leader's wall clock.
    LogAppendTime,
}

/// Settings of a [`LogDirectory`](crate::LogDirectory).
#[derive(Debug, Clone)]
pub struct LogDirectoryConfig {
    /// The cluster that the directory must belong to; a new directory is given to it. `None` takes what is there.
    pub cluster_id: Option<String>,
    /// The node that the directory must belong to; a new directory is given to it.
    pub node_id: i32,
    /// How many sealed segments may have an open file (and up to two mappings) at a time.
    pub sealed_files_max: usize,
    /// `producer.id.expiration.ms`: a producer that has been silent for longer is forgotten.
    pub producer_id_expiration: Duration,
    /// Bytes kept aside, so that a full disk still has room for checkpoints and for what frees space.
    pub reserve_bytes: u64,
    /// How long the durable copy of the flushed positions may wait for its own sync while rounds go on.
    pub checkpoint_sync_interval: Duration,
}

impl Default for LogDirectoryConfig {
    fn default() -> Self {
        Self {
            cluster_id: None,
            node_id: 1,
            sealed_files_max: 4096,
            producer_id_expiration: Duration::from_millis(DAY_MS as u64),
            reserve_bytes: 16 << 20,
            checkpoint_sync_interval: Duration::from_millis(10),
        }
    }
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
