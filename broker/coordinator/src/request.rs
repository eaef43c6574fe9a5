//! What is asked of a coordinator: each request is the superset of its Kafka API's versions.

use bytes::Bytes;
use corvid_metadata::{PartitionIndex, TopicId};

/// A protocol that a member offers: for consumers, an assignor and what it needs to know of the member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protocol {
    /// Its name, such as `range` or `cooperative-sticky`.
    pub name: String,
    /// Opaque to the coordinator, but for the subscribed topics of the type `consumer`.
    pub metadata: Bytes,
}

/// JoinGroup, versions 0 to 9.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinRequest {
    /// The group.
    pub group_id: String,
    /// The member's id, or empty when it has none yet.
    pub member_id: String,
    /// `group.instance.id` of a static member (v5, KIP-345).
    pub group_instance_id: Option<String>,
    /// The client's id, which becomes the first part of a new member's id.
    pub client_id: String,
    /// Where the client connects from, as Kafka writes it: `/127.0.0.1`.
    pub client_host: String,
    /// Milliseconds without a heartbeat after which the member counts as dead.
    pub session_timeout_ms: i32,
    /// Milliseconds that a rebalance waits for the member; the session timeout stands in below v1 (a negative value).
    pub rebalance_timeout_ms: i32,
    /// `consumer`, `connect`, ….
    pub protocol_type: String,
    /// What the member can speak, the most preferred first.
    pub protocols: Vec<Protocol>,
    /// Why it joins, for the log (v8, KIP-800).
    pub reason: Option<String>,
    /// From v4 on a new member is given an id first, and joins with it (KIP-394).
    pub requires_known_member_id: bool,
    /// From v9 on a returning static leader can be told to skip the assignment (KIP-814).
    pub supports_skip_assignment: bool,
}

/// SyncGroup, versions 0 to 5.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncRequest {
    /// The group.
    pub group_id: String,
    /// The generation that the member joined.
    pub generation: i32,
    /// The member's id.
    pub member_id: String,
    /// `group.instance.id` of a static member (v3).
    pub group_instance_id: Option<String>,
    /// The protocol type that the member believes in (v5, KIP-559).
    pub protocol_type: Option<String>,
    /// The protocol that the member believes in (v5, KIP-559).
    pub protocol_name: Option<String>,
    /// Member ids and what each is assigned: from the leader only.
    pub assignments: Vec<(String, Bytes)>,
}

/// Heartbeat, versions 0 to 4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatRequest {
    /// The group.
    pub group_id: String,
    /// The generation that the member believes in.
    pub generation: i32,
    /// The member's id.
    pub member_id: String,
    /// `group.instance.id` of a static member (v3).
    pub group_instance_id: Option<String>,
}

/// LeaveGroup, versions 0 to 5; below v3 it has one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaveRequest {
    /// The group.
    pub group_id: String,
    /// Who leaves.
    pub members: Vec<LeavingMember>,
}

/// One member of a LeaveGroup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeavingMember {
    /// The member's id; may be empty when the instance id says who it is.
    pub member_id: String,
    /// `group.instance.id` of a static member (v3).
    pub group_instance_id: Option<String>,
    /// Why, for the log (v5, KIP-800).
    pub reason: Option<String>,
}

/// A topic, and something for each of some of its partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic<T> {
    /// The topic's name: what offsets are kept under.
    pub name: String,
    /// Its id where it is known (OffsetCommit v10); carried through.
    pub id: Option<TopicId>,
    /// In the order asked for.
    pub partitions: Vec<(PartitionIndex, T)>,
}

impl<T> Topic<T> {
    /// The same partitions with something else for each.
    pub fn map<U>(self, mut with: impl FnMut(T) -> U) -> Topic<U> {
        let partitions = self.partitions.into_iter().map(|(index, value)| (index, with(value)));
        Topic {
            name: self.name,
            id: self.id,
            partitions: partitions.collect(),
        }
    }
}

/// OffsetCommit, versions 2 to 10. That the topics exist is the server's to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitRequest {
    /// The group.
    pub group_id: String,
    /// The member's generation; negative from clients that don't use the group's membership.
    pub generation: i32,
    /// The member's id; empty from clients that don't use the group's membership.
    pub member_id: String,
    /// `group.instance.id` of a static member (v7).
    pub group_instance_id: Option<String>,
    /// From v9 on a missing group is `GroupIdNotFound`; below, `IllegalGeneration`.
    pub knows_missing_groups: bool,
    /// How long to keep the offsets in milliseconds (v2 to v4 only).
    pub retention_ms: Option<i64>,
    /// The offsets.
    pub topics: Vec<Topic<OffsetToCommit>>,
}

/// One partition's offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetToCommit {
    /// The next offset to consume.
    pub offset: i64,
    /// The leader epoch of the last consumed record, or -1 (v6).
    pub leader_epoch: i32,
    /// A string of the client's.
    pub metadata: Option<String>,
}

/// OffsetFetch for one group, versions 1 to 10.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchOffsetsRequest {
    /// The group.
    pub group_id: String,
    /// The member's id (v9); only the consumer protocol (KIP-848) checks it.
    pub member_id: Option<String>,
    /// The member's epoch (v9), or -1.
    pub member_epoch: i32,
    /// The partitions asked for; all that the group has if absent.
    pub topics: Option<Vec<Topic<()>>>,
    /// Refuse offsets that an open transaction may change (v7). There are none yet, so it changes nothing.
    pub require_stable: bool,
}

/// OffsetDelete, version 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteOffsetsRequest {
    /// The group.
    pub group_id: String,
    /// The partitions whose offsets to forget.
    pub topics: Vec<Topic<()>>,
}

/// ListGroups, versions 0 to 5. Empty filters let everything through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListGroupsRequest {
    /// States such as `Stable`, in any case (v4, KIP-518).
    pub states: Vec<String>,
    /// Types such as `classic`, in any case (v5, KIP-848).
    pub types: Vec<String>,
}
