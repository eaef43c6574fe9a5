//! Heartbeat.

use crate::error::GroupError;
use crate::group::event::{Answer, CallId, Now};
use crate::group::{Group, GroupState};
use crate::request::HeartbeatRequest;

impl Group {
    pub(super) fn heartbeat(&mut self, call: CallId, request: &HeartbeatRequest, now: Now) {
        let answer = self.beat(request, now);
        self.answer(call, Answer::Heartbeat(answer));
    }

    fn beat(&mut self, request: &HeartbeatRequest, now: Now) -> Result<(), GroupError> {
        if self.state == GroupState::Dead {
            return Err(GroupError::CoordinatorNotAvailable);
        }
        self.roster
            .validate(&request.member_id, request.group_instance_id.as_deref())?;
        if request.generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        self.renew_session(&request.member_id, now);
        match self.state {
            GroupState::PreparingRebalance => Err(GroupError::RebalanceInProgress),
            GroupState::CompletingRebalance | GroupState::Stable => Ok(()),
            GroupState::Empty | GroupState::Dead => Err(GroupError::UnknownMemberId),
        }
    }
}
