//! What the three APIs about configs share: resources, and changing them.

use std::sync::Arc;

use corvid_controller::{AlterConfigsError, Change};
use corvid_metadata::NodeId;
use corvid_metadata::config::Configs;
use corvid_wire::kafka::ResponseError;

use crate::broker::Broker;
use crate::errors;

/// What configs belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Resource {
    /// A topic.
    Topic(String),
    /// One broker.
    Broker(NodeId),
    /// Every broker: the empty name.
    AllBrokers,
    /// A consumer group.
    Group(String),
}

const TOPIC: i8 = 2;
const BROKER: i8 = 4;
const GROUP: i8 = 32;

/// A Kafka error, and what it says to a person.
pub(crate) type Refused = (ResponseError, String);

/// How configs are to change.
pub(crate) enum Alteration {
    /// Some keys (IncrementalAlterConfigs).
    Some(Vec<Change>),
    /// All of them: what is absent goes back to its default (AlterConfigs).
    All(Configs),
}

impl Resource {
    /// Reads a resource as requests name it.
    pub(crate) fn parse(kind: i8, name: &str) -> Result<Self, Refused> {
        match (kind, name) {
            (TOPIC, name) => Ok(Self::Topic(name.to_owned())),
            (BROKER, "") => Ok(Self::AllBrokers),
            (BROKER, id) => match id.parse() {
                Ok(id) => Ok(Self::Broker(NodeId(id))),
                Err(_) => Err((
                    ResponseError::InvalidRequest,
                    format!("\"{id}\" is not the id of a broker"),
                )),
            },
            (GROUP, name) => Ok(Self::Group(name.to_owned())),
            (kind, _) => Err((
                ResponseError::InvalidRequest,
                format!("resource type {kind} has no configs here"),
            )),
        }
    }

    /// Changes the configs, or only says whether they could be changed.
    pub(crate) async fn alter(
        &self,
        broker: &Arc<Broker>,
        alteration: Alteration,
        validate_only: bool,
    ) -> Result<(), Refused> {
        let controller = &broker.controller;
        let altered = match (self, &alteration) {
            (Self::Topic(name), Alteration::Some(changes)) => {
                self.check_plugins(broker, &alteration).await?;
                controller.alter_topic_configs(name, changes, validate_only).await
            }
            (Self::Topic(name), Alteration::All(configs)) => {
                self.check_plugins(broker, &alteration).await?;
                controller
                    .replace_topic_configs(name, configs.clone(), validate_only)
                    .await
            }
            (Self::Broker(_) | Self::AllBrokers, Alteration::Some(changes)) => {
                controller
                    .alter_broker_configs(self.node(), changes, validate_only)
                    .await
            }
            (Self::Broker(_) | Self::AllBrokers, Alteration::All(configs)) => {
                controller
                    .replace_broker_configs(self.node(), configs.clone(), validate_only)
                    .await
            }
            (Self::Group(group), Alteration::Some(changes)) => {
                controller.alter_group_configs(group, changes, validate_only).await
            }
            (Self::Group(_), Alteration::All(_)) => {
                return Err((
                    ResponseError::InvalidRequest,
                    "group configs change by IncrementalAlterConfigs only".to_owned(),
                ));
            }
        };
        altered.map_err(|error| (code(&error), error.to_string()))
    }

    fn node(&self) -> Option<NodeId> {
        match self {
            Self::Broker(node) => Some(*node),
            Self::AllBrokers | Self::Topic(_) | Self::Group(_) => None,
        }
    }

    /// A binding is checked before it is committed: what does not load is refused, and what runs stays.
    async fn check_plugins(&self, broker: &Arc<Broker>, alteration: &Alteration) -> Result<(), Refused> {
        let Self::Topic(name) = self else { return Ok(()) };
        let image = broker.image();
        let configs = match alteration {
            Alteration::All(configs) => configs.clone(),
            Alteration::Some(changes) => {
                let mut configs = image.topic(name).map(|topic| topic.configs.clone()).unwrap_or_default();
                for change in changes {
                    match &change.op {
                        corvid_controller::Op::Set(value) => drop(configs.insert(change.key.clone(), value.clone())),
                        corvid_controller::Op::Delete => drop(configs.remove(&change.key)),
                        // Lists of names; none of ours is one.
                        corvid_controller::Op::Append(_) | corvid_controller::Op::Subtract(_) => {}
                    }
                }
                configs
            }
        };
        let checked = broker.topics.check_configs(&image, name, &configs).await;
        checked.map_err(|reason| (ResponseError::InvalidConfig, reason))
    }
}

fn code(error: &AlterConfigsError) -> ResponseError {
    match error {
        AlterConfigsError::UnknownTopic(_) => ResponseError::UnknownTopicOrPartition,
        AlterConfigsError::InvalidConfig(_) | AlterConfigsError::InvalidBinding(_) | AlterConfigsError::NotAList(_) => {
            ResponseError::InvalidConfig
        }
        AlterConfigsError::Twice(_) => ResponseError::InvalidRequest,
        AlterConfigsError::Submit(error) => errors::of_submit(error),
    }
}
