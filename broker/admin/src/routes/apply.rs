//! `POST /v1/apply`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use corvid_controller::ApplyError;
use corvid_pipeline::ModuleError;
use serde::Deserialize;

use crate::apply::{Application, ApplyFailure};
use crate::context::Context;
use crate::error::{Answer, ApiError};
use crate::model::{ApplicationBody, ChangeBody, OutcomeBody};

/// `?dry_run=true`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct How {
    #[serde(default)]
    dry_run: bool,
}

pub(crate) async fn apply(
    State(context): State<Arc<Context>>,
    Query(how): Query<How>,
    Json(body): Json<ApplicationBody>,
) -> Answer<OutcomeBody> {
    let application = Application {
        desired: body.into(),
        modules: std::collections::BTreeMap::new(),
    };
    let owner = application.desired.owner.clone();
    let outcome = context
        .applier
        .apply(&application, how.dry_run)
        .await
        .map_err(|error| failed(&error))?;
    if !how.dry_run {
        tracing::info!(file = owner, changes = outcome.changes.len(), "applied");
    }
    Ok(Json(OutcomeBody {
        dry_run: how.dry_run,
        changes: outcome.changes.iter().map(ChangeBody::from).collect(),
        warnings: outcome.warnings,
        version: outcome.version,
    }))
}

/// Why a file was not applied, as an answer.
pub(crate) fn failed(error: &ApplyFailure) -> ApiError {
    let nothing = "nothing was changed";
    match error {
        ApplyFailure::Check(_) => ApiError::refused(error.to_string())
            .hint("nothing was changed: what runs stays; `corvid config check FILE` shows the same without a node"),
        ApplyFailure::OtherModule { .. }
        | ApplyFailure::Module(ModuleError::TooLarge { .. } | ModuleError::Missing(_))
        | ApplyFailure::Apply(ApplyError::Plan(_) | ApplyError::Topic { .. }) => {
            ApiError::refused(error.to_string()).hint(nothing)
        }
        ApplyFailure::Module(ModuleError::Damaged { .. } | ModuleError::Io(_)) => {
            ApiError::unavailable(error.to_string()).hint(nothing)
        }
        ApplyFailure::Conflict(_) => ApiError::new(axum::http::StatusCode::CONFLICT, error.to_string())
            .hint("the cluster was changed meanwhile; try again"),
        ApplyFailure::Apply(ApplyError::Submit(error)) => ApiError::submit(error),
    }
}
