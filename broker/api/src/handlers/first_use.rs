//! Retry topics are created when they are first named, whatever `auto.create.topics.enable` says and whether or not the client
//! wants topics created: the retry table of their source asks for them.

use std::sync::Arc;

use corvid_controller::{CreateTopicError, TopicSpec};
use corvid_metadata::{Image, TopicImage, retry_topic};

use crate::broker::{Broker, Named};

/// Whether a topic of this name is created when it is named.
pub(super) fn is_asked_for(image: &Image, name: &str) -> bool {
    retry_topic::of_name(image, name).is_some()
}

/// Creates a topic by its name alone; it is ready when this returns.
pub(super) async fn create(broker: &Broker, name: &str) -> Result<Option<Arc<TopicImage>>, CreateTopicError> {
    let spec = TopicSpec {
        name: name.to_owned(),
        ..TopicSpec::default()
    };
    match broker.controller.create_topic(spec, false).await {
        Ok(_) | Err(CreateTopicError::Exists(_)) => {
            let image = broker.image();
            broker.settle(&image).await;
            Ok(image.topic(name).cloned())
        }
        Err(error) => Err(error),
    }
}

/// The topic that a produce names; a retry topic is made where it is missing.
pub(super) async fn named(broker: &Broker, image: &Image, name: &str, named: Named) -> Named {
    if !matches!(named, Named::UnknownName) || !is_asked_for(image, name) {
        return named;
    }
    match create(broker, name).await {
        Ok(Some(topic)) => Named::Known(topic),
        Ok(None) => named,
        Err(error) => {
            tracing::warn!(topic = name, %error, "the retry topic that a client produces to cannot be created");
            named
        }
    }
}
