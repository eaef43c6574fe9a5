//! A rebalance: members join, a new generation begins, members ask for their assignments.

use std::cmp::min;
use std::collections::BTreeSet;

use bytes::Bytes;

use crate::answer::JoinRefused;
use crate::error::GroupError;
use crate::group::event::{AfterWrite, Now};
use crate::group::timers::Timer;
use crate::group::{Group, GroupState, InitialDelay};
use crate::schema::subscription;

impl Group {
    /// Something about the members has changed: begin a rebalance, or go on with the running one.
    pub(super) fn rebalance_or_complete_join(&mut self, now: Now) {
        match self.state {
            GroupState::Empty | GroupState::CompletingRebalance | GroupState::Stable => self.prepare_rebalance(now),
            GroupState::PreparingRebalance => self.complete_join_if_all_have(now),
            GroupState::Dead => {}
        }
    }

    /// Everybody must join again.
    pub(super) fn prepare_rebalance(&mut self, now: Now) {
        if self.state == GroupState::CompletingRebalance {
            self.refuse_syncs(GroupError::RebalanceInProgress, now);
        }
        self.unsynced.clear();
        self.timers.cancel(&Timer::Sync);
        if self.state == GroupState::Empty {
            let delay = self.config.initial_rebalance_delay;
            let remaining = self.roster.rebalance_timeout().saturating_sub(delay);
            self.initial = Some(InitialDelay {
                delay,
                remaining,
                newcomers: false,
            });
            self.timers.set(Timer::Join, now.instant + delay);
            self.transition(GroupState::PreparingRebalance, now);
        } else {
            self.transition(GroupState::PreparingRebalance, now);
            if self.all_have_joined() {
                self.complete_join(now);
            } else {
                self.timers
                    .set(Timer::Join, now.instant + self.roster.rebalance_timeout());
            }
        }
    }

    /// Ends the join phase early when nobody is missing. The first one of a group always lasts its delay.
    pub(super) fn complete_join_if_all_have(&mut self, now: Now) {
        if self.state == GroupState::PreparingRebalance && self.initial.is_none() && self.all_have_joined() {
            self.complete_join(now);
        }
    }

    pub(super) fn all_have_joined(&self) -> bool {
        self.joins.len() == self.roster.len() && self.pending.is_empty()
    }

    /// The time for joining is over; the first rebalance of a group is drawn out as long as members keep coming.
    pub(super) fn join_phase_is_over(&mut self, now: Now) {
        if self.state != GroupState::PreparingRebalance {
            return;
        }
        match self.initial {
            Some(InitialDelay {
                delay,
                remaining,
                newcomers: true,
            }) if !remaining.is_zero() => {
                let next = min(self.config.initial_rebalance_delay, remaining);
                let remaining = remaining.saturating_sub(delay);
                self.initial = Some(InitialDelay {
                    delay: next,
                    remaining,
                    newcomers: false,
                });
                self.timers.set(Timer::Join, now.instant + next);
            }
            _ => self.complete_join(now),
        }
    }

    /// Ends the join phase: whoever has not joined is out, but for static members, and a new generation begins.
    pub(super) fn complete_join(&mut self, now: Now) {
        self.timers.cancel(&Timer::Join);
        self.initial = None;
        for id in self.roster.ids() {
            let missing =
                !self.joins.contains_key(&id) && self.roster.get(&id).is_some_and(|member| !member.is_static());
            if missing {
                self.forget(&id);
            }
        }
        if !self.elect_leader() && !self.roster.is_empty() {
            // Only static members are left, and none has joined: until their sessions end, they may come back.
            self.timers
                .set(Timer::Join, now.instant + self.roster.rebalance_timeout());
            return;
        }
        self.begin_generation(now);
        if self.roster.is_empty() {
            let empty = self.to_log(|_| Bytes::new());
            self.write(vec![empty], AfterWrite::Emptied { answer: None });
        } else {
            self.answer_joins(now);
        }
    }

    /// The leader stays if it has joined; else someone who has becomes it. Whether there is one.
    fn elect_leader(&mut self) -> bool {
        let stays = self
            .roster
            .leader()
            .is_some_and(|leader| self.joins.contains_key(leader));
        if !stays {
            let Some(next) = self.joins.keys().next().cloned() else {
                return false;
            };
            self.roster.set_leader(Some(next));
        }
        true
    }

    fn begin_generation(&mut self, now: Now) {
        // A group lives through two thousand million rebalances before this matters; then it must not go back.
        self.generation = self.generation.saturating_add(1);
        self.protocol_name = self.roster.select_protocol();
        self.subscribed = self.subscribed_topics();
        self.unsynced.clear();
        self.assigning = false;
        let state = if self.roster.is_empty() {
            GroupState::Empty
        } else {
            GroupState::CompletingRebalance
        };
        self.transition(state, now);
    }

    fn answer_joins(&mut self, now: Now) {
        for id in self.roster.ids() {
            if let Some(call) = self.joins.remove(&id) {
                let answer = self.joined(&id);
                self.answer_join(call, Ok(answer));
            }
            self.unsynced.insert(id.clone());
            self.renew_session(&id, now);
        }
        for member in self.roster.iter_mut() {
            member.is_new = false;
        }
        self.timers
            .set(Timer::Sync, now.instant + self.roster.rebalance_timeout());
    }

    /// Nobody waits for those who joined and then never asked for their assignment.
    pub(super) fn remove_unsynced(&mut self, now: Now) {
        let waits = matches!(self.state, GroupState::CompletingRebalance | GroupState::Stable);
        if !waits || self.unsynced.is_empty() {
            return;
        }
        for id in std::mem::take(&mut self.unsynced) {
            self.forget(&id);
        }
        self.prepare_rebalance(now);
    }

    /// A member, or one that was given its id, has not been heard of for its session timeout.
    pub(super) fn session_is_over(&mut self, id: &str, now: Now) {
        if self.pending.remove(id) {
            if self.state == GroupState::PreparingRebalance && self.all_have_joined() {
                self.complete_join(now);
            }
            return;
        }
        let Some(member) = self.roster.get(id) else { return };
        // Who waits for us can't be blamed for silence.
        let waits = self.joins.contains_key(id) || self.syncs.contains_key(id);
        if waits && !member.is_new {
            self.renew_session(id, now);
            return;
        }
        tracing::info!(
            group = self.id,
            member = id,
            "member has failed: no heartbeat for its session timeout"
        );
        self.forget(id);
        match self.state {
            GroupState::Stable | GroupState::CompletingRebalance => self.prepare_rebalance(now),
            GroupState::PreparingRebalance if self.all_have_joined() => self.complete_join(now),
            GroupState::PreparingRebalance | GroupState::Empty | GroupState::Dead => {}
        }
    }

    /// Removes a member, or an id that was given out, and all traces of it. A client that still waits may join anew.
    pub(super) fn forget(&mut self, id: &str) {
        self.roster.remove(id);
        self.pending.remove(id);
        self.unsynced.remove(id);
        self.timers.cancel(&Timer::Session(id.to_owned()));
        if let Some(call) = self.joins.remove(id) {
            let refused = JoinRefused {
                error: GroupError::UnknownMemberId,
                member_id: String::new(),
            };
            self.answer_join(call, Err(refused));
        }
        if let Some(call) = self.syncs.remove(id) {
            self.answer_sync(call, Err(GroupError::UnknownMemberId));
        }
    }

    pub(super) fn renew_session(&mut self, id: &str, now: Now) {
        if let Some(member) = self.roster.get(id) {
            self.timers.set(
                Timer::Session(id.to_owned()),
                now.instant + member.terms.session_timeout,
            );
        }
    }

    /// The topics that the members subscribe to, if they are consumers and say so intelligibly.
    pub(super) fn subscribed_topics(&self) -> Option<BTreeSet<String>> {
        if self.protocol_type.as_deref() != Some(subscription::CONSUMER) {
            return None;
        }
        if self.roster.is_empty() {
            return Some(BTreeSet::new());
        }
        let protocol = self.protocol_name.as_deref()?;
        let mut all = BTreeSet::new();
        for member in self.roster.iter() {
            all.append(&mut subscription::topics(&member.terms.metadata(protocol)).ok()?);
        }
        Some(all)
    }
}
