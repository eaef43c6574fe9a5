//! JoinGroup.

use crate::answer::{JoinAnswer, JoinRefused, Joined, JoinedMember};
use crate::error::GroupError;
use crate::group::event::{Answer, CallId, Now};
use crate::group::member::{Member, Terms};
use crate::group::timers::Timer;
use crate::group::{Group, GroupState};
use crate::request::JoinRequest;

/// How long a new member's JoinGroup may wait. Its client may be gone without our knowing, and it knows no id yet
/// to send heartbeats with; one that is still there joins again.
const NEW_MEMBER_JOIN_TIMEOUT: std::time::Duration = std::time::Duration::from_mins(5);

impl Group {
    pub(super) fn join(&mut self, call: CallId, request: &JoinRequest, fresh_id: String, now: Now) {
        let reason = request.reason.as_deref().unwrap_or("not provided");
        tracing::debug!(group = self.id, state = %self.state, member = request.member_id, reason, "JoinGroup");
        let refused = if self.state == GroupState::Dead {
            Err(GroupError::CoordinatorNotAvailable)
        } else if request.member_id.is_empty() {
            self.join_unknown(call, request, fresh_id, now)
        } else {
            self.join_known(call, request, now)
        };
        if let Err(error) = refused {
            // Only a member that stays in the group is called by its id.
            let forgets = error == GroupError::GroupMaxSizeReached;
            let member_id = if forgets {
                String::new()
            } else {
                request.member_id.clone()
            };
            self.answer_join(call, Err(JoinRefused { error, member_id }));
        }
    }

    /// A member without an id.
    fn join_unknown(
        &mut self,
        call: CallId,
        request: &JoinRequest,
        fresh_id: String,
        now: Now,
    ) -> Result<(), GroupError> {
        self.check_room("")?;
        let terms = Terms::of(request);
        self.check_protocols(request, &terms)?;
        if let Some(instance_id) = &request.group_instance_id {
            if let Some(old_id) = self.roster.instance(instance_id) {
                let old_id = old_id.to_owned();
                self.take_over(call, request, terms, old_id, fresh_id, now);
                return Ok(());
            }
        } else if request.requires_known_member_id {
            // KIP-394: a client that times out and tries again must not leave a member behind each time.
            self.timers
                .set(Timer::Session(fresh_id.clone()), now.instant + terms.session_timeout);
            self.pending.insert(fresh_id.clone());
            self.answer_join(
                call,
                Err(JoinRefused {
                    error: GroupError::MemberIdRequired,
                    member_id: fresh_id,
                }),
            );
            return Ok(());
        }
        self.add_member(call, Member::new(fresh_id, request, terms), &request.protocol_type, now);
        Ok(())
    }

    /// A member with an id: one that has just been given it, or one that joins again.
    fn join_known(&mut self, call: CallId, request: &JoinRequest, now: Now) -> Result<(), GroupError> {
        let id = request.member_id.as_str();
        if let Err(error) = self.check_room(id) {
            self.forget(id);
            return Err(error);
        }
        let terms = Terms::of(request);
        self.check_protocols(request, &terms)?;
        if self.pending.contains(id) && request.group_instance_id.is_none() {
            self.add_member(
                call,
                Member::new(id.to_owned(), request, terms),
                &request.protocol_type,
                now,
            );
            return Ok(());
        }
        self.roster.validate(id, request.group_instance_id.as_deref())?;
        let unchanged = self
            .roster
            .get(id)
            .is_some_and(|member| member.terms.protocols == terms.protocols);
        match self.state {
            // It lost the answer to its last JoinGroup, or wants to go on to SyncGroup.
            GroupState::CompletingRebalance if unchanged => self.answer_join_again(call, id),
            // The leader joins again when something else than its own terms has changed, such as partitions.
            GroupState::Stable if unchanged && !self.roster.is_leader(id) => self.answer_join_again(call, id),
            GroupState::PreparingRebalance | GroupState::CompletingRebalance | GroupState::Stable => {
                self.roster.set_terms(id, terms);
                self.await_join(id.to_owned(), call);
                self.rebalance_or_complete_join(now);
            }
            GroupState::Empty | GroupState::Dead => return Err(GroupError::UnknownMemberId),
        }
        Ok(())
    }

    /// `group.max.size`. While members join, those that wait count: that shrinks a group that is too large.
    fn check_room(&self, id: &str) -> Result<(), GroupError> {
        let max = self.config.max_group_size;
        let room = match self.state {
            GroupState::Empty | GroupState::Dead => true,
            GroupState::PreparingRebalance => self.joins.contains_key(id) || self.joins.len() < max,
            GroupState::CompletingRebalance | GroupState::Stable => self.roster.contains(id) || self.roster.len() < max,
        };
        if room {
            Ok(())
        } else {
            Err(GroupError::GroupMaxSizeReached)
        }
    }

    fn check_protocols(&self, request: &JoinRequest, terms: &Terms) -> Result<(), GroupError> {
        let fits = if self.state == GroupState::Empty {
            !request.protocol_type.is_empty() && !terms.protocols.is_empty()
        } else {
            self.protocol_type.as_ref() == Some(&request.protocol_type) && self.roster.supports_any(terms.names())
        };
        if fits {
            Ok(())
        } else {
            Err(GroupError::InconsistentGroupProtocol)
        }
    }

    fn add_member(&mut self, call: CallId, member: Member, protocol_type: &str, now: Now) {
        let id = member.id.clone();
        if let Some(initial) = &mut self.initial {
            initial.newcomers = true;
        }
        if self.roster.is_empty() {
            self.protocol_type = Some(protocol_type.to_owned());
        }
        self.pending.remove(&id);
        self.roster.add(member);
        self.await_join(id.clone(), call);
        self.timers
            .set(Timer::Session(id), now.instant + NEW_MEMBER_JOIN_TIMEOUT);
        self.rebalance_or_complete_join(now);
    }

    /// Lets a member wait for the end of the join phase. If it waited already, its former request was given up by
    /// its client; should somebody still listen, joining again is what it must do.
    pub(super) fn await_join(&mut self, id: String, call: CallId) {
        if let Some(former) = self.joins.insert(id.clone(), call) {
            let refused = JoinRefused {
                error: GroupError::RebalanceInProgress,
                member_id: id,
            };
            self.answer_join(former, Err(refused));
        }
    }

    /// The current generation once more.
    fn answer_join_again(&mut self, call: CallId, id: &str) {
        // A follower in a stable group is not told the members; a leader never comes here then.
        let answer = self.joined(id);
        self.answer_join(call, Ok(answer));
    }

    /// What a member is told of the generation.
    pub(super) fn joined(&self, id: &str) -> Joined {
        Joined {
            member_id: id.to_owned(),
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            protocol_name: self.protocol_name.clone(),
            leader: self.roster.leader().unwrap_or_default().to_owned(),
            skip_assignment: false,
            members: if self.roster.is_leader(id) {
                self.joined_members()
            } else {
                Vec::new()
            },
        }
    }

    /// All members, as their leader is told.
    pub(super) fn joined_members(&self) -> Vec<JoinedMember> {
        let protocol = self.protocol_name.as_deref().unwrap_or_default();
        let member = |member: &Member| JoinedMember {
            member_id: member.id.clone(),
            group_instance_id: member.instance_id.clone(),
            metadata: member.terms.metadata(protocol),
        };
        self.roster.iter().map(member).collect()
    }

    pub(super) fn answer_join(&mut self, call: CallId, answer: JoinAnswer) {
        self.answer(call, Answer::Join(answer));
    }
}
