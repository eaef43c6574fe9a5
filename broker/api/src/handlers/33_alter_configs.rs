//! AlterConfigs (key 33), versions 0 to 2: all configs of a resource at once; what is absent goes back to its
//! default. Newer clients use IncrementalAlterConfigs.

use std::sync::Arc;

use corvid_metadata::config::Configs;
use corvid_wire::kafka::messages::AlterConfigsRequest;
use corvid_wire::kafka::messages::alter_configs_request::AlterConfigsResource;
use corvid_wire::kafka::messages::alter_configs_response::{AlterConfigsResourceResponse, AlterConfigsResponse};
use corvid_wire::{Frame, decode};

use super::config_resource::{Alteration, Refused, Resource};
use crate::broker::Broker;
use crate::convert::text;
use crate::reply::{HandlerResult, Head};

/// Answers an AlterConfigs, when this node goes by the new configs.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: AlterConfigsRequest = decode(&frame)?;
    let mut responses = Vec::with_capacity(request.resources.len());
    for resource in &request.resources {
        let answer = AlterConfigsResourceResponse::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone());
        responses.push(match alter(broker, resource, request.validate_only).await {
            Ok(()) => answer,
            Err((error, message)) => answer
                .with_error_code(error.code())
                .with_error_message(Some(text(&message))),
        });
    }
    broker.settle(&broker.image()).await;
    head.now(&AlterConfigsResponse::default().with_responses(responses))
}

async fn alter(broker: &Arc<Broker>, asked: &AlterConfigsResource, validate_only: bool) -> Result<(), Refused> {
    let resource = Resource::parse(asked.resource_type, &asked.resource_name)?;
    let configs: Configs = asked
        .configs
        .iter()
        .filter_map(|config| Some((config.name.to_string(), config.value.as_ref()?.to_string())))
        .collect();
    resource.alter(broker, Alteration::All(configs), validate_only).await
}
