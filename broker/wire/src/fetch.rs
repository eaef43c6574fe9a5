//! The response to Fetch, versions 4 to 18, whose records stay in their files.
//!
//! The protocol crate would want all records in memory. This encoder writes everything around them
//! and leaves the records as file ranges. Records are never null on the wire: an empty answer has
//! empty records, because librdkafka and others don't take null well.
//!
//! Versions, as far as they change the response: 5 log start offset · 7 sessions (KIP-227) ·
//! 11 preferred read replica (KIP-392) · 12 flexible, diverging epoch and current leader (KIP-595)
//! · 13 topic ids (KIP-516) · 16 node endpoints (KIP-951) · 17 and 18 as 16.

mod encode;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::response::Chunk;

pub use encode::encode_fetch;

/// The response to a Fetch.
#[derive(Debug, Clone, Default)]
pub struct FetchResponse {
    /// How long the client is throttled, in milliseconds.
    pub throttle_time_ms: i32,
    /// The error of the request as a whole; from version 7.
    pub error_code: i16,
    /// The fetch session, or 0 for none; from version 7.
    pub session_id: i32,
    /// The topics, in the order of the request.
    pub topics: Vec<FetchedTopic>,
    /// Where the leaders named by partitions listen; from version 16.
    pub node_endpoints: Vec<NodeEndpoint>,
}

/// A topic in the response to a Fetch.
#[derive(Debug, Clone)]
pub struct FetchedTopic {
    /// Its name, sent up to version 12.
    pub name: Arc<str>,
    /// Its id, sent from version 13.
    pub id: [u8; 16],
    /// Its partitions.
    pub partitions: Vec<FetchedPartition>,
}

/// A partition in the response to a Fetch. The default is an empty answer without an error.
#[derive(Debug, Clone)]
pub struct FetchedPartition {
    /// Its index.
    pub index: i32,
    /// Its error.
    pub error_code: i16,
    /// The offset up to which records are replicated, exclusive.
    pub high_watermark: i64,
    /// The offset up to which transactions are decided, exclusive.
    pub last_stable_offset: i64,
    /// The first offset there is.
    pub log_start_offset: i64,
    /// Where the fetcher's log departs from ours (KIP-595), as epoch and end offset.
    pub diverging_epoch: Option<(i32, i64)>,
    /// The leader, told with an error that says that we aren't it (KIP-951), as id and epoch.
    pub current_leader: Option<(i32, i32)>,
    /// The transactions that were aborted in these records, as producer id and first offset; null for a
    /// fetch of uncommitted records.
    pub aborted_transactions: Option<Vec<(i64, i64)>>,
    /// The replica to fetch from instead, or -1 (KIP-392).
    pub preferred_read_replica: i32,
    /// The records: whole batches, in files or in memory.
    pub records: Vec<Chunk>,
}

/// Where a broker listens.
#[derive(Debug, Clone)]
pub struct NodeEndpoint {
    /// Its id.
    pub node_id: i32,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: i32,
    /// Its rack.
    pub rack: Option<String>,
}

impl Default for FetchedPartition {
    fn default() -> Self {
        Self {
            index: 0,
            error_code: 0,
            high_watermark: -1,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging_epoch: None,
            current_leader: None,
            aborted_transactions: None,
            preferred_read_replica: -1,
            records: Vec::new(),
        }
    }
}
