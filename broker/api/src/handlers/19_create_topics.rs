//! CreateTopics (key 19), versions 2 to 7.
//!
//! - v4: −1 for partitions and replication factor means the defaults (KIP-464). v5: what the topic came to is told
//!   (KIP-525). v7: topic ids.
//! - Answered when this node serves the topic.

use std::collections::BTreeMap;
use std::sync::Arc;

use corvid_controller::{CreateTopicError, CreatedTopic, TopicSpec};
use corvid_metadata::NodeId;
use corvid_metadata::config::{Configs, describe_topic};
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::CreateTopicsRequest;
use corvid_wire::kafka::messages::create_topics_request::CreatableTopic;
use corvid_wire::kafka::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult, CreateTopicsResponse,
};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::convert::{self, text};
use crate::errors;
use crate::reply::{HandlerResult, Head};

/// The first version that tells what a topic came to.
const FIRST_DESCRIBED: i16 = 5;

/// Answers a CreateTopics.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: CreateTopicsRequest = decode(&frame)?;
    drop(frame);
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for topic in &request.topics {
        *names.entry(topic.name.to_string()).or_default() += 1;
    }
    let mut results = Vec::with_capacity(names.len());
    for topic in request.topics {
        match names.get(topic.name.as_str()) {
            Some(1) => results.push(create(broker, topic, request.validate_only, head.version).await),
            // Named twice: refused, and answered once.
            Some(_) => {
                names.remove(topic.name.as_str());
                let answer = CreatableTopicResult::default().with_name(topic.name);
                results.push(refused(
                    answer,
                    ResponseError::InvalidRequest,
                    "the topic is named twice in one request",
                ));
            }
            None => {}
        }
    }
    if !request.validate_only {
        broker.settle(&broker.image()).await;
    }
    head.now(&CreateTopicsResponse::default().with_topics(results))
}

async fn create(
    broker: &Arc<Broker>,
    topic: CreatableTopic,
    validate_only: bool,
    version: i16,
) -> CreatableTopicResult {
    let answer = CreatableTopicResult::default().with_name(topic.name.clone());
    let spec = match spec(&topic) {
        Ok(spec) => spec,
        Err(message) => return refused(answer, ResponseError::InvalidReplicaAssignment, message),
    };
    if let Err(reason) = broker
        .topics
        .check_configs(&broker.image(), &spec.name, &spec.configs)
        .await
    {
        return refused(answer, ResponseError::InvalidConfig, &reason);
    }
    match broker.controller.create_topic(spec, validate_only).await {
        Ok(_) if version < FIRST_DESCRIBED => answer,
        Ok(created) => described(broker, answer, &created),
        Err(error) => refused(answer, code(&error), &error.to_string()),
    }
}

fn spec(topic: &CreatableTopic) -> Result<TopicSpec, &'static str> {
    let mut assignments = Vec::with_capacity(topic.assignments.len());
    let by_index: BTreeMap<i32, Vec<NodeId>> = topic
        .assignments
        .iter()
        .map(|assigned| {
            (
                assigned.partition_index,
                assigned.broker_ids.iter().map(|id| NodeId(id.0)).collect(),
            )
        })
        .collect();
    if by_index.len() != topic.assignments.len() {
        return Err("a partition is assigned twice");
    }
    for (expected, (index, nodes)) in (0..).zip(by_index) {
        if index != expected {
            return Err("the assignments must name every partition from 0 on");
        }
        assignments.push(nodes);
    }
    // A value that is null is no value: the default holds.
    let configs: Configs = topic
        .configs
        .iter()
        .filter_map(|config| Some((config.name.to_string(), config.value.as_ref()?.to_string())))
        .collect();
    Ok(TopicSpec {
        name: topic.name.to_string(),
        partitions: (topic.num_partitions != -1).then_some(topic.num_partitions),
        replication_factor: (topic.replication_factor != -1).then_some(topic.replication_factor),
        assignments,
        configs,
    })
}

fn described(broker: &Broker, answer: CreatableTopicResult, created: &CreatedTopic) -> CreatableTopicResult {
    let image = broker.image();
    let configs = describe_topic(&created.configs, broker.configs().layers(&image));
    let config = |config: &corvid_metadata::config::Described| {
        CreatableTopicConfigs::default()
            .with_name(text(config.name))
            .with_value(config.value.as_deref().map(text))
            .with_read_only(config.read_only)
            .with_config_source(config.source.code())
            .with_is_sensitive(config.sensitive)
    };
    answer
        .with_topic_id(convert::uuid(created.id))
        .with_num_partitions(created.partitions)
        .with_replication_factor(created.replication_factor)
        .with_configs(Some(configs.iter().map(config).collect()))
}

fn refused(answer: CreatableTopicResult, error: ResponseError, message: &str) -> CreatableTopicResult {
    answer
        .with_error_code(error.code())
        .with_error_message(Some(text(message)))
        .with_num_partitions(-1)
        .with_replication_factor(-1)
        .with_configs(Some(Vec::new()))
}

/// The code of a topic that was not made.
pub(crate) fn code(error: &CreateTopicError) -> ResponseError {
    match error {
        // Clients give up on a topic with this error, and ask again for ever with others.
        CreateTopicError::InvalidName(_)
        | CreateTopicError::Collides { .. }
        | CreateTopicError::TooManyRetryTopics { .. } => ResponseError::InvalidTopicException,
        CreateTopicError::Exists(_) => ResponseError::TopicAlreadyExists,
        CreateTopicError::InvalidPartitions(_) => ResponseError::InvalidPartitions,
        CreateTopicError::InvalidReplicationFactor(_) => ResponseError::InvalidReplicationFactor,
        CreateTopicError::InvalidAssignment(_) => ResponseError::InvalidReplicaAssignment,
        CreateTopicError::NumbersAndAssignments => ResponseError::InvalidRequest,
        CreateTopicError::InvalidConfig(_) | CreateTopicError::InvalidBinding(_) => ResponseError::InvalidConfig,
        CreateTopicError::Submit(error) => errors::of_submit(error),
    }
}
