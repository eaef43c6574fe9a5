//! Routes: which topics a topic's records may be sent to, settled in the metadata before the first is.

use std::collections::BTreeMap;

use corvid_controller::{Change, Controller, CreateTopicError, Op, RouteError, TopicSpec};
use corvid_metadata::config::{Configs, keys};
use corvid_metadata::policy::DeadLetter;
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
        for name in bindings.dead_letter.topics() {
            match image.topic(name) {
                Some(dead_letter) => targets.push(dead_letter.id),
                None => return Some(format!("the dead-letter topic {name} does not exist yet")),
            }
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
    settings.bindings.partitioner.is_some() || settings.bindings.retry_of.is_some() || settings.delay_max_ms > 0
}

/// Creates the dead-letter topics and routes that the bindings of `image` ask for, and says how long letters are kept. What is
/// there already costs a look. A topic that fails is logged, and takes no records meanwhile; it does not hold up others.
pub async fn settle(controller: &Controller, image: &Image, configs: &NodeConfigs) {
    let mut retention = Retention::default();
    for topic in image.topics() {
        let settings = configs.topic(image, topic);
        retention.ask(&settings.bindings.dead_letter);
        if missing(image, topic, &settings).is_none() {
            continue;
        }
        if let Err(error) = settle_topic(controller, image, topic, &settings).await {
            tracing::error!(topic = %topic.name, %error, "the topic's routes cannot be settled");
        }
    }
    retention.settle(controller).await;
}

/// How long letters are kept, by the topic that they are in: as long as the one of its sources that wants it longest.
#[derive(Debug, Default)]
struct Retention(BTreeMap<String, i64>);

impl Retention {
    fn ask(&mut self, dead_letter: &DeadLetter) {
        let Some(ms) = dead_letter.retention_ms else { return };
        for topic in dead_letter.topics() {
            let longest = self.0.entry(topic.to_owned()).or_insert(ms);
            // −1, which is for ever, is the greatest of all without its sign.
            *longest = (*longest).cast_unsigned().max(ms.cast_unsigned()).cast_signed();
        }
    }

    async fn settle(self, controller: &Controller) {
        for (name, ms) in self.0 {
            let image = controller.image();
            let Some(topic) = image.topic(&name) else { continue };
            let value = ms.to_string();
            if topic.configs.get(keys::RETENTION_MS) == Some(&value) {
                continue;
            }
            let change = Change {
                key: keys::RETENTION_MS.to_owned(),
                op: Op::Set(value),
            };
            if let Err(error) = controller.alter_topic_configs(&name, &[change], false).await {
                tracing::error!(topic = %name, %error, "how long dead letters are kept cannot be set");
            }
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
    for name in bindings.dead_letter.topics() {
        let dead_letter = match image.topic(name) {
            Some(dead_letter) => dead_letter.id,
            None => {
                let partitions = topic.partitions.len() as i32;
                create_dead_letter_topic(controller, name, bindings.dead_letter.retention_ms, partitions).await?
            }
        };
        controller.ensure_route(topic.id, dead_letter).await?;
    }
    Ok(())
}

/// A dead-letter topic that nobody made has as many partitions as its source.
async fn create_dead_letter_topic(
    controller: &Controller,
    name: &str,
    retention_ms: Option<i64>,
    partitions: i32,
) -> Result<corvid_metadata::TopicId, RoutesError> {
    let mut configs = Configs::new();
    if let Some(ms) = retention_ms {
        configs.insert(keys::RETENTION_MS.to_owned(), ms.to_string());
    }
    let spec = TopicSpec {
        name: name.to_owned(),
        partitions: Some(partitions),
        replication_factor: None,
        assignments: Vec::new(),
        configs,
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
