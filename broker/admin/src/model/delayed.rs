//! `/v1/delayed`.

use serde::{Deserialize, Serialize};

/// A topic that holds records until later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelayedTopicBody {
    /// Its name.
    pub topic: String,
    /// How far ahead a record may ask to be delivered, in ms; 0: not at all (any more).
    pub max_ms: u64,
    /// How many holds each partition has, from partition 0 on; of those that are led elsewhere, 0.
    pub pending: Vec<u64>,
}

/// A hold: one record, or several that came together and are due together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBody {
    /// The partition.
    pub partition: i32,
    /// The offset that names it there; another one after it was carried to the log's end.
    pub offset: i64,
    /// When it is due, ms since the epoch.
    pub due: i64,
    /// How many attempts the record has behind it.
    pub attempts: u32,
    /// How many records it has.
    pub records: u32,
    /// Their size in bytes, as stored.
    pub bytes: usize,
    /// The first record's key; what is no UTF-8 is replaced.
    pub key: Option<String>,
}

/// Which holds are to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CancelBody {
    /// The partition.
    pub partition: i32,
    /// The offsets that name them.
    pub offsets: Vec<i64>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelledBody {
    /// How many of them were held, and are no more. The others were released or cancelled before.
    pub cancelled: usize,
}
