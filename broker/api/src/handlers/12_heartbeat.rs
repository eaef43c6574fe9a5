//! Heartbeat (key 12), versions 0 to 4. v3: static members (KIP-345).

use std::sync::Arc;

use corvid_coordinator::HeartbeatRequest;
use corvid_wire::kafka::messages::{HeartbeatRequest as Request, HeartbeatResponse};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::errors;
use crate::reply::{HandlerResult, Head};

/// Answers a Heartbeat.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let request: Request = decode(&frame)?;
    let heartbeat = HeartbeatRequest {
        group_id: request.group_id.to_string(),
        generation: request.generation_id,
        member_id: request.member_id.to_string(),
        group_instance_id: request.group_instance_id.map(|id| id.to_string()),
    };
    let code = errors::group_code(broker.coordinator.heartbeat(heartbeat).await);
    Head::of(&frame).now(&HeartbeatResponse::default().with_error_code(code))
}
