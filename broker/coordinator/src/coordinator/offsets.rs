//! OffsetCommit, OffsetFetch, OffsetDelete.

use super::Coordinator;
use super::membership::unexpected;
use super::shard::Missing;
use crate::answer::{CommittedOffset, OffsetsAnswer};
use crate::error::GroupError;
use crate::group::{Answer, Event, nothing_committed};
use crate::request::{CommitRequest, DeleteOffsetsRequest, FetchOffsetsRequest, Topic};

impl Coordinator {
    /// OffsetCommit. Answered once the offsets are committed in the log. The empty group id is allowed: ancient
    /// clients have it.
    pub async fn commit_offsets(&self, request: CommitRequest) -> OffsetsAnswer {
        let group_id = request.group_id.clone();
        // Clients that only store offsets have no generation; for them, the group begins here.
        let missing = if request.generation < 0 {
            Missing::Create
        } else {
            Missing::Refuse
        };
        let not_found = if request.knows_missing_groups {
            GroupError::GroupIdNotFound
        } else {
            GroupError::IllegalGeneration
        };
        let answer = self
            .ask_in_time(&group_id, missing, |call| Event::Commit { call, request })
            .await;
        match answer {
            Ok(Answer::Offsets(answer)) => answer,
            Ok(other) => unexpected(&other),
            Err(GroupError::GroupIdNotFound) => Err(not_found),
            Err(error) => Err(error),
        }
    }

    /// OffsetFetch for one group. One that does not exist has committed nothing.
    pub async fn fetch_offsets(&self, request: FetchOffsetsRequest) -> Result<Vec<Topic<CommittedOffset>>, GroupError> {
        let shard = self.shard_of(&request.group_id)?;
        let mut topics = request.topics;
        match shard.look(&request.group_id, |group| group.fetch_offsets(topics.take())) {
            Err(GroupError::GroupIdNotFound) => Ok(nothing_committed(topics)),
            answer => answer,
        }
    }

    /// OffsetDelete.
    pub async fn delete_offsets(&self, request: DeleteOffsetsRequest) -> OffsetsAnswer {
        if request.group_id.is_empty() {
            return Err(GroupError::InvalidGroupId);
        }
        let group_id = request.group_id.clone();
        match self
            .ask_in_time(&group_id, Missing::Refuse, |call| Event::DeleteOffsets {
                call,
                request,
            })
            .await?
        {
            Answer::Offsets(answer) => answer,
            other => unexpected(&other),
        }
    }
}
