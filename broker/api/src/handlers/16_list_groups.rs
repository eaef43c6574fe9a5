//! ListGroups (key 16), versions 0 to 5. v4: filter by state (KIP-518). v5: by type (KIP-848).

use std::sync::Arc;

use corvid_coordinator::ListGroupsRequest;
use corvid_wire::kafka::messages::list_groups_response::{ListGroupsResponse, ListedGroup};
use corvid_wire::kafka::messages::{GroupId, ListGroupsRequest as Request};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::convert::text;
use crate::errors;
use crate::reply::{HandlerResult, Head, Reply};

/// Answers a ListGroups, when all before it on its connection is answered.
pub fn handle(broker: &Arc<Broker>, frame: &Frame) -> HandlerResult {
    let head = Head::of(frame);
    let request: Request = decode(frame)?;
    let list = ListGroupsRequest {
        states: request
            .states_filter
            .iter()
            .map(std::string::ToString::to_string)
            .collect(),
        types: request
            .types_filter
            .iter()
            .map(std::string::ToString::to_string)
            .collect(),
    };
    let coordinator = broker.coordinator.clone();
    Ok(Reply::later(async move {
        let response = match coordinator.list_groups(&list).await {
            Ok(groups) => ListGroupsResponse::default().with_groups(groups.iter().map(listed).collect()),
            Err(error) => ListGroupsResponse::default().with_error_code(errors::of_group(error).code()),
        };
        head.encode(&response)
    }))
}

fn listed(group: &corvid_coordinator::ListedGroup) -> ListedGroup {
    ListedGroup::default()
        .with_group_id(GroupId(text(&group.group_id)))
        .with_protocol_type(text(&group.protocol_type))
        .with_group_state(text(group.state.name()))
        .with_group_type(text(group.group_type))
}
