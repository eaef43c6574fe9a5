//! Metadata (key 3), versions 0 to 13.
//!
//! - v0: no topics named means all; from v1 null means all, and an empty list none.
//! - v4: whether a missing topic may be created (`auto.create.topics.enable` permitting). A retry topic always is.
//! - v8 to v10: authorized operations; there are no ACLs yet, so none is told.
//! - v10: topic ids (KIP-516); v12: topics asked for by id.

use std::collections::BTreeSet;
use std::sync::Arc;

use corvid_env::clock;
use corvid_metadata::{Image, PartitionImage, PartitionIndex, TopicId, TopicImage, topic_name};
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::metadata_response::{
    MetadataResponse, MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use corvid_wire::kafka::messages::{BrokerId, MetadataRequest};
use corvid_wire::{Frame, decode, encode};

use super::{first_use, operations};
use crate::broker::Broker;
use crate::convert::{self, text};
use crate::dispatch::Client;
use crate::reply::{HandlerResult, Reply};

/// Answers a Metadata.
pub async fn handle(broker: &Arc<Broker>, client: &Client, frame: Frame) -> HandlerResult {
    let version = frame.api_version;
    let request: MetadataRequest = decode(&frame)?;
    let may_create = version < 4 || request.allow_auto_topic_creation;
    let mut topics = match &request.topics {
        None => all_topics(&broker.image()),
        Some(asked) if asked.is_empty() && version == 0 => all_topics(&broker.image()),
        Some(asked) => {
            let mut answers = Vec::with_capacity(asked.len());
            let mut seen = BTreeSet::new();
            for topic in asked {
                let name = topic.name.as_ref().map(|name| name.to_string());
                let id = convert::topic_id(topic.topic_id);
                if seen.insert((name.clone(), id)) {
                    answers.push(one_topic(broker, name, id, may_create).await);
                }
            }
            answers
        }
    };
    let operations = operations::TOPIC.told_if(request.include_topic_authorized_operations);
    for topic in topics.iter_mut().filter(|topic| topic.error_code == 0) {
        topic.topic_authorized_operations = operations;
    }
    let image = broker.image();
    warn_of_loopback(broker, client, &image);
    let response = MetadataResponse::default()
        .with_brokers(image.brokers().map(broker_answer).collect())
        .with_cluster_id(Some(text(&broker.cluster_id)))
        .with_controller_id(BrokerId(broker.node.0))
        .with_cluster_authorized_operations(operations::CLUSTER.told_if(request.include_cluster_authorized_operations))
        .with_topics(topics);
    Ok(Reply::Now(encode(
        &response,
        version,
        frame.api_key,
        frame.correlation_id,
    )?))
}

/// What works on the machine of the broker leads every other client to itself.
fn warn_of_loopback(broker: &Broker, client: &Client, image: &Image) {
    let told = image.brokers().map(|node| (node.host.as_str(), node.port));
    if let Some(warning) = broker.misled.warning(client, told, clock::now()) {
        tracing::warn!("{warning}");
    }
}

fn broker_answer(broker: &corvid_metadata::BrokerImage) -> MetadataResponseBroker {
    MetadataResponseBroker::default()
        .with_node_id(BrokerId(broker.node.0))
        .with_host(text(&broker.host))
        .with_port(i32::from(broker.port))
        .with_rack(broker.rack.as_deref().map(text))
}

fn all_topics(image: &Image) -> Vec<MetadataResponseTopic> {
    image.topics().map(|topic| known(topic)).collect()
}

async fn one_topic(broker: &Arc<Broker>, name: Option<String>, id: TopicId, may_create: bool) -> MetadataResponseTopic {
    let image = broker.image();
    let Some(name) = name else {
        return match image.topic_by_id(id) {
            Some(topic) => known(topic),
            None => unknown(None, id, ResponseError::UnknownTopicId),
        };
    };
    if let Some(topic) = image.topic(&name) {
        return known(topic);
    }
    if topic_name::check(&name).is_err() {
        return unknown(Some(&name), TopicId::ZERO, ResponseError::InvalidTopicException);
    }
    let allowed = broker.configs().layers(&image).flag("auto.create.topics.enable");
    let may_create = may_create && allowed && !topic_name::is_internal(&name);
    if !may_create && !first_use::is_asked_for(&image, &name) {
        return unknown(Some(&name), TopicId::ZERO, ResponseError::UnknownTopicOrPartition);
    }
    create(broker, &name).await
}

/// Makes a topic that a client asks about, as `auto.create.topics.enable` has it. Kafka answers
/// LEADER_NOT_AVAILABLE and lets the client ask again; here the topic is ready when the answer is.
async fn create(broker: &Arc<Broker>, name: &str) -> MetadataResponseTopic {
    let error = match first_use::create(broker, name).await {
        Ok(Some(topic)) => return known(&topic),
        Ok(None) => ResponseError::UnknownTopicOrPartition,
        Err(error) => super::create_topics::code(&error),
    };
    unknown(Some(name), TopicId::ZERO, error)
}

fn known(topic: &TopicImage) -> MetadataResponseTopic {
    MetadataResponseTopic::default()
        .with_name(Some(convert::topic_name(&topic.name)))
        .with_topic_id(convert::uuid(topic.id))
        .with_is_internal(topic.is_internal())
        .with_partitions(
            topic
                .numbered()
                .map(|(index, partition)| partition_answer(index, partition))
                .collect(),
        )
}

fn unknown(name: Option<&str>, id: TopicId, error: ResponseError) -> MetadataResponseTopic {
    MetadataResponseTopic::default()
        .with_error_code(error.code())
        .with_name(name.map(convert::topic_name))
        .with_topic_id(convert::uuid(id))
}

fn partition_answer(index: PartitionIndex, partition: &PartitionImage) -> MetadataResponsePartition {
    let ids = |nodes: &[corvid_metadata::NodeId]| nodes.iter().map(|node| BrokerId(node.0)).collect();
    let error = partition.leader.map_or(ResponseError::LeaderNotAvailable.code(), |_| 0);
    MetadataResponsePartition::default()
        .with_error_code(error)
        .with_partition_index(index.0)
        .with_leader_id(BrokerId(partition.leader.map_or(-1, |leader| leader.0)))
        .with_leader_epoch(partition.leader_epoch)
        .with_replica_nodes(ids(&partition.replicas))
        .with_isr_nodes(ids(&partition.isr))
}
