//! What producers were told.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::card;
use crate::later::Asked;

/// A partition by its topic's name and index.
pub type PartitionName = (Arc<str>, i32);

/// The sort of a record, which its value shows to the validators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Taken by every validator.
    Good,
    /// The first validator flips a coin: to the dead-letter topic, or on.
    Bad,
    /// The second validator flips a coin: the whole batch is refused, or not.
    Worst,
    /// It has a card's number, which the view masks; it hides all others.
    Card,
}

impl Sort {
    /// The value of a record of this sort.
    pub fn value(self, stream: u32, number: u64) -> Vec<u8> {
        match self {
            Self::Good => format!(
                "record {number} of stream {stream}, {}",
                "x".repeat((number % 97) as usize)
            )
            .into(),
            Self::Bad => b"bad".to_vec(),
            Self::Worst => b"worst".to_vec(),
            Self::Card => card::value(stream, number),
        }
    }
}

/// The key of a record: which it is.
pub fn key(stream: u32, number: u64) -> String {
    format!("{stream}/{number}")
}

/// Which record a key names.
pub fn parse_key(key: &[u8]) -> Option<(u32, u64)> {
    let (stream, number) = std::str::from_utf8(key).ok()?.split_once('/')?;
    Some((stream.parse().ok()?, number.parse().ok()?))
}

/// What the producer of a record was told about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It is in. The offset that it has, or would have in the partition that was named, if it was told.
    Acknowledged(Option<i64>),
    /// It is not in, and never will be.
    Refused,
}

/// All that one producer sent to one partition, by the records' numbers.
#[derive(Debug, Clone)]
pub struct StreamHistory {
    /// Its number.
    pub id: u32,
    /// The partition that it named.
    pub target: PartitionName,
    /// Each record's sort, and what was told about it; none if nothing was.
    pub records: Vec<(Sort, Option<Told>)>,
    /// What those asked for that are to be delivered later.
    pub later: BTreeMap<u64, Asked>,
}

/// A record as it was read back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Its offset.
    pub offset: i64,
    /// Its key.
    pub key: Vec<u8>,
    /// Its value.
    pub value: Vec<u8>,
    /// The offset that a dead letter says it had.
    pub letter_offset: Option<i64>,
    /// Its timestamp: of one that was held, that of its release.
    pub timestamp: i64,
    /// Whether it says that it was held.
    pub was_held: bool,
    /// When it was read, if somebody has read it at once.
    pub seen_at: Option<i64>,
    /// How often it has failed, if it says so.
    pub attempts: Option<u32>,
    /// The partition and offset that it says it had before it failed.
    pub origin: Option<(i32, i64)>,
    /// Whether it has the header of an alert.
    pub is_alert: bool,
}
