//! `/v1/groups`.

mod assignment;
mod reset;
mod show;

pub(crate) use reset::reset;
pub(crate) use show::{describe, list};

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use corvid_coordinator::{CommittedOffset, FetchOffsetsRequest, OFFSETS_TOPIC, Topic};

use crate::context::Context;
use crate::error::ApiError;

pub(crate) async fn delete(
    State(context): State<Arc<Context>>,
    Path(group): Path<String>,
) -> Result<StatusCode, ApiError> {
    know_groups(&context, &group)?;
    let answers = context.coordinator.delete_groups(std::slice::from_ref(&group)).await;
    match answers.into_iter().next() {
        Some((_, Err(error))) => Err(ApiError::group(&group, error)),
        Some((_, Ok(()))) | None => Ok(StatusCode::NO_CONTENT),
    }
}

/// Before the first consumer, there is no log of groups, and so no coordinator to ask.
fn know_groups(context: &Context, group: &str) -> Result<(), ApiError> {
    match has_log(context) {
        true => Ok(()),
        false => Err(ApiError::not_found(format!("there is no group `{group}`"))
            .hint("no consumer with a group has ever connected")),
    }
}

fn has_log(context: &Context) -> bool {
    context.image().topic(OFFSETS_TOPIC).is_some()
}

/// Every offset that a group has committed.
async fn committed(context: &Context, group: &str) -> Result<Vec<Topic<CommittedOffset>>, ApiError> {
    let request = FetchOffsetsRequest {
        group_id: group.to_owned(),
        member_id: None,
        member_epoch: -1,
        topics: None,
        require_stable: false,
    };
    context
        .coordinator
        .fetch_offsets(request)
        .await
        .map_err(|error| ApiError::group(group, error))
}
