//! The topic that consumer groups live in: made when the first of them is spoken of.

use corvid_metadata::config::{Configs, keys};
use corvid_metadata::topic_name::CONSUMER_OFFSETS;

use crate::controller::Controller;
use crate::topics::{CreateTopicError, TopicSpec};

impl Controller {
    /// Makes `__consumer_offsets` as the broker's configs have it, unless it is there.
    pub async fn make_offsets_topic(&self) -> Result<(), CreateTopicError> {
        if self.image().topic(CONSUMER_OFFSETS).is_some() {
            return Ok(());
        }
        match self.create_any_topic(self.offsets_topic(), false).await {
            Ok(_) | Err(CreateTopicError::Exists(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn offsets_topic(&self) -> TopicSpec {
        let image = self.image();
        let layers = image.broker_layers(self.node(), self.fixed_configs());
        // As many replicas as there are nodes, up to what is configured: a single node has one.
        let replicas = layers.number(keys::OFFSETS_TOPIC_REPLICATION_FACTOR) as usize;
        let segment_bytes = layers.number(keys::OFFSETS_TOPIC_SEGMENT_BYTES).to_string();
        TopicSpec {
            name: CONSUMER_OFFSETS.to_owned(),
            partitions: Some(layers.number(keys::OFFSETS_TOPIC_NUM_PARTITIONS) as i32),
            replication_factor: Some(replicas.min(image.brokers().count()) as i16),
            assignments: Vec::new(),
            configs: Configs::from([
                (keys::CLEANUP_POLICY.to_owned(), "compact".to_owned()),
                (keys::SEGMENT_BYTES.to_owned(), segment_bytes),
            ]),
        }
    }
}
