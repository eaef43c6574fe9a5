//! Consumer groups and their committed offsets, as Apache Kafka coordinates them: Kafka's classic rebalance protocol,
//! in its records, in its topic `__consumer_offsets`.
//!
//! A [`Group`](group::Group) is a plain struct: an event and a time go in, actions come out. [`Coordinator`] is the thin
//! driver around the groups of the partitions that this node leads.
//!
//! # Invariants
//!
//! - Nothing is acknowledged before it is committed in the log: offsets, assignments, that a group is empty or gone.
//!   OffsetFetch shows what is committed, and nothing else.
//! - A group's records stand in the log in the order of its changes, so that a restart finds what clients were told.
//! - Everyone who waits is answered: by the group, by a timer, or when the partition moves away. A client that goes away
//!   takes nothing along.
//! - Nothing polls: one task sleeps until the first deadline of all groups. An idle coordinator uses no CPU.
//! - Absent on purpose: Kafka's error codes and versions (each request is the superset of its versions), connections,
//!   whether a topic exists, and any log but [`OffsetsLog`].
//!
//! # Callers
//!
//! The API's handlers ask; whoever follows the metadata says which partitions this node leads, and which topics are gone.
//!
//! # Modules
//!
//! [`group`]: the pure part. `coordinator`: the driver, its shards, timers, and loading. [`schema`]: the records of the log.
//! `batch`: records to batches and back. `log`: the log that is needed; `partition_log`: the one there is. `request`,
//! `answer`, `error`, `config`: what goes in and comes out.
#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod answer;
mod batch;
mod config;
mod coordinator;
mod error;
pub mod group;
mod log;
mod partition_log;
mod request;
pub mod schema;

pub use answer::{
    CommittedOffset, DeleteAnswer, GroupDescription, JoinAnswer, JoinRefused, Joined, JoinedMember, LeaveAnswer,
    LeftMember, ListedGroup, MemberDescription, OffsetsAnswer, SyncAnswer, Synced,
};
pub use config::CoordinatorConfig;
pub use coordinator::{Coordinator, Stats};
pub use error::{GroupError, LogError};
pub use log::{Committed, OffsetsLog};
pub use partition_log::PartitionLog;
pub use request::{
    CommitRequest, DeleteOffsetsRequest, FetchOffsetsRequest, HeartbeatRequest, JoinRequest, LeaveRequest,
    LeavingMember, ListGroupsRequest, OffsetToCommit, Protocol, SyncRequest, Topic,
};

/// The internal topic that groups live in.
pub const OFFSETS_TOPIC: &str = corvid_metadata::topic_name::CONSUMER_OFFSETS;
