//! The settings of a coordinator, by Kafka's names.

use std::time::Duration;

/// What a coordinator is configured with. The defaults are Kafka's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoordinatorConfig {
    /// `group.min.session.timeout.ms`: a member may not ask for less. 6 s.
    pub min_session_timeout: Duration,
    /// `group.max.session.timeout.ms`: a member may not ask for more. 30 min.
    pub max_session_timeout: Duration,
    /// `group.initial.rebalance.delay.ms`: how long an empty group waits for more members after its first. 3 s.
    pub initial_rebalance_delay: Duration,
    /// `group.max.size`: members in one group. No bound.
    pub max_group_size: usize,
    /// `offset.metadata.max.bytes`: of the string that a client commits with an offset. 4096.
    pub max_offset_metadata_bytes: usize,
    /// `offsets.retention.minutes`: how long offsets are kept once nobody uses them. 7 days.
    pub offsets_retention: Duration,
    /// `offsets.retention.check.interval.ms`: how often that is looked at. 10 min.
    pub offsets_retention_check_interval: Duration,
    /// How long a write may take to be committed before its caller is told to retry (Kafka's `offsets.commit.timeout.ms`). 5 s.
    pub write_timeout: Duration,
    /// `offsets.load.buffer.size`: how much of the log is read at a time while loading. 5 MiB.
    pub load_buffer_bytes: u32,
    /// Partitions of `__consumer_offsets` (`offsets.topic.num.partitions`). 50.
    pub partitions: i32,
}

impl Default for CoordinatorConfig {
    fn default() -> Self {
        Self {
            min_session_timeout: Duration::from_secs(6),
            max_session_timeout: Duration::from_mins(30),
            initial_rebalance_delay: Duration::from_secs(3),
            max_group_size: i32::MAX as usize,
            max_offset_metadata_bytes: 4096,
            offsets_retention: Duration::from_mins(7 * 24 * 60),
            offsets_retention_check_interval: Duration::from_mins(10),
            write_timeout: Duration::from_secs(5),
            load_buffer_bytes: 5 << 20,
            partitions: 50,
        }
    }
}
