//! Routes: which topics a topic's records may be sent to, settled in the metadata before the first is.

use corvid_controller::{Controller, CreateTopicError, RouteError, TopicSpec};
use corvid_metadata::{Image, TopicImage, TopicSettings};
use corvid_replication::NodeConfigs;

/// Why a topic's routes could not be settled.
#[derive(Debug, thiserror::Error)]
pub enum RoutesError {
    /// The dead-letter topic is not there and cannot be made.
    #[error("the dead-letter topic {name} cannot be created: {error}")]
    DeadLetterTopic {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        error: CreateTopicError,
    },
    /// The quorum took no route.
    #[error(transparent)]
    Route(#[from] RouteError),
}

/// What the metadata still lacks before `topic` may send records as `bindings` say; `None`: nothing.
pub(crate) fn missing(image: &Image, topic: &TopicImage, settings: &TopicSettings) -> Option<String> {
    let bindings = &settings.bindings;
    let mut targets = Vec::new();
    if sends_to_itself(settings) {
        targets.push(topic.id);
    }
    if bindings.dead_letters() {
        let name = &bindings.dead_letter.topic;
        match image.topic(name) {
            Some(dead_letter) => targets.push(dead_letter.id),
            None => return Some(format!("the dead-letter topic {name} does not exist yet")),
        }
    }
    let has_sources = || topic.partitions.iter().all(|partition| partition.source.is_some());
    if targets.iter().all(|target| topic.routes.contains(target)) && (targets.is_empty() || has_sources()) {
        return None;
    }
    Some("its routes are being settled".to_owned())
}

/// Whether records move to other partitions of their topic, or come back to their own later.
fn sends_to_itself(settings: &TopicSettings) -> bool {
    settings.bindings.partitioner.is_some() || settings.delay_max_ms > 0
}

/// Creates the dead-letter topics and routes that the bindings of `image` ask for. What is there already
/// costs a look. A topic that fails is logged, and takes no records meanwhile; it does not hold up others.
pub async fn settle(controller: &Controller, image: &Image, configs: &NodeConfigs) {
    for topic in image.topics() {
        let settings = configs.topic(image, topic);
        if missing(image, topic, &settings).is_none() {
            continue;
        }
        if let Err(error) = settle_topic(controller, image, topic, &settings).await {
            tracing::error!(topic = %topic.name, %error, "the topic's routes cannot be settled");
        }
    }
}

async fn settle_topic(
    controller: &Controller,
    image: &Image,
    topic: &TopicImage,
    settings: &TopicSettings,
) -> Result<(), RoutesError> {
    let bindings = &settings.bindings;
    if sends_to_itself(settings) {
        controller.ensure_route(topic.id, topic.id).await?;
    }
    if !bindings.dead_letters() {
        return Ok(());
    }
    let name = &bindings.dead_letter.topic;
    let dead_letter = match image.topic(name) {
        Some(dead_letter) => dead_letter.id,
        None => create_dead_letter_topic(controller, name, topic.partitions.len() as i32).await?,
    };
    controller.ensure_route(topic.id, dead_letter).await?;
    Ok(())
}

/// A dead-letter topic that nobody made has as many partitions as its source.
async fn create_dead_letter_topic(
    controller: &Controller,
    name: &str,
    partitions: i32,
) -> Result<corvid_metadata::TopicId, RoutesError> {
    let spec = TopicSpec {
        name: name.to_owned(),
        partitions: Some(partitions),
        replication_factor: None,
        assignments: Vec::new(),
        configs: corvid_metadata::config::Configs::new(),
    };
    match controller.create_topic(spec, false).await {
        Ok(created) => Ok(created.id),
        Err(error) => match controller.image().topic(name) {
            // Someone else made it meanwhile.
            Some(topic) => Ok(topic.id),
            None => Err(RoutesError::DeadLetterTopic {
                name: name.to_owned(),
                error,
            }),
        },
    }
}
