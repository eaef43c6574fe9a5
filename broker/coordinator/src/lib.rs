//! Consumer groups and their committed offsets, as Apache Kafka coordinates them.
//!
//! A [`Group`](group) is a plain struct: an event and a time go in, actions come out. [`Coordinator`] is the thin
//! driver around the groups of the partitions of `__consumer_offsets` that this node leads. Called by the server's
//! handlers; it knows no Kafka error codes, no connections, and the log only as an [`OffsetsLog`].
#![allow(clippy::unused_async, reason = "the public face is laid down before its bodies")]

mod answer;
mod config;
mod coordinator;
mod error;
pub mod group;
mod log;
mod request;

pub use answer::{
    CommittedOffset, GroupDescription, JoinAnswer, JoinRefused, Joined, JoinedMember, LeaveAnswer, LeftMember,
    ListedGroup, MemberDescription, SyncAnswer, Synced,
};
pub use config::CoordinatorConfig;
pub use coordinator::Coordinator;
pub use error::{GroupError, LogError};
pub use log::{Committed, OffsetsLog};
pub use request::{
    CommitRequest, DeleteOffsetsRequest, FetchOffsetsRequest, HeartbeatRequest, JoinRequest, LeaveRequest,
    LeavingMember, ListGroupsRequest, OffsetToCommit, Protocol, SyncRequest, Topic,
};
