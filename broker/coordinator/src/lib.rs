//! Consumer groups and their committed offsets, as Apache Kafka coordinates them.
//!
//! A [`Group`](group::Group) is a plain struct: an event and a time go in, actions come out. [`Coordinator`] is the thin
//! driver around the groups of the partitions of `__consumer_offsets` that this node leads. Called by the server's
//! handlers; it knows no Kafka error codes, no connections, and the log only as an [`OffsetsLog`].
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
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";
