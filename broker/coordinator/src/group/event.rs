//! What happens to a group, and what the group wants done about it.

use std::collections::BTreeMap;

use bytes::Bytes;
use corvid_env::clock::{Instant, WallTime};

use crate::answer::{DeleteAnswer, JoinAnswer, LeaveAnswer, OffsetsAnswer, SyncAnswer};
use crate::error::GroupError;
use crate::group::member::Terms;

use crate::request::{CommitRequest, DeleteOffsetsRequest, HeartbeatRequest, JoinRequest, LeaveRequest, SyncRequest};
use crate::schema::{OffsetCommit, Record};

/// The driver's name for someone who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

/// The time of an event, by both clocks: one to wait by, one to write down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The monotonic clock.
    pub instant: Instant,
    /// The wall clock.
    pub wall: WallTime,
}

/// Something that happens to a group. Whoever has a `call` is answered by exactly one [`Action`], now or later.
#[derive(Debug, Clone)]
pub enum Event {
    /// A member wants to join.
    Join {
        /// Who waits.
        call: CallId,
        /// What it asks.
        request: JoinRequest,
        /// The id to give it if it is new: never used before.
        fresh_id: String,
    },
    /// A member wants its assignment; the leader brings everybody's.
    Sync {
        /// Who waits.
        call: CallId,
        /// What it asks.
        request: SyncRequest,
    },
    /// A member says that it lives.
    Heartbeat {
        /// Who waits.
        call: CallId,
        /// What it says.
        request: HeartbeatRequest,
    },
    /// Members leave.
    Leave {
        /// Who waits.
        call: CallId,
        /// Who leaves.
        request: LeaveRequest,
    },
    /// Offsets are to be committed.
    Commit {
        /// Who waits.
        call: CallId,
        /// The offsets.
        request: CommitRequest,
    },
    /// Offsets are to be deleted.
    DeleteOffsets {
        /// Who waits.
        call: CallId,
        /// Which.
        request: DeleteOffsetsRequest,
    },
    /// The group is to be deleted.
    Delete {
        /// Who waits.
        call: CallId,
    },
    /// Topics are gone from the cluster: so are their offsets.
    TopicsDeleted {
        /// The topics.
        names: Vec<String>,
    },
    /// It is time to look for offsets that have expired.
    ExpireOffsets,
    /// What an [`Action::Write`] asked for is committed, or has failed.
    Written {
        /// The action's `then`.
        then: AfterWrite,
        /// How it went.
        result: Result<(), GroupError>,
    },
    /// [`next_deadline`](crate::group::Group::next_deadline) has come.
    Tick,
    /// This node is no longer the group's coordinator.
    Unload,
}

/// Something that the driver must do, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Answer a request.
    Answer(CallId, Answer),
    /// Append these records as one batch, and hand `then` back when they are committed or have failed. Batches of one
    /// group are appended, and handed back, in the order of their actions.
    Write {
        /// The records.
        records: Vec<Record>,
        /// What the group does next.
        then: AfterWrite,
    },
}

/// An answer, by what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To a JoinGroup.
    Join(JoinAnswer),
    /// To a SyncGroup.
    Sync(SyncAnswer),
    /// To a Heartbeat.
    Heartbeat(Result<(), GroupError>),
    /// To a LeaveGroup.
    Leave(LeaveAnswer),
    /// To an OffsetCommit or an OffsetDelete.
    Offsets(OffsetsAnswer),
    /// To a DeleteGroups.
    Delete(DeleteAnswer),
}

/// What a group does once a write is committed or has failed. Opaque to the driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AfterWrite {
    /// Hand out the assignment of a generation.
    Assignment {
        /// The generation.
        generation: i32,
        /// The member that brought it.
        leader: String,
        /// What each member is assigned.
        assignments: BTreeMap<String, Bytes>,
    },
    /// Answer a static member that took over from its former self without a rebalance.
    StaticMember(Box<Takeover>),
    /// The group has no members any more.
    Emptied {
        /// Whoever left last, to be answered.
        answer: Option<(CallId, LeaveAnswer)>,
    },
    /// Make committed offsets visible, and answer.
    Offsets {
        /// Who waits.
        call: CallId,
        /// The offsets.
        commits: Vec<(String, i32, OffsetCommit)>,
        /// What to answer.
        answer: OffsetsAnswer,
    },
    /// Forget offsets.
    Removed {
        /// Which.
        partitions: Vec<(String, i32)>,
        /// Whether the group itself goes, too, if it is still empty.
        group: bool,
        /// Who asked for it, if anybody did.
        answer: Option<Removal>,
    },
}

impl AfterWrite {
    /// Whether what was written is the group's state, rather than offsets or tombstones.
    pub(super) fn has_state(&self) -> bool {
        match self {
            Self::Assignment { .. } | Self::StaticMember(_) | Self::Emptied { .. } => true,
            Self::Offsets { .. } | Self::Removed { .. } => false,
        }
    }
}

/// Who waits for offsets to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// An OffsetDelete.
    Offsets(CallId, OffsetsAnswer),
    /// A DeleteGroups.
    Group(CallId),
}

/// A static member in the middle of taking over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takeover {
    /// Who waits.
    pub call: CallId,
    /// `group.instance.id`.
    pub instance_id: String,
    /// The id of its former self.
    pub old_id: String,
    /// Its id.
    pub new_id: String,
    /// What its former self was, in case the write fails.
    pub old: Terms,
    /// The leader before it took over.
    pub old_leader: Option<String>,
    /// The generation.
    pub generation: i32,
    /// KIP-814: whether the client can be told to skip the assignment.
    pub supports_skip_assignment: bool,
}
