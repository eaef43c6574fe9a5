//! `/v1/delayed`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use corvid_delivery::HeldError;
use corvid_metadata::{PartitionIndex, TopicImage};
use corvid_record::Offset;
use corvid_replication::PartitionId;
use serde::Deserialize;

use crate::context::Context;
use crate::error::{Answer, ApiError};
use crate::model::{CancelBody, CancelledBody, DelayedTopicBody, HeldBody};

/// The most holds of one answer.
const HOLDS_MAX: usize = 1000;
/// The most holds that are cancelled at once.
const CANCELLED_MAX: usize = 10_000;

/// Which holds are wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// The partition.
    partition: i32,
    /// From this name on.
    #[serde(default)]
    from: i64,
    #[serde(default = "holds_max")]
    limit: usize,
}

fn holds_max() -> usize {
    HOLDS_MAX
}

pub(crate) async fn list(State(context): State<Arc<Context>>) -> Json<Vec<DelayedTopicBody>> {
    let image = context.image();
    let topics = image.topics().filter_map(|topic| {
        let settings = context.replicas.configs().topic(&image, topic);
        let pending: Vec<u64> = topic
            .numbered()
            .map(|(index, _)| {
                let led = context.replicas.get(PartitionId { topic: topic.id, index });
                led.map_or(0, |led| led.holding().pending())
            })
            .collect();
        let holds = settings.holds() || pending.iter().any(|count| *count > 0);
        holds.then(|| DelayedTopicBody {
            topic: topic.name.clone(),
            max_ms: settings.delay_max_ms,
            pending,
        })
    });
    Json(topics.collect())
}

pub(crate) async fn show(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    Query(which): Query<Which>,
) -> Answer<Vec<HeldBody>> {
    let id = partition(&context.topic(&name)?, which.partition)?;
    let limit = which.limit.clamp(1, HOLDS_MAX);
    let held = context.delivery.held();
    let listed = held
        .list(id, Offset(which.from.max(0)), limit)
        .await
        .map_err(|error| of(&name, &error))?;
    let body = listed.into_iter().map(|held| HeldBody {
        partition: which.partition,
        offset: held.name.0,
        due: held.due.0,
        attempts: held.attempts,
        records: held.records,
        bytes: held.bytes,
        key: held.key.map(|key| String::from_utf8_lossy(&key).into_owned()),
    });
    Ok(Json(body.collect()))
}

pub(crate) async fn cancel(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    Json(body): Json<CancelBody>,
) -> Answer<CancelledBody> {
    let id = partition(&context.topic(&name)?, body.partition)?;
    if body.offsets.len() > CANCELLED_MAX {
        let error = format!(
            "{} holds are too many at once, the limit is {CANCELLED_MAX}",
            body.offsets.len()
        );
        return Err(ApiError::refused(error));
    }
    let names = body.offsets.into_iter().map(Offset).collect();
    let cancelled = context.delivery.held().cancel(id, names).await;
    let cancelled = cancelled.map_err(|error| of(&name, &error))?;
    Ok(Json(CancelledBody { cancelled }))
}

fn partition(topic: &Arc<TopicImage>, index: i32) -> Result<PartitionId, ApiError> {
    let index = PartitionIndex(index);
    match topic.partition(index) {
        Some(_) => Ok(PartitionId { topic: topic.id, index }),
        None => Err(ApiError::not_found(format!(
            "topic `{}` has no partition {index}",
            topic.name
        ))),
    }
}

fn of(topic: &str, error: &HeldError) -> ApiError {
    match error {
        HeldError::Closed => ApiError::refused(format!("topic `{topic}` holds nothing"))
            .hint("a topic holds records when it allows delays: `max` of [topics.NAME.delay], or corvid.delay.max.ms"),
        HeldError::Read(_) | HeldError::Damaged { .. } | HeldError::Append(_) => {
            ApiError::unavailable(error.to_string())
        }
    }
}
