//! When a record that a consumer failed on comes back, and how often: `[topics.NAME.retry]`.

use super::{Backoff, Binding};

/// A topic's retry table.
#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// How many times a record is handled at most, the first time included; then it is a dead letter. At least 1.
    pub attempts: u32,
    /// How long it waits before each next time.
    pub backoff: Backoff,
    /// How many retry topics there may be before none is made any more by being named.
    pub groups_max: u32,
    /// The plugin that decides, in place of the arithmetic.
    pub policy: Option<Binding>,
}

/// What a retry topic is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryOf {
    /// The topic whose records come back by it, and whose retry table counts.
    pub source: String,
    /// The group whose failures they are; empty if nobody said.
    pub group: String,
}

/// What a retry topic's name ends with: `<topic>.<group>.retry`.
pub const RETRY_SUFFIX: &str = ".retry";

/// How many retry topics are made by being named, where the table does not say it. Anybody who reaches the listener can name
/// one; each has as many partitions as its source.
pub const GROUPS_MAX: u32 = 100;

/// The most that a table may give.
pub const GROUPS_MAX_MAX: u32 = 100_000;

/// The most attempts that a table may give.
pub const ATTEMPTS_MAX: u32 = 1000;
