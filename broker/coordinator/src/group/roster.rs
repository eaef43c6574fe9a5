//! The members of a group: who they are, who leads, and what all of them speak.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::error::GroupError;
use crate::group::member::{Member, Terms};

/// The members of a group.
///
/// Invariants: `instances` names exactly the static members; `support` counts, for each protocol, the members that
/// speak it; at least one protocol is spoken by all; the leader is a member, or there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Roster {
    members: BTreeMap<String, Member>,
    instances: BTreeMap<String, String>,
    support: BTreeMap<String, usize>,
    leader: Option<String>,
}

impl Roster {
    pub fn len(&self) -> usize {
        self.members.len()
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub fn contains(&self, id: &str) -> bool {
        self.members.contains_key(id)
    }

    pub fn get(&self, id: &str) -> Option<&Member> {
        self.members.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Member> {
        self.members.values()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Member> {
        self.members.values_mut()
    }

    pub fn ids(&self) -> Vec<String> {
        self.members.keys().cloned().collect()
    }

    pub fn leader(&self) -> Option<&str> {
        self.leader.as_deref()
    }

    pub fn is_leader(&self, id: &str) -> bool {
        self.leader() == Some(id)
    }

    /// Takes a member as the leader; one that is no member is none.
    pub fn set_leader(&mut self, id: Option<String>) {
        self.leader = id.filter(|id| self.contains(id));
    }

    /// The member that has this `group.instance.id`.
    pub fn instance(&self, instance_id: &str) -> Option<&str> {
        self.instances.get(instance_id).map(String::as_str)
    }

    /// The longest that any member wants a rebalance to wait.
    pub fn rebalance_timeout(&self) -> Duration {
        self.iter()
            .map(|member| member.terms.rebalance_timeout)
            .max()
            .unwrap_or_default()
    }

    /// Adds a member. The first one leads.
    pub fn add(&mut self, member: Member) {
        assert!(!self.contains(&member.id), "Invariant: a member is in its group once");
        if let Some(instance_id) = &member.instance_id {
            let former = self.instances.insert(instance_id.clone(), member.id.clone());
            assert!(former.is_none(), "Invariant: a group instance id belongs to one member");
        }
        if self.leader.is_none() {
            self.leader = Some(member.id.clone());
        }
        self.count(&member.terms, 1);
        self.members.insert(member.id.clone(), member);
    }

    /// Removes a member, if it is one; another one leads then.
    pub fn remove(&mut self, id: &str) -> Option<Member> {
        let member = self.members.remove(id)?;
        self.count(&member.terms, -1);
        if let Some(instance_id) = &member.instance_id {
            self.instances.remove(instance_id);
        }
        if self.is_leader(id) {
            self.leader = self.members.keys().next().cloned();
        }
        Some(member)
    }

    /// Gives a member new terms, and answers the old ones.
    pub fn set_terms(&mut self, id: &str, terms: Terms) -> Option<Terms> {
        self.count(&self.get(id)?.terms.clone(), -1);
        self.count(&terms, 1);
        let member = self.members.get_mut(id)?;
        Some(std::mem::replace(&mut member.terms, terms))
    }

    /// Gives a static member another id (KIP-345); whatever it was, it stays. Leadership follows.
    pub fn rename(&mut self, old_id: &str, new_id: &str) {
        let Some(mut member) = self.members.remove(old_id) else {
            return;
        };
        if let Some(instance_id) = &member.instance_id {
            self.instances.insert(instance_id.clone(), new_id.to_owned());
        }
        if self.is_leader(old_id) {
            self.leader = Some(new_id.to_owned());
        }
        new_id.clone_into(&mut member.id);
        self.members.insert(new_id.to_owned(), member);
    }

    /// Checks that a request comes from a member, and not from one that another has replaced.
    pub fn validate(&self, id: &str, instance_id: Option<&str>) -> Result<(), GroupError> {
        if let Some(instance_id) = instance_id {
            match self.instance(instance_id) {
                None => return Err(GroupError::UnknownMemberId),
                Some(owner) if owner != id => return Err(GroupError::FencedInstanceId),
                Some(_) => {}
            }
        }
        if self.contains(id) {
            Ok(())
        } else {
            Err(GroupError::UnknownMemberId)
        }
    }

    /// Whether all members speak one of these protocols; where there are no members, any will do.
    pub fn supports_any<'a>(&self, mut names: impl Iterator<Item = &'a str>) -> bool {
        names.any(|name| self.support.get(name).copied().unwrap_or(0) == self.len())
    }

    /// The protocol for the next generation: of those that all members speak, each member votes for the one that it
    /// prefers, and the most votes win. None if there are no members.
    pub fn select_protocol(&self) -> Option<String> {
        let common: BTreeSet<&str> = self
            .support
            .iter()
            .filter(|(_, count)| **count == self.len())
            .map(|(name, _)| name.as_str())
            .collect();
        let mut votes = BTreeMap::<&str, usize>::new();
        for member in self.iter() {
            if let Some(choice) = member.terms.names().find(|name| common.contains(name)) {
                *votes.entry(choice).or_default() += 1;
            }
        }
        // Of equal ones the last by name, so that it is the same everywhere: Kafka leaves it open.
        votes
            .into_iter()
            .max_by_key(|(_, count)| *count)
            .map(|(name, _)| name.to_owned())
    }

    fn count(&mut self, terms: &Terms, change: isize) {
        for name in terms.names() {
            let count = self.support.entry(name.to_owned()).or_default();
            *count = count.saturating_add_signed(change);
            if *count == 0 {
                self.support.remove(name);
            }
        }
    }
}
