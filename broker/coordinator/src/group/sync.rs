//! SyncGroup.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::answer::{SyncAnswer, Synced};
use crate::error::GroupError;
use crate::group::event::{AfterWrite, Answer, CallId, Now};
use crate::group::timers::Timer;
use crate::group::{Group, GroupState};
use crate::request::SyncRequest;

impl Group {
    pub(super) fn sync(&mut self, call: CallId, request: SyncRequest) {
        if let Err(error) = self.check_sync(&request) {
            self.answer_sync(call, Err(error));
            return;
        }
        self.has_synced(&request.member_id);
        if self.state == GroupState::Stable {
            let answer = self.synced(&request.member_id);
            self.answer_sync(call, Ok(answer));
            return;
        }
        if let Some(former) = self.syncs.insert(request.member_id.clone(), call) {
            self.answer_sync(former, Err(GroupError::RebalanceInProgress));
        }
        // A leader that tries again must not assign anew: what is handed out is what was written first.
        if self.roster.is_leader(&request.member_id) && !self.assigning {
            self.assign(request);
        }
    }

    fn check_sync(&self, request: &SyncRequest) -> Result<(), GroupError> {
        self.roster
            .validate(&request.member_id, request.group_instance_id.as_deref())?;
        if request.generation != self.generation {
            return Err(GroupError::IllegalGeneration);
        }
        // KIP-559: what the member believes in, if it says so, must be what the group has chosen.
        let differs = |theirs: &Option<String>, ours: &Option<String>| theirs.is_some() && theirs != ours;
        if differs(&request.protocol_type, &self.protocol_type) || differs(&request.protocol_name, &self.protocol_name)
        {
            return Err(GroupError::InconsistentGroupProtocol);
        }
        match self.state {
            GroupState::CompletingRebalance | GroupState::Stable => Ok(()),
            GroupState::PreparingRebalance => Err(GroupError::RebalanceInProgress),
            GroupState::Empty => Err(GroupError::UnknownMemberId),
            GroupState::Dead => Err(GroupError::CoordinatorNotAvailable),
        }
    }

    fn has_synced(&mut self, id: &str) {
        self.unsynced.remove(id);
        if self.unsynced.is_empty() {
            self.timers.cancel(&Timer::Sync);
        }
    }

    /// The leader has assigned: that is written, and then everybody is answered.
    fn assign(&mut self, request: SyncRequest) {
        let mut assigned: BTreeMap<String, Bytes> = request.assignments.into_iter().collect();
        // Whom the leader left out is assigned nothing; whom it invented is left out.
        let assignments: BTreeMap<String, Bytes> = self
            .roster
            .ids()
            .into_iter()
            .map(|id| {
                let assignment = assigned.remove(&id).unwrap_or_default();
                (id, assignment)
            })
            .collect();
        let record = self.to_log(|member| assignments.get(&member.id).cloned().unwrap_or_default());
        let then = AfterWrite::Assignment {
            generation: self.generation,
            leader: request.member_id,
            assignments,
        };
        self.assigning = true;
        self.write(vec![record], then);
    }

    pub(super) fn assignment_written(
        &mut self,
        generation: i32,
        leader: &str,
        mut assignments: BTreeMap<String, Bytes>,
        result: Result<(), GroupError>,
        now: Now,
    ) {
        // Somebody may have come or gone meanwhile: then this generation is over.
        if self.state != GroupState::CompletingRebalance || generation != self.generation {
            return;
        }
        if let Err(error) = result {
            tracing::warn!(group = self.id, leader, %error, "the group's assignment could not be written");
            self.refuse_syncs(error, now);
            self.prepare_rebalance(now);
            return;
        }
        for member in self.roster.iter_mut() {
            member.assignment = assignments.remove(&member.id).unwrap_or_default();
        }
        for (id, call) in std::mem::take(&mut self.syncs) {
            let answer = self.synced(&id);
            self.answer_sync(call, Ok(answer));
            self.renew_session(&id, now);
        }
        self.transition(GroupState::Stable, now);
    }

    /// Everybody who waits for an assignment is told why there is none.
    pub(super) fn refuse_syncs(&mut self, error: GroupError, now: Now) {
        for member in self.roster.iter_mut() {
            member.assignment = Bytes::new();
        }
        for (id, call) in std::mem::take(&mut self.syncs) {
            self.answer_sync(call, Err(error));
            self.renew_session(&id, now);
        }
    }

    fn synced(&self, id: &str) -> Synced {
        Synced {
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol_name.clone(),
            assignment: self
                .roster
                .get(id)
                .map(|member| member.assignment.clone())
                .unwrap_or_default(),
        }
    }

    pub(super) fn answer_sync(&mut self, call: CallId, answer: SyncAnswer) {
        self.answer(call, Answer::Sync(answer));
    }
}
