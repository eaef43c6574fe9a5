//! Groups as they are.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use corvid_coordinator::{CommittedOffset, ListGroupsRequest, ListedGroup, MemberDescription, Topic};
use corvid_metadata::{Image, PartitionIndex};
use corvid_replication::PartitionId;

use super::{assignment, committed, know_groups};
use crate::context::Context;
use crate::error::{Answer, ApiError};
use crate::model::{CommittedBody, GroupBody, GroupSummary, MemberBody};

pub(crate) async fn list(State(context): State<Arc<Context>>) -> Answer<Vec<GroupSummary>> {
    let listed = context.coordinator.list_groups(&ListGroupsRequest::default()).await;
    let listed = listed.map_err(|error| ApiError::unavailable(error.to_string()).hint("try again in a moment"))?;
    let summary = |group: ListedGroup| GroupSummary {
        state: group.state.name().to_owned(),
        group: group.group_id,
        protocol_type: group.protocol_type,
    };
    let mut groups: Vec<_> = listed.into_iter().map(summary).collect();
    groups.sort_by(|a, b| a.group.cmp(&b.group));
    Ok(Json(groups))
}

pub(crate) async fn describe(State(context): State<Arc<Context>>, Path(group): Path<String>) -> Answer<GroupBody> {
    know_groups(&context, &group)?;
    let described = context.coordinator.describe_groups(std::slice::from_ref(&group)).await;
    let Some((_, description)) = described.into_iter().next() else {
        return Err(ApiError::not_found(format!("there is no group `{group}`")));
    };
    let description = description.map_err(|error| ApiError::group(&group, error))?;
    let offsets = committed(&context, &group).await?;
    let image = context.image();
    Ok(Json(GroupBody {
        group,
        state: description.state.name().to_owned(),
        protocol_type: description.protocol_type,
        protocol: description.protocol_name,
        members: description.members.into_iter().map(member).collect(),
        offsets: offsets
            .iter()
            .flat_map(|topic| shown(&context, &image, topic))
            .collect(),
    }))
}

fn member(member: MemberDescription) -> MemberBody {
    MemberBody {
        member: member.member_id,
        instance: member.group_instance_id,
        client: member.client_id,
        host: member.client_host,
        assigned: assignment::partitions(&member.assignment),
    }
}

fn shown(context: &Context, image: &Image, topic: &Topic<CommittedOffset>) -> Vec<CommittedBody> {
    let offset = |(index, committed): &(PartitionIndex, CommittedOffset)| {
        let end = end(context, image, &topic.name, *index);
        CommittedBody {
            topic: topic.name.clone(),
            partition: index.0,
            offset: committed.offset,
            end,
            // A consumer may stand behind hidden batches at the end.
            lag: end.map(|end| (end - committed.offset).max(0)),
        }
    };
    topic.partitions.iter().map(offset).collect()
}

fn end(context: &Context, image: &Image, topic: &str, index: PartitionIndex) -> Option<i64> {
    let topic = image.topic(topic)?.id;
    Some(context.replicas.get(PartitionId { topic, index })?.visible_end().0)
}
