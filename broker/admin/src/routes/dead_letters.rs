//! `/v1/dead-letters`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use corvid_metadata::PartitionIndex;
use corvid_pipeline::{Order, RedriveError, Step};
use corvid_record::Offset;
use corvid_replication::{Partition, PartitionId};

use crate::context::Context;
use crate::error::{Answer, ApiError};
use crate::model::{DeadLetterTopicBody, LettersBody, RedriveBody, RedrivenBody, StaysBody};

/// The most letters that leave in one append: an answer takes no longer than a moment.
const LETTERS_MAX: usize = 500;
/// How many routes may be missing for one append: a letter may have been sent to any topic.
const ROUTES_MAX: usize = 2 * LETTERS_MAX;
/// How the topics of letters are named that no topic here names: Spring's, and by habit.
const ENDINGS: &[&str] = &[".dlt", "-dlt", ".dlq", "-dlq"];

pub(crate) async fn list(State(context): State<Arc<Context>>) -> Json<Vec<DeadLetterTopicBody>> {
    let image = context.image();
    let mut sources: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for topic in image.topics().filter(|topic| !topic.is_internal()) {
        let letters = context.replicas.configs().topic(&image, topic).bindings.dead_letter;
        for letters in letters.topics().filter(|letters| image.topic(letters).is_some()) {
            sources.entry(letters.to_owned()).or_default().push(topic.name.clone());
        }
        let name = topic.name.to_lowercase();
        if ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            sources.entry(topic.name.clone()).or_default();
        }
    }
    let topics = sources.into_iter();
    Json(
        topics
            .map(|(name, sources)| DeadLetterTopicBody { name, sources })
            .collect(),
    )
}

pub(crate) async fn show(State(context): State<Arc<Context>>, Path(name): Path<String>) -> Answer<Vec<LettersBody>> {
    let topic = context.topic(&name)?;
    let mut all = Vec::new();
    for partition in context.led(&topic) {
        let left = context.redriver.left(&partition).await.map_err(|error| of(&error))?;
        all.push(LettersBody {
            partition: partition.id().index.0,
            start: partition.visible_start().0,
            end: partition.visible_end().0,
            redriven: left.ranges,
        });
    }
    Ok(Json(all))
}

pub(crate) async fn redrive(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    Json(body): Json<RedriveBody>,
) -> Answer<RedrivenBody> {
    let topic = context.topic(&name)?;
    if topic.is_internal() {
        return Err(ApiError::refused(format!("`{name}` is one of the broker's own topics")));
    }
    let id = PartitionId {
        topic: topic.id,
        index: PartitionIndex(body.partition),
    };
    let letters = context.replicas.get(id);
    let letters =
        letters.ok_or_else(|| ApiError::not_found(format!("topic `{name}` has no partition {}", body.partition)))?;
    let order = Order {
        to: body.to,
        until: body.until.map(Offset),
        filter: body.filter.into(),
        dry_run: body.dry_run,
        letters_max: body.letters_max.unwrap_or(LETTERS_MAX).clamp(1, LETTERS_MAX),
    };
    let step = take(&context, &letters, Offset(body.from), &order).await?;
    Ok(Json(RedrivenBody {
        next: step.next.0,
        at_end: step.at_end,
        redriven: step.redriven,
        already: step.already,
        others: step.others,
        stay: step.stay.into_iter().map(stays).collect(),
        delivered: step.delivered,
    }))
}

/// Redrives the next letters; the routes that are missing are settled first.
async fn take(context: &Context, letters: &Arc<Partition>, from: Offset, order: &Order) -> Result<Step, ApiError> {
    for _ in 0..ROUTES_MAX {
        match context.redriver.step(letters, from, order).await {
            Ok(step) => return Ok(step),
            Err(RedriveError::NoRoute { from, to }) => {
                let settled = context.controller.ensure_route(from, to).await;
                settled.map_err(|error| ApiError::unavailable(error.to_string()))?;
                context.applier.settle().await;
            }
            Err(error) => return Err(of(&error)),
        }
    }
    Err(ApiError::unavailable("the routes of the dead-letter topic are not settled").hint("try again in a moment"))
}

fn stays(stays: corvid_pipeline::Stays) -> StaysBody {
    StaysBody {
        offset: stays.offset.0,
        reason: stays.reason,
    }
}

fn of(error: &RedriveError) -> ApiError {
    let text = error.to_string();
    match error {
        RedriveError::NotThere { .. } => {
            ApiError::refused(text).hint("`corvid topic list` shows the topics there are; `--to` names another")
        }
        RedriveError::NotReady { .. } | RedriveError::Damaged { .. } | RedriveError::Records(_) => {
            ApiError::refused(text)
        }
        RedriveError::Build(_) | RedriveError::Entry(_) => ApiError::refused(text),
        RedriveError::Read(_) | RedriveError::NoRoute { .. } | RedriveError::Backlog(_) | RedriveError::Append(_) => {
            ApiError::unavailable(text).hint("try again in a moment: what has left is not sent again")
        }
    }
}
