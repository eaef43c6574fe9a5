//! LeaveGroup.

use crate::answer::LeftMember;
use crate::error::GroupError;
use crate::group::event::{Action, AfterWrite, Answer, CallId, Now};
use crate::group::{Group, GroupState};
use crate::request::{LeaveRequest, LeavingMember};

impl Group {
    pub(super) fn leave(&mut self, call: CallId, request: &LeaveRequest, now: Now) {
        if self.state == GroupState::Dead {
            self.answer(call, Answer::Leave(Err(GroupError::CoordinatorNotAvailable)));
            return;
        }
        let left: Vec<LeftMember> = request.members.iter().map(|member| self.leave_one(member)).collect();
        if left.iter().any(|member| member.result.is_ok()) {
            match self.state {
                GroupState::Stable | GroupState::CompletingRebalance => self.prepare_rebalance(now),
                GroupState::PreparingRebalance => self.complete_join_if_all_have(now),
                GroupState::Empty | GroupState::Dead => {}
            }
        }
        self.answer_leave(call, left);
    }

    fn leave_one(&mut self, leaving: &LeavingMember) -> LeftMember {
        let id = match &leaving.group_instance_id {
            // An administrator removes a static member without knowing its id.
            Some(instance_id) if leaving.member_id.is_empty() => self
                .roster
                .instance(instance_id)
                .map(str::to_owned)
                .ok_or(GroupError::UnknownMemberId),
            _ if self.pending.contains(&leaving.member_id) => Ok(leaving.member_id.clone()),
            instance_id => self
                .roster
                .validate(&leaving.member_id, instance_id.as_deref())
                .map(|()| leaving.member_id.clone()),
        };
        let result = id.map(|id| {
            let reason = leaving.reason.as_deref().unwrap_or("not provided");
            tracing::info!(group = self.id, member = id, reason, "member leaves");
            self.forget(&id);
        });
        LeftMember {
            member_id: leaving.member_id.clone(),
            group_instance_id: leaving.group_instance_id.clone(),
            result,
        }
    }

    /// Answers at once, or once it is written that the group is empty now.
    fn answer_leave(&mut self, call: CallId, left: Vec<LeftMember>) {
        let emptied = self.actions.iter_mut().find_map(|action| match action {
            Action::Write {
                then: AfterWrite::Emptied { answer },
                ..
            } => Some(answer),
            _ => None,
        });
        match emptied {
            Some(answer) => *answer = Some((call, Ok(left))),
            None => self.answer(call, Answer::Leave(Ok(left))),
        }
    }
}
