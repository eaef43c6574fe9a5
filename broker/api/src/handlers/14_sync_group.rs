//! SyncGroup (key 14), versions 0 to 5. v3: static members (KIP-345). v5: protocol type and name (KIP-559).

use std::sync::Arc;

use bytes::Bytes;
use corvid_coordinator::{SyncAnswer, SyncRequest};
use corvid_wire::kafka::messages::{SyncGroupRequest, SyncGroupResponse};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::convert::text;
use crate::errors;
use crate::reply::{HandlerResult, Head, Reply};

/// Answers a SyncGroup, when the leader's assignment is there and written.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: SyncGroupRequest = decode(&frame)?;
    let assignments = request.assignments.into_iter().map(|assigned| {
        // Copied: it outlives the frame, in whose memory it lies.
        (
            assigned.member_id.to_string(),
            Bytes::copy_from_slice(&assigned.assignment),
        )
    });
    let sync = SyncRequest {
        group_id: request.group_id.to_string(),
        generation: request.generation_id,
        member_id: request.member_id.to_string(),
        group_instance_id: request.group_instance_id.map(|id| id.to_string()),
        protocol_type: request.protocol_type.map(|name| name.to_string()),
        protocol_name: request.protocol_name.map(|name| name.to_string()),
        assignments: assignments.collect(),
    };
    drop(frame);
    let coordinator = broker.coordinator.clone();
    Ok(Reply::later(async move {
        head.encode(&answer(coordinator.sync(sync).await))
    }))
}

fn answer(synced: SyncAnswer) -> SyncGroupResponse {
    match synced {
        Ok(synced) => SyncGroupResponse::default()
            .with_protocol_type(synced.protocol_type.as_deref().map(text))
            .with_protocol_name(synced.protocol_name.as_deref().map(text))
            .with_assignment(synced.assignment),
        Err(error) => SyncGroupResponse::default().with_error_code(errors::of_group(error).code()),
    }
}
