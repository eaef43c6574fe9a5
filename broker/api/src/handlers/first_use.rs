//! Retry topics are created when they are first named, whatever `auto.create.topics.enable` says and whether or not the client
//! wants topics created: the retry table of their source asks for them, up to its limit.

use std::sync::Arc;

use corvid_controller::CreateTopicError;
use corvid_metadata::{Image, TopicImage, retry_topic};

use crate::broker::{Broker, Named};

/// Whether a topic of this name is created when it is named.
pub(super) fn is_asked_for(image: &Image, name: &str) -> bool {
    retry_topic::of_name(image, name).is_some()
}

/// Creates a topic by its name alone; it is ready when this returns.
pub(super) async fn create(broker: &Broker, name: &str) -> Result<Option<Arc<TopicImage>>, CreateTopicError> {
    match broker.controller.create_named_topic(name).await {
        Ok(_) | Err(CreateTopicError::Exists(_)) => {
            let image = broker.image();
            broker.settle(&image).await;
            Ok(image.topic(name).cloned())
        }
        Err(error) => Err(error),
    }
}

/// The topic that a produce names; a retry topic is made where it is missing.
pub(super) async fn named(broker: &Broker, image: &Image, name: &str, named: Named) -> Result<Named, CreateTopicError> {
    if !matches!(named, Named::UnknownName) || !is_asked_for(image, name) {
        return Ok(named);
    }
    Ok(create(broker, name).await?.map_or(named, Named::Known))
}
