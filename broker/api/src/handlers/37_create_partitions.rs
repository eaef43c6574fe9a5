//! CreatePartitions (key 37), versions 0 to 3: partitions are added, never taken away.

use std::sync::Arc;

use corvid_controller::CreatePartitionsError;
use corvid_metadata::NodeId;
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::CreatePartitionsRequest;
use corvid_wire::kafka::messages::create_partitions_request::CreatePartitionsTopic;
use corvid_wire::kafka::messages::create_partitions_response::{CreatePartitionsResponse, CreatePartitionsTopicResult};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::convert::text;
use crate::errors;
use crate::reply::{HandlerResult, Head};

/// Answers a CreatePartitions, when this node serves them.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: CreatePartitionsRequest = decode(&frame)?;
    let mut results = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        results.push(create(broker, topic, request.validate_only).await);
    }
    if !request.validate_only {
        broker.settle(&broker.image()).await;
    }
    head.now(&CreatePartitionsResponse::default().with_results(results))
}

async fn create(
    broker: &Arc<Broker>,
    topic: CreatePartitionsTopic,
    validate_only: bool,
) -> CreatePartitionsTopicResult {
    let assignments: Vec<Vec<NodeId>> = topic
        .assignments
        .iter()
        .flatten()
        .map(|assigned| assigned.broker_ids.iter().map(|id| NodeId(id.0)).collect())
        .collect();
    let created = broker
        .controller
        .create_partitions(&topic.name, topic.count, &assignments, validate_only)
        .await;
    let answer = CreatePartitionsTopicResult::default().with_name(topic.name);
    match created {
        Ok(()) => answer,
        Err(error) => answer
            .with_error_code(code(&error).code())
            .with_error_message(Some(text(&error.to_string()))),
    }
}

fn code(error: &CreatePartitionsError) -> ResponseError {
    match error {
        CreatePartitionsError::Unknown(_) => ResponseError::UnknownTopicOrPartition,
        CreatePartitionsError::InvalidPartitions(_) => ResponseError::InvalidPartitions,
        CreatePartitionsError::InvalidAssignment(_) => ResponseError::InvalidReplicaAssignment,
        CreatePartitionsError::Submit(error) => errors::of_submit(error),
    }
}
