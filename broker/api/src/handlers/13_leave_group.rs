//! LeaveGroup (key 13), versions 0 to 5. v3: many members, named by instance id too (KIP-345). v5: reason.

use std::sync::Arc;

use corvid_coordinator::{LeaveAnswer, LeaveRequest, LeavingMember, LeftMember};
use corvid_wire::kafka::messages::LeaveGroupRequest;
use corvid_wire::kafka::messages::leave_group_response::{LeaveGroupResponse, MemberResponse};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::convert::text;
use crate::errors;
use crate::reply::{HandlerResult, Head, Reply};

/// The first version that names many members.
const FIRST_WITH_MEMBERS: i16 = 3;

/// Answers a LeaveGroup.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: LeaveGroupRequest = decode(&frame)?;
    let one = LeavingMember {
        member_id: request.member_id.to_string(),
        group_instance_id: None,
        reason: None,
    };
    let many = request.members.into_iter().map(|member| LeavingMember {
        member_id: member.member_id.to_string(),
        group_instance_id: member.group_instance_id.map(|id| id.to_string()),
        reason: member.reason.map(|reason| reason.to_string()),
    });
    let leave = LeaveRequest {
        group_id: request.group_id.to_string(),
        members: if head.version < FIRST_WITH_MEMBERS {
            vec![one]
        } else {
            many.collect()
        },
    };
    let coordinator = broker.coordinator.clone();
    Ok(Reply::later(async move {
        head.encode(&answer(coordinator.leave(leave).await, head.version))
    }))
}

fn answer(left: LeaveAnswer, version: i16) -> LeaveGroupResponse {
    match left {
        Err(error) => LeaveGroupResponse::default().with_error_code(errors::of_group(error).code()),
        Ok(members) if version < FIRST_WITH_MEMBERS => {
            let code = members.first().map_or(0, |member| errors::group_code(member.result));
            LeaveGroupResponse::default().with_error_code(code)
        }
        Ok(members) => LeaveGroupResponse::default().with_members(members.iter().map(member).collect()),
    }
}

fn member(left: &LeftMember) -> MemberResponse {
    MemberResponse::default()
        .with_member_id(text(&left.member_id))
        .with_group_instance_id(left.group_instance_id.as_deref().map(text))
        .with_error_code(errors::group_code(left.result))
}
