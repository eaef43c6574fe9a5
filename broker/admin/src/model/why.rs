//! `GET /v1/topics/{topic}/partitions/{partition}/offsets/{offset}/why`.

use serde::{Deserialize, Serialize};

/// What is known of an offset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhyBody {
    /// The topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// What is there.
    pub found: Found,
    /// The record's key, as text.
    pub key: Option<String>,
    /// Its timestamp, ms since the epoch.
    pub timestamp: Option<i64>,
    /// What decided on it, in the order in which it ran.
    pub deciders: Vec<DeciderBody>,
    /// How that is known.
    pub known: Known,
    /// Where `known` is [`Known::OneOf`]: each of those that it may have been.
    pub one_of: Vec<Vec<DeciderBody>>,
    /// Where the record comes from, if a client sent it elsewhere, or earlier.
    pub came_from: Option<OriginBody>,
    /// Where the records of the client's batch went that are not here.
    pub went_to: Vec<TargetBody>,
}

/// What is at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// A record, as a client sent it here, or as transforms changed it.
    Record,
    /// A record that was delivered from another partition.
    Delivered,
    /// A record that was held here until it was due.
    Released,
    /// Nothing: the record that a client sent with this offset left, or was left out.
    Gap,
    /// A hold: what it has is there to be read when it is due, unless it is cancelled.
    Hold,
    /// Nothing that a client sees: the broker keeps its own accounts in between.
    Hidden,
}

/// How it is known what decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// The log says so: it is in the outbox entry of the record's batch.
    Log,
    /// The node noted it when the generation changed.
    Noted,
    /// One of several: the node died while one generation took another's place.
    OneOf,
    /// It was not noted: no plugin was bound, or it is too long ago.
    Not,
}

/// A plugin that decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeciderBody {
    /// Its name, if that is still known.
    pub plugin: Option<String>,
    /// Its generation.
    pub generation: u64,
    /// Its module.
    pub module: String,
}

/// Where a record comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginBody {
    /// The topic, if it is still there.
    pub topic: Option<String>,
    /// The partition, if it is still there.
    pub partition: Option<i32>,
    /// The first offset of its batch there, if the batch is.
    pub first_offset: Option<i64>,
    /// The last offset of its batch there.
    pub last_offset: i64,
    /// Its own offset there, where that is known.
    pub offset: Option<i64>,
}

/// Where records of a batch went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetBody {
    /// The topic, if it is still there.
    pub topic: Option<String>,
    /// The partition.
    pub partition: i32,
    /// How many records.
    pub records: u32,
    /// Whether the record that is asked for is one of them, where that is known.
    pub this: Option<bool>,
    /// Until when they are held, or were, ms since the epoch.
    pub due: Option<i64>,
}
