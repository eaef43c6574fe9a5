//! A classic group as a plain struct: an [`Event`] and a time go in, [`Action`]s come out.
//!
//! The rebalance protocol in short: members join; once all have (or the rebalance timeout is over), a new generation
//! begins and one of them leads; the leader assigns, and brings the assignment with its SyncGroup; when that is
//! written, everybody's SyncGroup is answered. Then members heartbeat, until someone comes, goes or dies.
//!
//! Invariants:
//! - A member that waits is in `joins` or `syncs`, and everyone in there is answered by exactly one action.
//! - The generation only grows.
//! - Committed offsets become visible once they are committed in the log, in the order of the log.
//!
//! It knows no clock, no log and no lock: [`Coordinator`](crate::Coordinator) is its driver.

mod deletion;
mod describe;
mod event;
mod heartbeat;
mod join;
mod leave;
mod member;
mod offset_commit;
mod offset_expiry;
mod offsets;
mod rebalance;
mod restore;
mod roster;
mod state;
mod static_member;
mod sync;
mod timers;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use corvid_env::clock::{Instant, WallTime};

use crate::config::CoordinatorConfig;
use crate::error::GroupError;
use crate::schema::Record;

pub use event::{Action, AfterWrite, Answer, CallId, Event, Now, Removal, Takeover};
pub use member::Terms;
pub use state::GroupState;

pub(crate) use offset_commit::nothing_committed;

use offsets::Offsets;
use roster::Roster;
use timers::{Timer, Timers};

/// The type of group that ListGroups names.
const CLASSIC: &str = "classic";

/// A classic group: its members, where it stands, and its committed offsets.
#[derive(Debug, Clone)]
pub struct Group {
    id: String,
    config: Arc<CoordinatorConfig>,

    state: GroupState,
    /// When it came into its state. Records of old releases don't say.
    state_since: Option<WallTime>,
    generation: i32,
    /// None for a group that only stores offsets.
    protocol_type: Option<String>,
    protocol_name: Option<String>,
    /// The topics that its consumers read, where that is known.
    subscribed: Option<BTreeSet<String>>,

    roster: Roster,
    /// Ids that were given out, and whose owners have not joined yet (KIP-394).
    pending: BTreeSet<String>,
    /// Who waits for the join phase to end.
    joins: BTreeMap<String, CallId>,
    /// Who waits for an assignment.
    syncs: BTreeMap<String, CallId>,
    /// The leader has brought this generation's assignment, and it is being written.
    assigning: bool,
    /// Who has not asked for an assignment in this generation.
    unsynced: BTreeSet<String>,
    /// The first rebalance of an empty group is drawn out, for more members to come.
    initial: Option<InitialDelay>,
    timers: Timers,

    offsets: Offsets,
    /// How many commits of a partition's offset are on their way to the log.
    committing: BTreeMap<(String, i32), usize>,
    /// Writes that are neither committed nor failed.
    in_flight: usize,
    /// How many of them hold the group's state.
    states_in_flight: usize,
    /// Whether the log has something of this group that only a tombstone takes away.
    in_log: bool,
    actions: Vec<Action>,
}

/// The state of the first rebalance of an empty group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct InitialDelay {
    /// The length of the running delay.
    delay: Duration,
    /// What may still be added to it.
    remaining: Duration,
    /// Somebody has come since it began.
    newcomers: bool,
}

impl Group {
    /// A group that has nothing yet.
    pub fn new(id: String, config: Arc<CoordinatorConfig>, wall: WallTime) -> Self {
        Self {
            id,
            config,
            state: GroupState::Empty,
            state_since: Some(wall),
            generation: 0,
            protocol_type: None,
            protocol_name: None,
            subscribed: None,
            roster: Roster::default(),
            pending: BTreeSet::new(),
            joins: BTreeMap::new(),
            syncs: BTreeMap::new(),
            assigning: false,
            unsynced: BTreeSet::new(),
            initial: None,
            timers: Timers::default(),
            offsets: Offsets::default(),
            committing: BTreeMap::new(),
            in_flight: 0,
            states_in_flight: 0,
            in_log: false,
            actions: Vec::new(),
        }
    }

    /// Where the group stands.
    pub fn state(&self) -> GroupState {
        self.state
    }

    /// How often its members were given assignments anew.
    pub fn generation(&self) -> i32 {
        self.generation
    }

    /// When [`Event::Tick`] is wanted next.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// Nothing is in it, nothing is on its way, and the log knows nothing of it: it may be forgotten.
    pub fn is_void(&self) -> bool {
        self.state == GroupState::Empty
            && self.pending.is_empty()
            && self.offsets.is_empty()
            && self.in_flight == 0
            && !self.in_log
    }

    /// Takes an event; the actions must be done in order.
    pub fn handle(&mut self, event: Event, now: Now) -> Vec<Action> {
        match event {
            Event::Join {
                call,
                request,
                fresh_id,
            } => self.join(call, &request, fresh_id, now),
            Event::Sync { call, request } => self.sync(call, request),
            Event::Heartbeat { call, request } => self.heartbeat(call, &request, now),
            Event::Leave { call, request } => self.leave(call, &request, now),
            Event::Commit { call, request } => self.commit_offsets(call, request, now),
            Event::DeleteOffsets { call, request } => self.delete_offsets(call, request),
            Event::Delete { call } => self.delete(call),
            Event::TopicsDeleted { names } => self.topics_deleted(&names),
            Event::ExpireOffsets => self.expire_offsets(now),
            Event::Written { then, result } => self.written(then, result, now),
            Event::Tick => self.tick(now),
            Event::Unload => self.unload(),
        }
        std::mem::take(&mut self.actions)
    }

    fn tick(&mut self, now: Now) {
        while let Some(timer) = self.timers.pop(now.instant) {
            match timer {
                Timer::Join => self.join_phase_is_over(now),
                Timer::Sync => self.remove_unsynced(now),
                Timer::Session(member_id) => self.session_is_over(&member_id, now),
            }
        }
    }

    fn written(&mut self, then: AfterWrite, result: Result<(), GroupError>, now: Now) {
        self.in_flight -= 1;
        self.states_in_flight -= usize::from(then.has_state());
        self.in_log |= result.is_ok();
        match then {
            AfterWrite::Assignment {
                generation,
                leader,
                assignments,
            } => {
                self.assignment_written(generation, &leader, assignments, result, now);
            }
            AfterWrite::StaticMember(takeover) => self.takeover_written(*takeover, result, now),
            AfterWrite::Emptied { answer } => {
                // If that failed, the log still has members, which a restart would give their session timeout.
                if let Some((call, answer)) = answer {
                    let answer = result.and(answer);
                    self.answer(call, Answer::Leave(answer));
                }
            }
            AfterWrite::Offsets { call, commits, answer } => self.offsets_written(call, commits, answer, result),
            AfterWrite::Removed {
                partitions,
                group,
                answer,
            } => self.removed(partitions, group, answer, result),
        }
    }

    fn write(&mut self, records: Vec<Record>, then: AfterWrite) {
        self.in_flight += 1;
        self.states_in_flight += usize::from(then.has_state());
        self.actions.push(Action::Write { records, then });
    }

    fn answer(&mut self, call: CallId, answer: Answer) {
        self.actions.push(Action::Answer(call, answer));
    }

    fn transition(&mut self, state: GroupState, now: Now) {
        self.state = state;
        self.state_since = Some(now.wall);
    }
}
