//! Topics and what is bound to them.

use corvid_wire::client::{BrokerError, Client, ClientError, topic_name};
use corvid_wire::kafka::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use corvid_wire::kafka::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use corvid_wire::kafka::messages::{CreateTopicsRequest, IncrementalAlterConfigsRequest};
use corvid_wire::kafka::protocol::StrBytes;

use crate::PLUGIN;

/// Creates a topic with one replica of each partition.
pub async fn create(
    client: &mut Client,
    name: &str,
    partitions: i32,
    configs: &[(&str, &str)],
) -> Result<(), ClientError> {
    let config = |(key, value): &(&str, &str)| {
        CreatableTopicConfig::default()
            .with_name(text(key))
            .with_value(Some(text(value)))
    };
    let topic = CreatableTopic::default()
        .with_name(topic_name(name))
        .with_num_partitions(partitions)
        .with_replication_factor(1)
        .with_configs(configs.iter().map(config).collect());
    let request = CreateTopicsRequest::default()
        .with_topics(vec![topic])
        .with_timeout_ms(10_000);
    let response = client.request(&request).await?;
    for topic in &response.topics {
        BrokerError::check(topic.error_code, || {
            let why = topic.error_message.as_deref().unwrap_or_default();
            format!("topic {name} was not created: {why}")
        })?;
    }
    Ok(())
}

/// Sets some of a topic's configs; the others stay as they are.
pub async fn alter(client: &mut Client, name: &str, configs: &[(&str, &str)]) -> Result<(), ClientError> {
    const TOPIC: i8 = 2;
    const SET: i8 = 0;
    let config = |(key, value): &(&str, &str)| {
        AlterableConfig::default()
            .with_name(text(key))
            .with_config_operation(SET)
            .with_value(Some(text(value)))
    };
    let resource = AlterConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(text(name))
        .with_configs(configs.iter().map(config).collect());
    let request = IncrementalAlterConfigsRequest::default().with_resources(vec![resource]);
    let response = client.request(&request).await?;
    for resource in &response.responses {
        BrokerError::check(resource.error_code, || {
            let why = resource.error_message.as_deref().unwrap_or_default();
            format!("the configs of {name} were not altered: {why}")
        })?;
    }
    Ok(())
}

/// A binding of the plugin with this configuration, as `corvid.partitioner` takes it.
pub fn binding(config: &serde_json::Value) -> String {
    serde_json::json!({ "plugin": PLUGIN, "config": config }).to_string()
}

/// The same with what happens to records that it refuses, as `corvid.produce` takes it in a list.
pub fn check(config: &serde_json::Value, on_refused: &str) -> serde_json::Value {
    serde_json::json!({ "plugin": PLUGIN, "config": config, "on_refused": on_refused })
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}
