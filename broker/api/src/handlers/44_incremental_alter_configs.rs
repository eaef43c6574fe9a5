//! IncrementalAlterConfigs (key 44), versions 0 and 1 (KIP-339): some configs are set, unset, or changed as lists.

use std::sync::Arc;

use corvid_controller::{Change, Op};
use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::IncrementalAlterConfigsRequest;
use corvid_wire::kafka::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use corvid_wire::kafka::messages::incremental_alter_configs_response::{
    AlterConfigsResourceResponse, IncrementalAlterConfigsResponse,
};
use corvid_wire::{Frame, decode};

use super::config_resource::{Alteration, Refused, Resource};
use crate::broker::Broker;
use crate::convert::text;
use crate::reply::{HandlerResult, Head};

/// Answers an IncrementalAlterConfigs, when this node goes by the new configs.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: IncrementalAlterConfigsRequest = decode(&frame)?;
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
    head.now(&IncrementalAlterConfigsResponse::default().with_responses(responses))
}

async fn alter(broker: &Arc<Broker>, asked: &AlterConfigsResource, validate_only: bool) -> Result<(), Refused> {
    let resource = Resource::parse(asked.resource_type, &asked.resource_name)?;
    let changes = asked.configs.iter().map(change).collect::<Result<Vec<_>, _>>()?;
    resource.alter(broker, Alteration::Some(changes), validate_only).await
}

fn change(config: &AlterableConfig) -> Result<Change, Refused> {
    let key = config.name.to_string();
    let value = || {
        let missing = || {
            (
                ResponseError::InvalidRequest,
                format!("config {key} is to be set, but has no value"),
            )
        };
        config
            .value
            .as_ref()
            .map(std::string::ToString::to_string)
            .ok_or_else(missing)
    };
    let op = match config.config_operation {
        0 => Op::Set(value()?),
        1 => Op::Delete,
        2 => Op::Append(value()?),
        3 => Op::Subtract(value()?),
        unknown => {
            return Err((
                ResponseError::InvalidRequest,
                format!("config operation {unknown} is unknown"),
            ));
        }
    };
    Ok(Change { key, op })
}
