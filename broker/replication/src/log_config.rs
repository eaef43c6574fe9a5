//! From a topic's settings to a log's.

use corvid_metadata::TopicSettings;
use corvid_metadata::config::{CleanupPolicy, Durability, TimestampType};
use corvid_storage as storage;

/// How a topic's logs roll, keep and forget.
pub(crate) fn of(settings: &TopicSettings) -> storage::LogConfig {
    storage::LogConfig {
        segment_bytes: u64::from(settings.segment_bytes),
        segment_ms: as_ms(settings.segment_ms),
        index_interval_bytes: settings.index_interval_bytes,
        retention_ms: settings.retention_ms.map(as_ms),
        retention_bytes: settings.retention_bytes,
        cleanup: match settings.cleanup_policy {
            CleanupPolicy::Delete => storage::Cleanup::Delete,
            CleanupPolicy::Compact => storage::Cleanup::Compact,
            CleanupPolicy::CompactAndDelete => storage::Cleanup::CompactAndDelete,
        },
        min_cleanable_dirty_permille: settings.min_cleanable_dirty_permille,
        delete_retention_ms: as_ms(settings.delete_retention_ms),
        min_compaction_lag_ms: as_ms(settings.min_compaction_lag_ms),
        max_compaction_lag_ms: as_ms(settings.max_compaction_lag_ms),
        durability: match settings.durability {
            Durability::Disk => storage::Durability::Disk,
            Durability::Replicas => storage::Durability::Replicas,
        },
        timestamp_type: match settings.timestamp_type {
            TimestampType::CreateTime => storage::TimestampType::CreateTime,
            TimestampType::LogAppendTime => storage::TimestampType::LogAppendTime,
        },
    }
}

fn as_ms(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
