//! Where a group begins again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use corvid_coordinator::{CommitRequest, GroupError, OffsetToCommit, Topic};
use corvid_env::task;
use corvid_metadata::PartitionIndex;
use corvid_record::Timestamp;
use corvid_replication::Partition;
use corvid_storage::ReadError;

use super::{committed, has_log};
use crate::context::Context;
use crate::error::{Answer, ApiError};
use crate::model::{ResetBody, ResetOutcome, ResetTo};
use crate::routes::topics::of_create;

type Standing = BTreeMap<(String, PartitionIndex), i64>;

pub(crate) async fn reset(
    State(context): State<Arc<Context>>,
    Path(group): Path<String>,
    Json(body): Json<ResetBody>,
) -> Answer<Vec<ResetOutcome>> {
    let mut standing = Standing::new();
    if has_log(&context) {
        refuse_if_consuming(&context, &group).await?;
        standing = stands(&context, &group).await?;
    }
    let topics: BTreeSet<String> = match body.topics.is_empty() {
        true => standing.keys().map(|(topic, _)| topic.clone()).collect(),
        false => body.topics.iter().cloned().collect(),
    };
    if topics.is_empty() {
        let error = ApiError::refused(format!("group `{group}` has no offsets yet"));
        return Err(error.hint("name the topics: --topic NAME"));
    }
    let mut outcomes = Vec::new();
    for name in &topics {
        let topic = context.topic(name)?;
        for partition in context.led(&topic) {
            let index = partition.id().index;
            let from = standing.get(&(name.clone(), index)).copied();
            let to = target(partition, body.to, from).await?;
            outcomes.push(ResetOutcome {
                topic: name.clone(),
                partition: index.0,
                from,
                to,
            });
        }
    }
    if !body.dry_run {
        make_log(&context, &group).await?;
        commit(&context, &group, &outcomes).await?;
    }
    Ok(Json(outcomes))
}

/// A group that consumes would overwrite the offsets with its own.
async fn refuse_if_consuming(context: &Context, group: &str) -> Result<(), ApiError> {
    let described = context
        .coordinator
        .describe_groups(std::slice::from_ref(&group.to_owned()))
        .await;
    match described.into_iter().next() {
        Some((_, Ok(description))) if !description.members.is_empty() => {
            Err(ApiError::group(group, GroupError::NonEmptyGroup))
        }
        // One that is not there yet begins with these offsets.
        Some((_, Ok(_) | Err(GroupError::GroupIdNotFound))) | None => Ok(()),
        Some((_, Err(error))) => Err(ApiError::group(group, error)),
    }
}

/// Before the first consumer there is no log of groups; a group may begin here as well.
async fn make_log(context: &Context, group: &str) -> Result<(), ApiError> {
    if has_log(context) {
        return Ok(());
    }
    let made = context.controller.make_offsets_topic().await;
    made.map_err(|error| of_create(&error))?;
    context.applier.settle().await;
    let loaded = context.coordinator.loaded(group).await;
    loaded.map_err(|error| ApiError::group(group, error))
}

async fn stands(context: &Context, group: &str) -> Result<Standing, ApiError> {
    let topics = committed(context, group).await?;
    let offsets = topics.into_iter().flat_map(|topic| {
        let name = topic.name;
        topic
            .partitions
            .into_iter()
            .map(move |(index, committed)| ((name.clone(), index), committed.offset))
    });
    Ok(offsets.collect())
}

async fn target(partition: Arc<Partition>, to: ResetTo, from: Option<i64>) -> Result<i64, ApiError> {
    let (start, end) = (partition.visible_start().0, partition.visible_end().0);
    Ok(match to {
        ResetTo::Earliest => start,
        ResetTo::Latest => end,
        ResetTo::Offset(offset) => offset.clamp(start, end),
        ResetTo::Shift(by) => from.unwrap_or(start).saturating_add(by).clamp(start, end),
        ResetTo::Timestamp(time) => {
            let found = task::offload(move || find(&partition, time)).await;
            found
                .map_err(|error| ApiError::unavailable(error.to_string()))?
                .unwrap_or(end)
        }
    })
}

fn find(partition: &Partition, time: i64) -> Result<Option<i64>, ReadError> {
    let found = partition
        .log()
        .offset_for_timestamp(Timestamp(time), partition.high_watermark())?;
    Ok(found.map(|(offset, _, _)| offset.0))
}

async fn commit(context: &Context, group: &str, outcomes: &[ResetOutcome]) -> Result<(), ApiError> {
    let mut topics: BTreeMap<&str, Vec<(PartitionIndex, OffsetToCommit)>> = BTreeMap::new();
    for outcome in outcomes {
        let offset = OffsetToCommit {
            offset: outcome.to,
            leader_epoch: -1,
            metadata: None,
        };
        topics
            .entry(&outcome.topic)
            .or_default()
            .push((PartitionIndex(outcome.partition), offset));
    }
    let topic = |(name, partitions): (&str, _)| Topic {
        name: name.to_owned(),
        id: None,
        partitions,
    };
    let request = CommitRequest {
        group_id: group.to_owned(),
        generation: -1,
        member_id: String::new(),
        group_instance_id: None,
        knows_missing_groups: true,
        retention_ms: None,
        topics: topics.into_iter().map(topic).collect(),
    };
    let failed = |error| ApiError::group(group, error);
    let answers = context.coordinator.commit_offsets(request).await.map_err(failed)?;
    for (_, answer) in answers.into_iter().flat_map(|topic| topic.partitions) {
        answer.map_err(failed)?;
    }
    Ok(())
}
