//! `POST /v1/plugins/{plugin}/deploy`, `/promote`, `/rollback`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use corvid_env::clock;
use corvid_metadata::plugin::{ChangeOutcome, Deploy, Deployment, PluginChange, PluginChangeError};
use corvid_metadata::{Digest, How};
use corvid_pipeline::digest_of;

use crate::context::Context;
use crate::deploy::{Changed, DeployFailure};
use crate::error::{Answer, ApiError};
use crate::model::{ByBody, ChangedBody, DeployBody, OutcomeKind, PreparedBody, PromoteBody, RollbackBody};

pub(crate) async fn deploy(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    Json(body): Json<DeployBody>,
) -> Answer<ChangedBody> {
    let change = PluginChange::Deploy(Deploy {
        module: module(&context, &body)?,
        builtin: body.builtin,
        config: body.config,
        limits: body.limits,
        rollout: body.rollout,
        replace: body.replace,
    });
    run(&context, name, &change, body.by).await
}

pub(crate) async fn promote(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    Json(body): Json<PromoteBody>,
) -> Answer<ChangedBody> {
    let change = PluginChange::Promote {
        generation: body.generation,
    };
    run(&context, name, &change, ByBody::default()).await
}

pub(crate) async fn rollback(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    Json(body): Json<RollbackBody>,
) -> Answer<ChangedBody> {
    let change = PluginChange::Rollback { to: body.to };
    run(&context, name, &change, body.by).await
}

fn module(context: &Context, body: &DeployBody) -> Result<Digest, ApiError> {
    match (body.module, &body.builtin) {
        (Some(module), None) => Ok(module),
        (None, Some(name)) => {
            let modules = context.topics.plugins().modules();
            modules.builtin(name).map(|bytes| digest_of(bytes)).ok_or_else(|| {
                let names: Vec<&str> = modules.builtin_names().collect();
                let error = ApiError::not_found(format!("no plugin `{name}` is built in"));
                error.hint(format!("those are: {}", names.join(", ")))
            })
        }
        _ => Err(ApiError::refused(
            "either a module or a plugin that is built in is deployed",
        )),
    }
}

async fn run(context: &Context, name: String, change: &PluginChange, by: ByBody) -> Answer<ChangedBody> {
    let by = Deployment {
        how: How::Deploy,
        by: by.by,
        at_ms: clock::wall_clock().0,
        note: by.note,
        restores: None,
    };
    let changed = context.applier.change_plugin(&name, change, by).await;
    let changed = changed.map_err(|error| failed(context, &name, &error))?;
    let body = body(context, name, changed);
    tracing::info!(plugin = body.plugin, generation = body.generation, outcome = ?body.outcome, "plugin changed");
    Ok(Json(body))
}

fn body(context: &Context, plugin: String, changed: Changed) -> ChangedBody {
    let image = context.image();
    let active = image.plugin(&plugin);
    let generation = changed.planned.generation;
    let own = active.filter(|active| active.generation == generation);
    ChangedBody {
        generation,
        outcome: match changed.planned.outcome {
            ChangeOutcome::Active => OutcomeKind::Active,
            ChangeOutcome::Tried => OutcomeKind::Tried,
            ChangeOutcome::Abandoned => OutcomeKind::Abandoned,
            ChangeOutcome::Unchanged => OutcomeKind::Unchanged,
        },
        active: active.map_or(0, |active| active.generation),
        restores: own.and_then(|own| own.deployment.restores),
        topics: image.topics_binding(&plugin).map(str::to_owned).collect(),
        prepared: vec![PreparedBody {
            node: context.controller.node().0,
            hooks: changed.hooks.iter().map(|hook| (*hook).to_owned()).collect(),
            took_ms: changed.took.as_millis() as u64,
        }],
        warnings: changed.warnings,
        plugin,
    }
}

/// Why a plugin is as it was, as an answer.
fn failed(context: &Context, name: &str, error: &DeployFailure) -> ApiError {
    let stays = match context.image().plugin(name) {
        Some(active) => format!("nothing was changed: generation {} stays active", active.generation),
        None => "nothing was changed".to_owned(),
    };
    match error {
        DeployFailure::Change(PluginChangeError::NoSuchPlugin(_)) => {
            ApiError::not_found(error.to_string()).hint("`corvid plugin list` shows those there are")
        }
        DeployFailure::Change(_) => ApiError::refused(error.to_string()).hint(stays),
        DeployFailure::Check(_) => ApiError::refused(error.to_string()).hint(format!(
            "{stays}; `corvid plugin check FILE --config JSON` shows the same without a node"
        )),
        DeployFailure::Conflict(_) => ApiError::new(StatusCode::CONFLICT, error.to_string())
            .hint("somebody else changed it meanwhile: look at `corvid plugin describe`, and try again"),
        DeployFailure::Submit(error) => ApiError::submit(error),
    }
}
