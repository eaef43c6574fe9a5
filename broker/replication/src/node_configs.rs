//! What the layers of configs come to on this node: the wire's over the node's own file.

use corvid_metadata::config::{BrokerLayers, Configs};
use corvid_metadata::retry_topic;
use corvid_metadata::{Image, NodeId, TopicImage, TopicSettings};

/// This node's own file, under Kafka's names, and whose it is.
#[derive(Debug, Clone)]
pub struct NodeConfigs {
    /// The node.
    pub node: NodeId,
    /// The broker configs that its file and command line set.
    pub fixed: Configs,
}

impl NodeConfigs {
    /// The layers of this node's broker configs.
    pub fn layers<'a>(&'a self, image: &'a Image) -> BrokerLayers<'a> {
        image.broker_layers(self.node, &self.fixed)
    }

    /// A topic's settings here; a retry topic has the retry table and the dead-letter topic of its source.
    ///
    /// What an image holds was checked before it was committed; should it not resolve all the same (a
    /// newer release wrote it), that is logged and the defaults hold, so that the node serves on.
    pub fn topic(&self, image: &Image, topic: &TopicImage) -> TopicSettings {
        let broker = self.layers(image).merged();
        let mut settings = TopicSettings::resolve(&topic.name, &topic.configs, &broker).unwrap_or_else(|error| {
            tracing::error!(topic = %topic.name, %error, "the topic's configs are not understood: the defaults hold");
            TopicSettings::default_for(&topic.name)
        });
        retry_topic::inherit(image, &mut settings);
        settings
    }
}
