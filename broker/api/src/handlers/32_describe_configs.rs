//! DescribeConfigs (key 32), versions 1 to 4: every key, its value, and where it comes from.
//!
//! - v1: synonyms and sources. v3: types and documentation. Resources: topics, brokers, groups.

use std::sync::Arc;

use corvid_metadata::NodeId;
use corvid_metadata::config::{BrokerLayers, Configs, Described, describe_broker, describe_group, describe_topic};
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::DescribeConfigsRequest;
use corvid_wire::kafka::messages::describe_configs_request::DescribeConfigsResource;
use corvid_wire::kafka::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResponse, DescribeConfigsResult, DescribeConfigsSynonym,
};
use corvid_wire::{Frame, decode};

use super::config_resource::Resource;
use crate::broker::Broker;
use crate::convert::text;
use crate::reply::{HandlerResult, Head};

/// Answers a DescribeConfigs.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let request: DescribeConfigsRequest = decode(&frame)?;
    let (synonyms, docs) = (request.include_synonyms, request.include_documentation);
    let results = request
        .resources
        .iter()
        .map(|resource| describe(broker, resource, synonyms, docs))
        .collect();
    Head::of(&frame).now(&DescribeConfigsResponse::default().with_results(results))
}

fn describe(broker: &Broker, asked: &DescribeConfigsResource, synonyms: bool, docs: bool) -> DescribeConfigsResult {
    let answer = DescribeConfigsResult::default()
        .with_resource_type(asked.resource_type)
        .with_resource_name(asked.resource_name.clone());
    let all = match configs(broker, asked) {
        Ok(all) => all,
        Err((error, message)) => {
            return answer
                .with_error_code(error.code())
                .with_error_message(Some(text(&message)));
        }
    };
    let wanted = |config: &&Described| {
        let keys = asked.configuration_keys.as_ref().filter(|keys| !keys.is_empty());
        keys.is_none_or(|keys| keys.iter().any(|key| **key == *config.name))
    };
    answer.with_configs(
        all.iter()
            .filter(wanted)
            .map(|config| one(config, synonyms, docs))
            .collect(),
    )
}

fn configs(broker: &Broker, asked: &DescribeConfigsResource) -> Result<Vec<Described>, (ResponseError, String)> {
    let image = broker.image();
    let layers = broker.configs().layers(&image);
    match Resource::parse(asked.resource_type, &asked.resource_name)? {
        Resource::Topic(name) => match image.topic(&name) {
            Some(topic) => Ok(describe_topic(&topic.configs, layers)),
            None => Err((
                ResponseError::UnknownTopicOrPartition,
                format!("there is no topic \"{name}\""),
            )),
        },
        Resource::AllBrokers => {
            // What is set for all brokers, and nothing of this one.
            let nothing = Configs::new();
            let cluster = BrokerLayers {
                node: &nothing,
                cluster: image.broker_configs(None),
                fixed: &nothing,
            };
            let set = describe_broker(cluster).into_iter();
            Ok(set
                .filter(|config| image.broker_configs(None).contains_key(config.name))
                .collect())
        }
        Resource::Broker(node) => match image.broker(node) {
            Some(_) => Ok(describe_broker(layers)),
            None => Err(unknown_broker(node)),
        },
        Resource::Group(group) => Ok(describe_group(image.group_configs(&group), layers)),
    }
}

fn unknown_broker(node: NodeId) -> (ResponseError, String) {
    (ResponseError::InvalidRequest, format!("there is no broker {node}"))
}

fn one(config: &Described, synonyms: bool, docs: bool) -> DescribeConfigsResourceResult {
    let synonym = |synonym: &corvid_metadata::config::Synonym| {
        DescribeConfigsSynonym::default()
            .with_name(text(synonym.name))
            .with_value(synonym.value.as_deref().map(text))
            .with_source(synonym.source.code())
    };
    let told = if synonyms {
        config.synonyms.iter().map(synonym).collect()
    } else {
        Vec::new()
    };
    DescribeConfigsResourceResult::default()
        .with_name(text(config.name))
        .with_value(config.value.as_deref().map(text))
        .with_read_only(config.read_only)
        .with_config_source(config.source.code())
        .with_is_sensitive(config.sensitive)
        .with_synonyms(told)
        .with_config_type(config.config_type.code())
        .with_documentation(docs.then(|| text(config.doc)))
}
