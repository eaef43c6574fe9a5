//! DescribeGroups (key 15), versions 0 to 6.
//!
//! Before v6 a group that isn't there is described as Dead; from v6 on it is GROUP_ID_NOT_FOUND (KIP-1043).

use std::sync::Arc;

use corvid_coordinator::{GroupDescription, GroupError, MemberDescription};
use corvid_wire::kafka::messages::describe_groups_response::{
    DescribeGroupsResponse, DescribedGroup, DescribedGroupMember,
};
use corvid_wire::kafka::messages::{DescribeGroupsRequest, GroupId};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::convert::text;
use crate::errors;
use crate::reply::{HandlerResult, Head, Reply};

use super::operations;

/// Answers a DescribeGroups, when all before it on its connection is answered.
pub fn handle(broker: &Arc<Broker>, frame: &Frame) -> HandlerResult {
    let head = Head::of(frame);
    let request: DescribeGroupsRequest = decode(frame)?;
    let ids: Vec<String> = request.groups.iter().map(|group| group.to_string()).collect();
    let operations = operations::GROUP.told_if(request.include_authorized_operations);
    let coordinator = broker.coordinator.clone();
    Ok(Reply::later(async move {
        let described = coordinator.describe_groups(&ids).await;
        let groups = described
            .into_iter()
            .map(|(id, group)| answer(&id, group, head.version).with_authorized_operations(operations))
            .collect();
        head.encode(&DescribeGroupsResponse::default().with_groups(groups))
    }))
}

fn answer(id: &str, group: Result<GroupDescription, GroupError>, version: i16) -> DescribedGroup {
    let answer = DescribedGroup::default().with_group_id(GroupId(text(id)));
    match group {
        Ok(group) => answer
            .with_group_state(text(group.state.name()))
            .with_protocol_type(text(&group.protocol_type))
            .with_protocol_data(text(&group.protocol_name))
            .with_members(group.members.iter().map(member).collect()),
        Err(GroupError::GroupIdNotFound) if version < 6 => answer.with_group_state(text("Dead")),
        Err(error) => {
            let message = (version >= 6).then(|| text(&format!("group {id}: {error}")));
            answer
                .with_error_code(errors::of_group(error).code())
                .with_error_message(message)
                .with_group_state(text("Dead"))
        }
    }
}

fn member(member: &MemberDescription) -> DescribedGroupMember {
    DescribedGroupMember::default()
        .with_member_id(text(&member.member_id))
        .with_group_instance_id(member.group_instance_id.as_deref().map(text))
        .with_client_id(text(&member.client_id))
        .with_client_host(text(&member.client_host))
        .with_member_metadata(member.metadata.clone())
        .with_member_assignment(member.assignment.clone())
}
