//! Topics as they are.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use corvid_metadata::config::{Source, describe_topic};
use corvid_metadata::{Image, NodeId, PartitionImage, PartitionIndex, TopicImage};
use corvid_replication::PartitionId;

use crate::context::Context;
use crate::error::Answer;
use crate::model::{ConfigBody, PartitionBody, TopicDetail, TopicSummary};

/// Every topic, by name.
pub(crate) async fn list(State(context): State<Arc<Context>>) -> Json<Vec<TopicSummary>> {
    let image = context.image();
    Json(image.topics().map(|topic| summary(&context, &image, topic)).collect())
}

/// One topic.
pub(crate) async fn describe(State(context): State<Arc<Context>>, Path(name): Path<String>) -> Answer<TopicDetail> {
    let (image, topic) = (context.image(), context.topic(&name)?);
    let partition = |(index, partition)| show_partition(&context, &topic, index, partition);
    Ok(Json(TopicDetail {
        summary: summary(&context, &image, &topic),
        partition_details: topic.numbered().map(partition).collect(),
        configs: configs(&context, &image, &topic),
    }))
}

fn summary(context: &Context, image: &Image, topic: &TopicImage) -> TopicSummary {
    let led = context.led(topic);
    let bindings = context.replicas.configs().topic(image, topic).bindings;
    let prepared = context.topics.get(topic.id);
    TopicSummary {
        name: topic.name.clone(),
        id: topic.id.to_string(),
        partitions: topic.partitions.len(),
        replication_factor: topic.partitions.first().map_or(0, |partition| partition.replicas.len()),
        internal: topic.is_internal(),
        offsets: led
            .iter()
            .map(|partition| partition.visible_end().0 - partition.visible_start().0)
            .sum(),
        bytes: led.iter().map(|partition| partition.log().size_bytes()).sum(),
        plugins: bindings.all().map(|binding| binding.plugin.clone()).collect(),
        unavailable: prepared.and_then(|topic| topic.plan.as_ref().err().cloned()),
    }
}

fn show_partition(
    context: &Context,
    topic: &TopicImage,
    index: PartitionIndex,
    partition: &PartitionImage,
) -> PartitionBody {
    let id = PartitionId { topic: topic.id, index };
    let led = context.replicas.get(id);
    let numbers = |nodes: &[NodeId]| nodes.iter().map(|node| node.0).collect();
    PartitionBody {
        partition: index.0,
        leader: partition.leader.map(|node| node.0),
        leader_epoch: partition.leader_epoch,
        replicas: numbers(&partition.replicas),
        in_sync: numbers(&partition.isr),
        start: led.as_ref().map(|partition| partition.visible_start().0),
        end: led.as_ref().map(|partition| partition.visible_end().0),
        bytes: led.as_ref().map(|partition| partition.log().size_bytes()),
        offline: context.replicas.offline_reason(id),
    }
}

/// Those that somebody has set come first.
fn configs(context: &Context, image: &Image, topic: &TopicImage) -> Vec<ConfigBody> {
    let mut described = describe_topic(&topic.configs, context.replicas.configs().layers(image));
    described.sort_by_key(|config| config.source == Source::Default);
    let config = |config: corvid_metadata::config::Described| ConfigBody {
        name: config.name.to_owned(),
        value: config.value,
        source: source(config.source).to_owned(),
    };
    described.into_iter().map(config).collect()
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Topic => "topic",
        Source::DynamicBroker | Source::DynamicDefaultBroker => "broker",
        Source::StaticBroker => "file",
        Source::Default => "default",
        Source::Group => "group",
    }
}
