//! A partition as its leader holds it: the log, the leader epoch, the in-sync replicas, the high
//! watermark, and those who wait for it to rise.
//!
//! # Invariants
//!
//! - The high watermark is the least progress of the in-sync replicas, in the sense of the topic's
//!   durability: flushed positions under `disk`, written ones under `replicas`. It never goes back.
//! - Nothing above the high watermark is served to a client, or to a link; to a link, nothing that is not flushed either.
//! - Waiting is by notification: [`OffsetGate`] for one offset, [`Watch`] for "anything new".
//! - This crate knows no Kafka error code, no plugin and no network.
//!
//! [`ReplicaState`] is the pure part; [`Partition`] feeds it with the log's progress. [`Replicas`] holds the
//! partitions of a node and follows the metadata. The `pipeline` appends and reads, `delivery` moves
//! entries between partitions, `coordinator` keeps its log in one.
//!
//! # Modules
//!
//! - [`partition`](Partition): append, wait, watch
//! - [`replica_state`](ReplicaState): the high watermark, as a pure struct
//! - [`offset_gate`](OffsetGate): "tell me when offset N is reached"
//! - [`delivered`](Delivered): how far a partition's outbox entries have got, link by link; `marks` helps it
//! - `watchers`: "tell me when anything is new"
//! - [`traffic`](Traffic): what clients have sent and fetched, for metrics
//! - `refusals`: what was refused once is refused again; `gaps`: nothing is taken behind what failed
//! - [`replicas`](Replicas): the partitions of this node; `log_config`, `node_configs` and `topic_marker` help it

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "tests may use the machine"
    )
)]

mod delivered;
mod error;
mod gaps;
mod holding;
mod log_config;
mod marks;
mod node_configs;
mod offset_gate;
mod partition;
mod refusals;
mod replica_state;
mod replicas;
mod topic_marker;
mod traffic;
mod watchers;

pub use delivered::{Delivered, Elsewhere};
pub use error::AppendError;
pub use holding::Holding;
pub use node_configs::NodeConfigs;
pub use offset_gate::{Closed, OffsetGate};
pub use partition::{Acks, Leadership, Partition, PartitionId};
pub use refusals::{Refusal, RefusedRecord};
pub use replica_state::{Progress, ReplicaState};
pub use replicas::{Replicas, log_name};
pub use traffic::{Traffic, TrafficTotals};
pub use watchers::Watch;
