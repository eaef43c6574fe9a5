//! The driver: async methods for the server's handlers, around the pure groups.

use std::sync::Arc;

use corvid_metadata::PartitionIndex;

use crate::answer::{
    CommittedOffset, GroupDescription, JoinAnswer, LeaveAnswer, ListedGroup, SyncAnswer,
};
use crate::config::CoordinatorConfig;
use crate::error::GroupError;
use crate::log::OffsetsLog;
use crate::request::{
    CommitRequest, DeleteOffsetsRequest, FetchOffsetsRequest, HeartbeatRequest, JoinRequest,
    LeaveRequest, ListGroupsRequest, SyncRequest, Topic,
};

/// The groups whose partitions of `__consumer_offsets` this node leads.
pub struct Coordinator {}

impl Coordinator {
    /// A coordinator of nothing yet. Runs its timers on the current runtime until `shutdown`.
    pub fn new(_config: CoordinatorConfig) -> Arc<Self> {
        todo!()
    }

    /// The partition of `__consumer_offsets` that holds a group: `abs(hash(group)) % partitions`, as Kafka has it.
    pub fn partition_for(&self, _group_id: &str) -> PartitionIndex {
        todo!()
    }

    /// How many partitions `__consumer_offsets` has, once it exists. It must not change while groups are loaded.
    pub fn set_partitions(&self, _count: i32) {
        todo!()
    }

    /// This node leads a partition now: its groups are loaded in the background, and until then requests are
    /// answered with `CoordinatorLoadInProgress`.
    pub fn lead(self: &Arc<Self>, _partition: PartitionIndex, _log: Arc<dyn OffsetsLog>) {
        todo!()
    }

    /// This node no longer leads a partition: everyone who waits is answered with `NotCoordinator`.
    pub fn resign(&self, _partition: PartitionIndex) {
        todo!()
    }

    /// Topics were deleted: their offsets are removed from every group led here.
    pub fn topics_deleted(self: &Arc<Self>, _names: &[String]) {
        todo!()
    }

    /// JoinGroup. Waits for the other members, at most for the rebalance timeout.
    pub async fn join(&self, _request: JoinRequest) -> JoinAnswer {
        todo!()
    }

    /// SyncGroup. Waits for the leader's assignment and for it to be committed.
    pub async fn sync(&self, _request: SyncRequest) -> SyncAnswer {
        todo!()
    }

    /// Heartbeat.
    pub async fn heartbeat(&self, _request: HeartbeatRequest) -> Result<(), GroupError> {
        todo!()
    }

    /// LeaveGroup.
    pub async fn leave(&self, _request: LeaveRequest) -> LeaveAnswer {
        todo!()
    }

    /// OffsetCommit. Answered once the offsets are committed in the log.
    pub async fn commit_offsets(
        &self,
        _request: CommitRequest,
    ) -> Result<Vec<Topic<Result<(), GroupError>>>, GroupError> {
        todo!()
    }

    /// OffsetFetch for one group.
    pub async fn fetch_offsets(
        &self,
        _request: FetchOffsetsRequest,
    ) -> Result<Vec<Topic<CommittedOffset>>, GroupError> {
        todo!()
    }

    /// OffsetDelete.
    pub async fn delete_offsets(
        &self,
        _request: DeleteOffsetsRequest,
    ) -> Result<Vec<Topic<Result<(), GroupError>>>, GroupError> {
        todo!()
    }

    /// DeleteGroups: a result for each group, in order.
    pub async fn delete_groups(&self, _group_ids: &[String]) -> Vec<(String, Result<(), GroupError>)> {
        todo!()
    }

    /// DescribeGroups: `GroupIdNotFound` is shown as a dead group below v6.
    pub async fn describe_groups(&self, _group_ids: &[String]) -> Vec<(String, Result<GroupDescription, GroupError>)> {
        todo!()
    }

    /// ListGroups. `CoordinatorLoadInProgress` while a partition is being loaded, as Kafka answers.
    pub async fn list_groups(&self, _request: &ListGroupsRequest) -> Result<Vec<ListedGroup>, GroupError> {
        todo!()
    }

    /// Answers everyone who waits with `NotCoordinator`, and ends the timers.
    pub async fn shutdown(&self) {
        todo!()
    }
}
