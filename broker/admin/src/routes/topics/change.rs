//! Topics: made, changed, deleted. Each is answered when this node has put it into effect.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use corvid_controller::{
    AlterConfigsError, Change, CreatePartitionsError, CreateTopicError, DeleteTopicError, Op, TopicSpec,
};
use corvid_metadata::config::{self, ConfigKey, Configs};
use corvid_metadata::{TopicBindings, topic_name};

use crate::context::Context;
use crate::error::{Answer, ApiError};
use crate::model::{AlterTopicBody, AlteredTopicBody, CreateTopicBody, CreatedTopicBody};

pub(crate) async fn create(
    State(context): State<Arc<Context>>,
    Json(body): Json<CreateTopicBody>,
) -> Answer<CreatedTopicBody> {
    not_internal(&body.name)?;
    check_configs(&context, &body.name, &body.configs).await?;
    let name = body.name.clone();
    let spec = TopicSpec {
        name: body.name,
        partitions: body.partitions,
        replication_factor: body.replication_factor,
        assignments: Vec::new(),
        configs: body.configs,
    };
    let created = context
        .controller
        .create_topic(spec, false)
        .await
        .map_err(|error| of_create(&error))?;
    context.applier.settle().await;
    Ok(Json(CreatedTopicBody {
        name,
        id: created.id.to_string(),
        partitions: created.partitions,
        replication_factor: created.replication_factor,
    }))
}

pub(crate) async fn alter(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    Json(body): Json<AlterTopicBody>,
) -> Answer<AlteredTopicBody> {
    not_internal(&name)?;
    let topic = context.topic(&name)?;
    // What is set is looked at with its value, below.
    body.unset.iter().try_for_each(|key| known_config(key))?;
    let mut after = topic.configs.clone();
    body.unset.iter().for_each(|key| drop(after.remove(key)));
    after.extend(body.set.clone());
    check_configs(&context, &name, &after).await?;
    let change = |key: String, op| Change { key, op };
    let set = body.set.into_iter().map(|(key, value)| change(key, Op::Set(value)));
    let unset = body.unset.into_iter().map(|key| change(key, Op::Delete));
    let changes: Vec<Change> = set.chain(unset).collect();
    let total = body
        .partitions
        .filter(|total| *total as usize != topic.partitions.len());
    let changed = after != topic.configs || total.is_some();
    if !changed {
        return Ok(Json(AlteredTopicBody { changed }));
    }
    // Both are looked at before either is done: half of a change helps nobody.
    for validate_only in [true, false] {
        change_configs(&context, &name, &changes, validate_only).await?;
        grow(&context, &name, total, validate_only).await?;
    }
    context.applier.settle().await;
    Ok(Json(AlteredTopicBody { changed }))
}

async fn change_configs(
    context: &Context,
    topic: &str,
    changes: &[Change],
    validate_only: bool,
) -> Result<(), ApiError> {
    if changes.is_empty() {
        return Ok(());
    }
    let altered = context
        .controller
        .alter_topic_configs(topic, changes, validate_only)
        .await;
    altered.map_err(|error| of_alter(&error))
}

async fn grow(context: &Context, topic: &str, total: Option<i32>, validate_only: bool) -> Result<(), ApiError> {
    let Some(total) = total else { return Ok(()) };
    let grown = context
        .controller
        .create_partitions(topic, total, &[], validate_only)
        .await;
    grown.map_err(|error| of_grow(&error))
}

pub(crate) async fn delete(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    not_internal(&name)?;
    let topic = context.topic(&name)?;
    context.replicas.drain(topic.id).await;
    context
        .controller
        .delete_topic(topic.id)
        .await
        .map_err(|error| match error {
            DeleteTopicError::Unknown => ApiError::not_found(format!("there is no topic `{name}`")),
            DeleteTopicError::Disabled => {
                ApiError::refused(error.to_string()).hint("set it to true in [broker], and restart the node")
            }
            DeleteTopicError::IsTable { .. } => ApiError::new(StatusCode::CONFLICT, error.to_string()),
            DeleteTopicError::Submit(error) => ApiError::submit(&error),
        })?;
    context.applier.settle().await;
    Ok(StatusCode::NO_CONTENT)
}

/// The broker's own topics are not for people to change: every group would be lost with `__consumer_offsets`.
fn not_internal(name: &str) -> Result<(), ApiError> {
    if !topic_name::is_internal(name) {
        return Ok(());
    }
    let refused = |holds: &str| ApiError::refused(format!("`{name}` is the broker's own{holds}"));
    Err(if name == topic_name::CONSUMER_OFFSETS {
        refused(": it holds the offsets of all groups").hint("`corvid group delete` forgets a group")
    } else {
        refused("")
    })
}

fn known_config(key: &str) -> Result<(), ApiError> {
    if config::topic_key(key).is_some() {
        return Ok(());
    }
    let likeness = |known: &&ConfigKey| strsim::damerau_levenshtein(key, known.name);
    let hint = match config::topic_keys().iter().min_by_key(likeness) {
        Some(meant) if likeness(&meant) <= key.len() / 3 => format!("did you mean `{}`?", meant.name),
        Some(_) | None => "`corvid config print` lists the configs of a topic".to_owned(),
    };
    Err(ApiError::refused(format!("there is no topic config `{key}`")).hint(hint))
}

/// Whether the plugins that these configs bind are there and load.
async fn check_configs(context: &Context, topic: &str, configs: &Configs) -> Result<(), ApiError> {
    TopicBindings::from_configs(topic, configs).map_err(|error| ApiError::refused(error.to_string()))?;
    let checked = context.topics.check_configs(&context.image(), topic, configs).await;
    checked.map_err(|error| ApiError::refused(error).hint("`corvid plugin list` shows the plugins that are deployed"))
}

pub(crate) fn of_create(error: &CreateTopicError) -> ApiError {
    match error {
        CreateTopicError::Submit(error) => ApiError::submit(error),
        CreateTopicError::Exists(_) => {
            ApiError::new(StatusCode::CONFLICT, error.to_string()).hint("`corvid topic alter` changes it")
        }
        CreateTopicError::InvalidConfig(_) => {
            ApiError::refused(error.to_string()).hint("`corvid config print` lists the configs of a topic")
        }
        CreateTopicError::InvalidName(_)
        | CreateTopicError::Collides { .. }
        | CreateTopicError::InvalidPartitions(_)
        | CreateTopicError::InvalidReplicationFactor(_)
        | CreateTopicError::InvalidAssignment(_)
        | CreateTopicError::NumbersAndAssignments
        | CreateTopicError::TooManyRetryTopics { .. }
        | CreateTopicError::InvalidBinding(_) => ApiError::refused(error.to_string()),
    }
}

fn of_alter(error: &AlterConfigsError) -> ApiError {
    match error {
        AlterConfigsError::Submit(error) => ApiError::submit(error),
        AlterConfigsError::UnknownTopic(_) => ApiError::not_found(error.to_string()),
        AlterConfigsError::InvalidConfig(_) => {
            ApiError::refused(error.to_string()).hint("`corvid config print` lists the configs of a topic")
        }
        AlterConfigsError::InvalidBinding(_) | AlterConfigsError::Twice(_) | AlterConfigsError::NotAList(_) => {
            ApiError::refused(error.to_string())
        }
    }
}

fn of_grow(error: &CreatePartitionsError) -> ApiError {
    match error {
        CreatePartitionsError::Submit(error) => ApiError::submit(error),
        CreatePartitionsError::Unknown(_) => ApiError::not_found(error.to_string()),
        CreatePartitionsError::InvalidPartitions(_) | CreatePartitionsError::InvalidAssignment(_) => {
            ApiError::refused(error.to_string())
        }
    }
}
