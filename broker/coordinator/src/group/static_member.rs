//! A static member (KIP-345) comes back: it has lost its member id, and keeps its place in the group.

use crate::answer::{JoinRefused, Joined};
use crate::error::GroupError;
use crate::group::event::{AfterWrite, CallId, Now, Takeover};
use crate::group::member::Terms;
use crate::group::timers::Timer;
use crate::group::{Group, GroupState};
use crate::request::JoinRequest;

impl Group {
    /// Puts a static member in its former self's place: without a rebalance where nothing changes for the others.
    pub(super) fn take_over(
        &mut self,
        call: CallId,
        request: &JoinRequest,
        terms: Terms,
        old_id: String,
        new_id: String,
        now: Now,
    ) {
        let old_leader = self.roster.leader().map(str::to_owned);
        self.replace(&old_id, &new_id, now);
        let Some(old) = self.roster.set_terms(&new_id, terms) else {
            return;
        };
        self.await_join(new_id.clone(), call);
        match self.state {
            GroupState::Stable if self.roster.select_protocol() == self.protocol_name => {
                let record = self.to_log(|member| member.assignment.clone());
                let takeover = Takeover {
                    call,
                    instance_id: request.group_instance_id.clone().unwrap_or_default(),
                    old_id,
                    new_id,
                    old,
                    old_leader,
                    generation: self.generation,
                    supports_skip_assignment: request.supports_skip_assignment,
                };
                self.write(vec![record], AfterWrite::StaticMember(Box::new(takeover)));
            }
            // The leader may have assigned to the former id already: then the new one would get nothing.
            GroupState::CompletingRebalance | GroupState::Stable => self.prepare_rebalance(now),
            GroupState::PreparingRebalance => self.complete_join_if_all_have(now),
            GroupState::Empty | GroupState::Dead => {}
        }
    }

    /// Gives a static member another id. Whoever waits under the old one is fenced.
    fn replace(&mut self, old_id: &str, new_id: &str, now: Now) {
        if let Some(call) = self.joins.remove(old_id) {
            let refused = JoinRefused {
                error: GroupError::FencedInstanceId,
                member_id: old_id.to_owned(),
            };
            self.answer_join(call, Err(refused));
        }
        if let Some(call) = self.syncs.remove(old_id) {
            self.answer_sync(call, Err(GroupError::FencedInstanceId));
        }
        if self.unsynced.remove(old_id) {
            self.unsynced.insert(new_id.to_owned());
        }
        self.timers.cancel(&Timer::Session(old_id.to_owned()));
        self.roster.rename(old_id, new_id);
        self.renew_session(new_id, now);
    }

    pub(super) fn takeover_written(&mut self, takeover: Takeover, result: Result<(), GroupError>, now: Now) {
        // A rebalance that began meanwhile, or yet another self, answers it or has answered it.
        let waits = self.joins.get(&takeover.new_id) == Some(&takeover.call);
        if !waits || self.state != GroupState::Stable || self.generation != takeover.generation {
            return;
        }
        self.joins.remove(&takeover.new_id);
        self.renew_session(&takeover.new_id, now);
        let answer = match result {
            Ok(()) => Ok(self.taken_over(&takeover)),
            Err(error) => {
                tracing::warn!(group = self.id, member = takeover.new_id, %error, "a static member's new id could not be written");
                self.roster.set_terms(&takeover.new_id, takeover.old.clone());
                self.replace(&takeover.new_id, &takeover.old_id, now);
                Err(JoinRefused {
                    error,
                    member_id: String::new(),
                })
            }
        };
        self.answer_join(takeover.call, answer);
    }

    /// What a static member is told that took over in a stable group. KIP-814: a leader that can be told so hears the
    /// members and must not assign; one that can't is not told that it leads, or it would start a rebalance.
    fn taken_over(&self, takeover: &Takeover) -> Joined {
        let mut answer = self.joined(&takeover.new_id);
        if takeover.supports_skip_assignment {
            answer.skip_assignment = self.roster.is_leader(&takeover.new_id);
        } else {
            answer.leader = takeover.old_leader.clone().unwrap_or_default();
            answer.members.clear();
        }
        answer
    }
}
