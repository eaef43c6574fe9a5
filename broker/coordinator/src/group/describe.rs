//! What DescribeGroups and ListGroups show of a group.

use crate::answer::{GroupDescription, ListedGroup, MemberDescription};
use crate::group::{Group, GroupState};

impl Group {
    /// The group as DescribeGroups shows it: what members offered, only when it is stable; what they were assigned last, always.
    pub fn describe(&self) -> GroupDescription {
        let protocol = match self.state {
            GroupState::Stable => self.protocol_name.clone(),
            _ => None,
        };
        let members = self.roster.iter().map(|member| MemberDescription {
            member_id: member.id.clone(),
            group_instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: member.client_host.clone(),
            metadata: protocol
                .as_ref()
                .map(|name| member.terms.metadata(name))
                .unwrap_or_default(),
            assignment: member.assignment.clone(),
        });
        GroupDescription {
            group_id: self.id.clone(),
            state: self.state,
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            members: members.collect(),
            protocol_name: protocol.unwrap_or_default(),
        }
    }

    /// The group as ListGroups shows it.
    pub fn list(&self) -> ListedGroup {
        ListedGroup {
            group_id: self.id.clone(),
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            state: self.state,
            group_type: super::CLASSIC,
        }
    }
}
