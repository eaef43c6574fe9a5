//! What a coordinator answers.

use bytes::Bytes;

use crate::error::GroupError;
use crate::group::GroupState;
use crate::request::Topic;

/// A JoinGroup was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRefused {
    /// Why.
    pub error: GroupError,
    /// The member's id: the one it named, or with `MemberIdRequired` the one to join again with.
    pub member_id: String,
}

/// The member is in a new generation of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The member's id.
    pub member_id: String,
    /// The generation.
    pub generation: i32,
    /// The group's protocol type.
    pub protocol_type: Option<String>,
    /// The protocol that all members support.
    pub protocol_name: Option<String>,
    /// The member that assigns.
    pub leader: String,
    /// The leader is told the members for its information, and must not assign (v9, KIP-814).
    pub skip_assignment: bool,
    /// All members, for the leader only.
    pub members: Vec<JoinedMember>,
}

/// A member as its leader is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedMember {
    /// The member's id.
    pub member_id: String,
    /// `group.instance.id` of a static member.
    pub group_instance_id: Option<String>,
    /// What it offered for the chosen protocol.
    pub metadata: Bytes,
}

/// The answer to a JoinGroup.
pub type JoinAnswer = Result<Joined, JoinRefused>;

/// The member has its assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synced {
    /// The group's protocol type.
    pub protocol_type: Option<String>,
    /// The chosen protocol.
    pub protocol_name: Option<String>,
    /// What the leader assigned.
    pub assignment: Bytes,
}

/// The answer to a SyncGroup.
pub type SyncAnswer = Result<Synced, GroupError>;

/// What came of one member of a LeaveGroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftMember {
    /// As the request named it.
    pub member_id: String,
    /// As the request named it.
    pub group_instance_id: Option<String>,
    /// Whether it has left.
    pub result: Result<(), GroupError>,
}

/// The answer to a LeaveGroup.
pub type LeaveAnswer = Result<Vec<LeftMember>, GroupError>;

/// The answer to an OffsetCommit or an OffsetDelete: a result for each partition.
pub type OffsetsAnswer = Result<Vec<Topic<Result<(), GroupError>>>, GroupError>;

/// The answer to a DeleteGroups, for one group.
pub type DeleteAnswer = Result<(), GroupError>;

/// A committed offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The next offset to consume; -1 if there is none.
    pub offset: i64,
    /// The leader epoch of the last consumed record, or -1.
    pub leader_epoch: i32,
    /// The string committed with it; empty if there is none.
    pub metadata: String,
}

impl CommittedOffset {
    /// What is answered where nothing was committed.
    pub const NONE: Self = Self {
        offset: -1,
        leader_epoch: -1,
        metadata: String::new(),
    };
}

/// A group as DescribeGroups shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupDescription {
    /// The group.
    pub group_id: String,
    /// Its state.
    pub state: GroupState,
    /// Its protocol type, or empty.
    pub protocol_type: String,
    /// The chosen protocol when the group is stable, or empty.
    pub protocol_name: String,
    /// Its members.
    pub members: Vec<MemberDescription>,
}

/// A member as DescribeGroups shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberDescription {
    /// The member's id.
    pub member_id: String,
    /// `group.instance.id` of a static member.
    pub group_instance_id: Option<String>,
    /// The client's id.
    pub client_id: String,
    /// Where the client connects from.
    pub client_host: String,
    /// What it offered for the chosen protocol, when the group is stable.
    pub metadata: Bytes,
    /// What it was assigned last: during a rebalance, in the generation before.
    pub assignment: Bytes,
}

/// A group as ListGroups shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedGroup {
    /// The group.
    pub group_id: String,
    /// Its protocol type, or empty.
    pub protocol_type: String,
    /// Its state.
    pub state: GroupState,
    /// `classic`: the only type there is yet.
    pub group_type: &'static str,
}
