//! A topic's configs as types, with the defaults filled in.

use super::{ConfigError, ConfigKey, Configs, keys, topic_key, validate};
use crate::policy::TopicBindings;

/// What a topic's log and its produce path go by.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicSettings {
    /// `cleanup.policy`.
    pub cleanup_policy: CleanupPolicy,
    /// `retention.ms`; `None` for ever.
    pub retention_ms: Option<u64>,
    /// `retention.bytes`; `None` for no limit.
    pub retention_bytes: Option<u64>,
    /// `segment.bytes`, or `internal.segment.bytes` where a test has set it.
    pub segment_bytes: u32,
    /// `segment.ms`.
    pub segment_ms: u64,
    /// `index.interval.bytes`.
    pub index_interval_bytes: u32,
    /// `max.message.bytes`: the largest batch.
    pub max_message_bytes: u32,
    /// `min.insync.replicas`.
    pub min_insync_replicas: u32,
    /// `message.timestamp.type`.
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`: how far in the past.
    pub timestamp_before_max_ms: u64,
    /// `message.timestamp.after.max.ms`: how far in the future.
    pub timestamp_after_max_ms: u64,
    /// `compression.type`.
    pub compression_type: CompressionType,
    /// `min.cleanable.dirty.ratio`, of a compacted log, in thousandths.
    pub min_cleanable_dirty_permille: u32,
    /// `delete.retention.ms`, of a compacted log.
    pub delete_retention_ms: u64,
    /// `min.compaction.lag.ms`, of a compacted log.
    pub min_compaction_lag_ms: u64,
    /// `max.compaction.lag.ms`, of a compacted log.
    pub max_compaction_lag_ms: u64,
    /// `corvid.durability`.
    pub durability: Durability,
    /// `corvid.delay.max.ms`: how far ahead a record may ask to be delivered; 0: not at all.
    pub delay_max_ms: u64,
    /// `corvid.delay.release.rate`: records a second of one partition.
    pub release_rate: u32,
    /// The plugins, and what happens to what they refuse.
    pub bindings: TopicBindings,
}

/// `cleanup.policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CleanupPolicy {
    /// Old segments go by time and size.
    Delete,
    /// The newest record of each key stays.
    Compact,
    /// Both.
    CompactAndDelete,
}

/// `message.timestamp.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampType {
    /// The producer's.
    CreateTime,
    /// The leader's, at the append.
    LogAppendTime,
}

/// `compression.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompressionType {
    /// As it came.
    Producer,
    /// Not at all.
    Uncompressed,
    /// With the level, if one is set.
    Gzip(Option<u32>),
    /// Has no levels.
    Snappy,
    /// With the level.
    Lz4(u32),
    /// With the level, which may be negative.
    Zstd(i32),
}

/// `corvid.durability`: what acks=all means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// On this node's disk.
    Disk,
    /// In the memory of every in-sync replica, as Kafka means it.
    Replicas,
}

impl Durability {
    /// Reads a config's value.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "disk" => Some(Durability::Disk),
            "replicas" => Some(Durability::Replicas),
            _ => None,
        }
    }
}

impl CleanupPolicy {
    /// Reads a config's value.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words: Vec<&str> = text.split(',').map(str::trim).collect();
        words.sort_unstable();
        match words.as_slice() {
            ["delete"] => Some(CleanupPolicy::Delete),
            ["compact"] => Some(CleanupPolicy::Compact),
            ["compact", "delete"] => Some(CleanupPolicy::CompactAndDelete),
            _ => None,
        }
    }

    /// Whether only the newest record of each key has to stay.
    pub fn compacts(self) -> bool {
        self != CleanupPolicy::Delete
    }

    /// Whether segments go by time and size.
    pub fn deletes(self) -> bool {
        self != CleanupPolicy::Compact
    }
}

impl TopicSettings {
    /// The settings of a topic: its own configs over the broker's (all layers of them merged, see
    /// [`super::BrokerLayers::merged`]) over the defaults. An error names the value that no
    /// release should have accepted.
    pub fn resolve(topic: &str, topic_configs: &Configs, broker_configs: &Configs) -> Result<Self, ConfigError> {
        let lookup = Lookup {
            topic: topic_configs,
            broker: broker_configs,
        };
        Ok(TopicSettings {
            cleanup_policy: lookup.parsed(keys::CLEANUP_POLICY, CleanupPolicy::parse)?,
            retention_ms: lookup.limit(keys::RETENTION_MS)?,
            retention_bytes: lookup.limit(keys::RETENTION_BYTES)?,
            segment_bytes: lookup.segment_bytes()?,
            segment_ms: lookup.number(keys::SEGMENT_MS)?,
            index_interval_bytes: lookup.number(keys::INDEX_INTERVAL_BYTES)?,
            max_message_bytes: lookup.number(keys::MAX_MESSAGE_BYTES)?,
            min_insync_replicas: lookup.number(keys::MIN_INSYNC_REPLICAS)?,
            timestamp_type: lookup.parsed(keys::TIMESTAMP_TYPE, parse_timestamp_type)?,
            timestamp_before_max_ms: lookup.number(keys::TIMESTAMP_BEFORE_MAX_MS)?,
            timestamp_after_max_ms: lookup.number(keys::TIMESTAMP_AFTER_MAX_MS)?,
            compression_type: lookup.compression()?,
            min_cleanable_dirty_permille: lookup.parsed(keys::MIN_CLEANABLE_DIRTY_RATIO, parse_permille)?,
            delete_retention_ms: lookup.number(keys::DELETE_RETENTION_MS)?,
            min_compaction_lag_ms: lookup.number(keys::MIN_COMPACTION_LAG_MS)?,
            max_compaction_lag_ms: lookup.number(keys::MAX_COMPACTION_LAG_MS)?,
            durability: lookup.parsed(keys::DURABILITY, Durability::parse)?,
            delay_max_ms: lookup.number(keys::DELAY_MAX_MS)?,
            release_rate: lookup.number(keys::DELAY_RELEASE_RATE)?,
            bindings: TopicBindings::from_configs(topic, topic_configs)?,
        })
    }

    /// Whether records of this topic may be held until later.
    pub fn holds(&self) -> bool {
        self.delay_max_ms > 0 || self.bindings.retry_of.is_some()
    }

    /// The settings of a topic that has none of its own, on a broker that has none either.
    pub fn default_for(topic: &str) -> Self {
        TopicSettings::resolve(topic, &Configs::new(), &Configs::new())
            .expect("the defaults of the table are legal, as a test asserts")
    }
}

/// A fraction, in thousandths.
fn parse_permille(text: &str) -> Option<u32> {
    let fraction: f64 = text.trim().parse().ok()?;
    (0.0..=1.0)
        .contains(&fraction)
        .then(|| (fraction * 1000.0).round() as u32)
}

fn parse_timestamp_type(text: &str) -> Option<TimestampType> {
    match text {
        "CreateTime" => Some(TimestampType::CreateTime),
        "LogAppendTime" => Some(TimestampType::LogAppendTime),
        _ => None,
    }
}

struct Lookup<'a> {
    topic: &'a Configs,
    broker: &'a Configs,
}

impl Lookup<'_> {
    /// The value that counts, after a check of its type and range.
    fn value(&self, name: &str) -> Result<String, ConfigError> {
        let entry = topic_key(name).expect("the settings name keys of the table only");
        let value = self
            .own(name)
            .or_else(|| self.of_broker(entry))
            .or(entry.default.map(str::to_owned))
            .unwrap_or_default();
        validate::check_value(entry, &value)?;
        Ok(value)
    }

    fn own(&self, name: &str) -> Option<String> {
        self.topic.get(name).map(|value| value.trim().to_owned())
    }

    fn of_broker(&self, entry: &ConfigKey) -> Option<String> {
        entry
            .broker
            .iter()
            .find_map(|(name, scale)| self.broker.get(*name).map(|value| scale.apply(value.trim())))
    }

    fn parsed<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, ConfigError> {
        let value = self.value(name)?;
        parse(&value)
            .ok_or_else(|| ConfigError::invalid(name, &value, "it is none of the values that this release knows"))
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, ConfigError> {
        self.parsed(name, |value| value.parse().ok())
    }

    /// A limit, where -1 means none.
    fn limit(&self, name: &str) -> Result<Option<u64>, ConfigError> {
        self.number::<i64>(name).map(|value| u64::try_from(value).ok())
    }

    fn segment_bytes(&self) -> Result<u32, ConfigError> {
        if self.topic.contains_key(keys::INTERNAL_SEGMENT_BYTES) {
            self.number(keys::INTERNAL_SEGMENT_BYTES)
        } else {
            self.number(keys::SEGMENT_BYTES)
        }
    }

    fn compression(&self) -> Result<CompressionType, ConfigError> {
        Ok(match self.value(keys::COMPRESSION_TYPE)?.as_str() {
            "uncompressed" => CompressionType::Uncompressed,
            "gzip" => CompressionType::Gzip(u32::try_from(self.number::<i32>(keys::COMPRESSION_GZIP_LEVEL)?).ok()),
            "snappy" => CompressionType::Snappy,
            "lz4" => CompressionType::Lz4(self.number(keys::COMPRESSION_LZ4_LEVEL)?),
            "zstd" => CompressionType::Zstd(self.number(keys::COMPRESSION_ZSTD_LEVEL)?),
            _ => CompressionType::Producer,
        })
    }
}
