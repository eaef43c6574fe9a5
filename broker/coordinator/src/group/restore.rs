//! A group to the log and back.

use bytes::Bytes;
use corvid_env::clock::WallTime;

use crate::answer::JoinRefused;
use crate::error::GroupError;
use crate::group::event::Now;
use crate::group::member::Member;
use crate::group::roster::Roster;
use crate::group::{Group, GroupState};
use crate::schema::{GroupMetadata, OffsetCommit, Record};

impl Group {
    /// The record of the group as it is, with assignments that may still be on their way.
    pub(super) fn to_log(&self, assignment: impl Fn(&Member) -> Bytes) -> Record {
        let protocol = self.protocol_name.as_deref().unwrap_or_default();
        let members = self
            .roster
            .iter()
            .map(|member| member.to_log(protocol, assignment(member)));
        let value = GroupMetadata {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol_name.clone(),
            leader: self.roster.leader().map(str::to_owned),
            state_timestamp: self.state_since.map(|since| since.0),
            members: members.collect(),
        };
        Record::Group {
            group: self.id.clone(),
            value: Some(value),
        }
    }

    /// Replay: the log has this state of the group. Its offsets are records of their own.
    ///
    /// Members that a record names twice, or of which two have one instance id, are taken once: bytes on disk are no
    /// reason to panic.
    pub fn replay_group(&mut self, value: GroupMetadata) {
        let mut roster = Roster::default();
        let protocol = value.protocol.clone().unwrap_or_default();
        for member in value.members {
            let taken = member
                .group_instance_id
                .as_deref()
                .is_some_and(|instance| roster.instance(instance).is_some());
            if !taken && !roster.contains(&member.member_id) {
                roster.add(Member::from_log(member, &protocol));
            }
        }
        roster.set_leader(value.leader);
        self.state = if roster.is_empty() {
            GroupState::Empty
        } else {
            GroupState::Stable
        };
        self.state_since = value.state_timestamp.map(WallTime);
        self.generation = value.generation;
        self.protocol_type = Some(value.protocol_type).filter(|name| !name.is_empty());
        self.protocol_name = value.protocol;
        self.roster = roster;
        self.subscribed = self.subscribed_topics();
        self.in_log = true;
    }

    /// Replay: the log has this offset, or no longer.
    pub fn replay_offset(&mut self, topic: String, partition: i32, value: Option<OffsetCommit>) {
        match value {
            Some(offset) => {
                self.offsets.set(topic, partition, offset);
                self.in_log = true;
            }
            None => self.offsets.remove(&topic, partition),
        }
    }

    /// Replay: the log has a tombstone for the group. Offsets that have none of their own stay.
    pub fn replay_tombstone(&mut self) {
        let offsets = std::mem::take(&mut self.offsets);
        *self = Self::new(std::mem::take(&mut self.id), self.config.clone(), WallTime(0));
        self.in_log = !offsets.is_empty();
        self.offsets = offsets;
    }

    /// The log is replayed: members have their session timeout to show that they live.
    pub fn replayed(&mut self, now: Now) {
        for id in self.roster.ids() {
            self.renew_session(&id, now);
        }
        if self.roster.len() > self.config.max_group_size {
            self.prepare_rebalance(now);
        }
    }

    /// Answers everybody: another node coordinates the group now, or will.
    pub(super) fn unload(&mut self) {
        for (member_id, call) in std::mem::take(&mut self.joins) {
            self.answer_join(
                call,
                Err(JoinRefused {
                    error: GroupError::NotCoordinator,
                    member_id,
                }),
            );
        }
        for (_, call) in std::mem::take(&mut self.syncs) {
            self.answer_sync(call, Err(GroupError::NotCoordinator));
        }
        self.timers.clear();
        self.state = GroupState::Dead;
    }
}
