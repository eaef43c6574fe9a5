//! The limits of metadata, in one place. All of it is in memory on every node.

/// The most partitions that one request may make, as in Kafka; a topic may grow beyond it in steps.
pub const MAX_PARTITIONS_PER_REQUEST: i32 = 10_000;

/// The longest value of a config, in bytes.
pub const MAX_CONFIG_VALUE_BYTES: usize = 256 * 1024;

/// How many plugins one topic may chain.
pub const MAX_BINDINGS: usize = 16;

/// How many tables one binding may grant.
pub const MAX_TABLES: usize = 8;

/// How many dead-letter topics a policy may choose from, beside the usual one.
pub const MAX_DEAD_LETTER_TOPICS: usize = 8;

/// Producer ids of this and more are link stamps.
pub const PRODUCER_ID_END: i64 = 1 << 62;

/// Source ids have 31 bits.
pub const SOURCE_END: u32 = 1 << 31;
