//! DeleteGroups (key 42), versions 0 to 2: groups without members, with their offsets.

use std::sync::Arc;

use corvid_wire::kafka::messages::delete_groups_response::{DeletableGroupResult, DeleteGroupsResponse};
use corvid_wire::kafka::messages::{DeleteGroupsRequest, GroupId};
use corvid_wire::{Frame, decode};

use crate::broker::Broker;
use crate::convert::text;
use crate::errors;
use crate::reply::{HandlerResult, Head, Reply};

/// Answers a DeleteGroups, when the deletions are durable.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let head = Head::of(&frame);
    let request: DeleteGroupsRequest = decode(&frame)?;
    let ids: Vec<String> = request.groups_names.iter().map(|group| group.to_string()).collect();
    let coordinator = broker.coordinator.clone();
    Ok(Reply::later(async move {
        let deleted = coordinator.delete_groups(&ids).await;
        let result = |(id, result): (String, _)| {
            DeletableGroupResult::default()
                .with_group_id(GroupId(text(&id)))
                .with_error_code(errors::group_code(result))
        };
        head.encode(&DeleteGroupsResponse::default().with_results(deleted.into_iter().map(result).collect()))
    }))
}
