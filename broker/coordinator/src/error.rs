//! What a group's coordinator refuses, and why.

use thiserror::Error;

/// Why a request to a group was refused. Each variant stands for one Kafka error code; the server maps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum GroupError {
    /// `COORDINATOR_NOT_AVAILABLE`: the group's log could not take a write, or the group is going away. Retriable.
    #[error("the coordinator is not available")]
    CoordinatorNotAvailable,
    /// `NOT_COORDINATOR`: this node does not lead the group's partition of `__consumer_offsets`. Retriable elsewhere.
    #[error("this node is not the group's coordinator")]
    NotCoordinator,
    /// `COORDINATOR_LOAD_IN_PROGRESS`: the group's partition is still being replayed. Retriable.
    #[error("the coordinator is loading the group")]
    CoordinatorLoadInProgress,
    /// `INVALID_GROUP_ID`: the id is empty where it must not be.
    #[error("the group id is not valid")]
    InvalidGroupId,
    /// `GROUP_ID_NOT_FOUND`: there is no such group.
    #[error("there is no such group")]
    GroupIdNotFound,
    /// `NON_EMPTY_GROUP`: the group has members, so it can't be deleted.
    #[error("the group is not empty")]
    NonEmptyGroup,
    /// `GROUP_SUBSCRIBED_TO_TOPIC`: the group consumes the topic, so its offsets can't be deleted.
    #[error("the group is subscribed to the topic")]
    GroupSubscribedToTopic,
    /// `GROUP_MAX_SIZE_REACHED`: the group has as many members as `group.max.size` allows.
    #[error("the group has its maximum size")]
    GroupMaxSizeReached,
    /// `INVALID_SESSION_TIMEOUT`: outside `group.min.session.timeout.ms` and `group.max.session.timeout.ms`.
    #[error("the session timeout is outside the bounds of the broker")]
    InvalidSessionTimeout,
    /// `INCONSISTENT_GROUP_PROTOCOL`: the member's protocol type or its protocols don't go with the group's.
    #[error("the member's protocols are inconsistent with the group's")]
    InconsistentGroupProtocol,
    /// `MEMBER_ID_REQUIRED`: join again with the id that came with this answer (KIP-394).
    #[error("the member must join again with the id it was given")]
    MemberIdRequired,
    /// `UNKNOWN_MEMBER_ID`: the group has no such member.
    #[error("the group has no such member")]
    UnknownMemberId,
    /// `FENCED_INSTANCE_ID`: another member now has this `group.instance.id` (KIP-345).
    #[error("another member has taken over this group instance id")]
    FencedInstanceId,
    /// `ILLEGAL_GENERATION`: the member speaks of another generation than the group's.
    #[error("the generation is not the group's")]
    IllegalGeneration,
    /// `REBALANCE_IN_PROGRESS`: the member must join again.
    #[error("the group is rebalancing")]
    RebalanceInProgress,
    /// `OFFSET_METADATA_TOO_LARGE`: longer than `offset.metadata.max.bytes`.
    #[error("the metadata of an offset is too large")]
    OffsetMetadataTooLarge,
    /// `INVALID_COMMIT_OFFSET_SIZE`: the offsets don't fit into one batch of the log.
    #[error("the commit does not fit into one batch")]
    InvalidCommitOffsetSize,
    /// `UNKNOWN_SERVER_ERROR`: the group's state is too large for its log.
    #[error("the group's state could not be written")]
    Unwritable,
}

/// Why the log of groups could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LogError {
    /// Another node leads the partition now, or its disk has failed.
    #[error("this node does not lead the partition")]
    NotLeader,
    /// There are fewer in-sync replicas than `min.insync.replicas`, or no room: it may work later.
    #[error("the partition takes no writes now: {0}")]
    Unavailable(String),
    /// The batch is larger than the topic allows.
    #[error("the batch is too large")]
    TooLarge,
    /// What was read is not what was written.
    #[error("the partition holds something unreadable at {at}: {what}")]
    Corrupt {
        /// The offset at which it was found.
        at: i64,
        /// What is wrong.
        what: String,
    },
}

impl LogError {
    /// What a client is told when a write to the log failed this way.
    pub fn as_group_error(&self) -> GroupError {
        match self {
            Self::NotLeader | Self::Corrupt { .. } => GroupError::NotCoordinator,
            Self::Unavailable(_) => GroupError::CoordinatorNotAvailable,
            Self::TooLarge => GroupError::Unwritable,
        }
    }
}
