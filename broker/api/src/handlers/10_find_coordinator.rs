//! FindCoordinator (key 10), versions 0 to 6.
//!
//! `__consumer_offsets` is made when the first group asks for its coordinator. Transactional ids are refused with
//! INVALID_REQUEST until there are transactions, and share groups until there are share groups.
//!
//! - v1: key types. v4: many keys in one request (KIP-699).

use std::sync::Arc;

use corvid_controller::CreateTopicError;
use corvid_coordinator::OFFSETS_TOPIC;
use corvid_metadata::PartitionIndex;
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::find_coordinator_response::{Coordinator, FindCoordinatorResponse};
use corvid_wire::kafka::messages::{BrokerId, FindCoordinatorRequest};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::convert::text;
use crate::reply::{HandlerResult, Head};

const GROUP: i8 = 0;
/// The first version with many keys.
const FIRST_BATCHED: i16 = 4;

/// Answers a FindCoordinator.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: FindCoordinatorRequest = decode(&frame)?;
    if head.version >= FIRST_BATCHED {
        let mut coordinators = Vec::with_capacity(request.coordinator_keys.len());
        for key in request.coordinator_keys {
            coordinators.push(find(broker, request.key_type, &key).await.with_key(key));
        }
        return head.now(&FindCoordinatorResponse::default().with_coordinators(coordinators));
    }
    let found = find(broker, request.key_type, &request.key).await;
    head.now(
        &FindCoordinatorResponse::default()
            .with_error_code(found.error_code)
            .with_error_message(found.error_message)
            .with_node_id(found.node_id)
            .with_host(found.host)
            .with_port(found.port),
    )
}

async fn find(broker: &Arc<Broker>, key_type: i8, group: &str) -> Coordinator {
    if key_type != GROUP {
        let message = "only consumer groups have coordinators in this release: no transactions, no share groups";
        return refused(ResponseError::InvalidRequest, message);
    }
    if let Err(error) = offsets_topic(broker).await {
        return refused(ResponseError::CoordinatorNotAvailable, &error.to_string());
    }
    let image = broker.image();
    let leader = image.topic(OFFSETS_TOPIC).and_then(|topic| {
        let index: PartitionIndex = broker.coordinator.partition_for(group);
        image.broker(topic.partition(index)?.leader?)
    });
    match leader {
        Some(node) => Coordinator::default()
            .with_node_id(BrokerId(node.node.0))
            .with_host(text(&node.host))
            .with_port(i32::from(node.port)),
        None => refused(
            ResponseError::CoordinatorNotAvailable,
            "the group's partition has no leader",
        ),
    }
}

async fn offsets_topic(broker: &Arc<Broker>) -> Result<(), CreateTopicError> {
    if broker.image().topic(OFFSETS_TOPIC).is_some() {
        return Ok(());
    }
    broker.controller.make_offsets_topic().await?;
    broker.settle(&broker.image()).await;
    Ok(())
}

fn refused(error: ResponseError, message: &str) -> Coordinator {
    Coordinator::default()
        .with_error_code(error.code())
        .with_error_message(Some(text(message)))
        .with_node_id(BrokerId(-1))
        .with_port(-1)
}
