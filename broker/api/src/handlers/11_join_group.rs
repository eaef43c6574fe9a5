//! JoinGroup (key 11), versions 0 to 9.
//!
//! - v1: rebalance timeout; before, it is the session timeout. v4: MEMBER_ID_REQUIRED (KIP-394). v5: static
//!   members (KIP-345). v7: protocol type in the answer. v8: reason (KIP-800). v9: skip assignment (KIP-814).

use std::sync::Arc;

use corvid_coordinator::{JoinAnswer, JoinRequest, Joined, Protocol};
use corvid_wire::kafka::messages::JoinGroupRequest;
use corvid_wire::kafka::messages::join_group_response::{JoinGroupResponse, JoinGroupResponseMember};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::convert::text;
use crate::dispatch::Client;
use crate::errors;
use crate::reply::{HandlerResult, Head, Reply};

/// No generation was given.
const NO_GENERATION: i32 = -1;

/// Answers a JoinGroup, when the group has gathered.
pub async fn handle(broker: &Arc<Broker>, client: &Client, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: JoinGroupRequest = decode(&frame)?;
    let rebalance_timeout_ms = if head.version == 0 {
        request.session_timeout_ms
    } else {
        request.rebalance_timeout_ms
    };
    let protocols = request.protocols.into_iter().map(|protocol| Protocol {
        name: protocol.name.to_string(),
        // Copied: it outlives the frame, in whose memory it lies.
        metadata: bytes::Bytes::copy_from_slice(&protocol.metadata),
    });
    let join = JoinRequest {
        group_id: request.group_id.to_string(),
        member_id: request.member_id.to_string(),
        group_instance_id: request.group_instance_id.map(|id| id.to_string()),
        client_id: frame.client_id.as_deref().unwrap_or_default().to_owned(),
        // As Kafka shows it: a slash and the address.
        client_host: format!("/{}", client.address.ip()),
        session_timeout_ms: request.session_timeout_ms,
        rebalance_timeout_ms,
        protocol_type: request.protocol_type.to_string(),
        protocols: protocols.collect(),
        reason: request.reason.map(|reason| reason.to_string()),
        requires_known_member_id: head.version >= 4,
        supports_skip_assignment: head.version >= 9,
    };
    drop(frame);
    let coordinator = broker.coordinator.clone();
    Ok(Reply::later(async move {
        head.encode(&answer(coordinator.join(join).await, head.version))
    }))
}

fn answer(joined: JoinAnswer, version: i16) -> JoinGroupResponse {
    match joined {
        Ok(joined) => accepted(joined, version),
        Err(refused) => JoinGroupResponse::default()
            .with_error_code(errors::of_group(refused.error).code())
            .with_generation_id(NO_GENERATION)
            .with_protocol_name(empty_before_7(None, version))
            .with_member_id(text(&refused.member_id)),
    }
}

fn accepted(joined: Joined, version: i16) -> JoinGroupResponse {
    let member = |member: &corvid_coordinator::JoinedMember| {
        JoinGroupResponseMember::default()
            .with_member_id(text(&member.member_id))
            .with_group_instance_id(member.group_instance_id.as_deref().map(text))
            .with_metadata(member.metadata.clone())
    };
    JoinGroupResponse::default()
        .with_generation_id(joined.generation)
        .with_protocol_type(joined.protocol_type.as_deref().map(text))
        .with_protocol_name(empty_before_7(joined.protocol_name, version))
        .with_leader(text(&joined.leader))
        .with_skip_assignment(joined.skip_assignment)
        .with_member_id(text(&joined.member_id))
        .with_members(joined.members.iter().map(member).collect())
}

/// Before version 7 a protocol's name cannot be null.
fn empty_before_7(name: Option<String>, version: i16) -> Option<corvid_wire::kafka::protocol::StrBytes> {
    match name {
        None if version < 7 => Some(text("")),
        name => name.as_deref().map(text),
    }
}
