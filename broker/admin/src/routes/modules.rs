//! `/v1/modules/{digest}`: the bytes of plugins, put before they are bound.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use bytes::Bytes;
use corvid_metadata::Digest;
use corvid_pipeline::ModuleError;

use crate::context::Context;
use crate::error::{Answer, ApiError};
use crate::model::ModuleBody;
use crate::routes::apply::failed;

/// Whether the node has a module.
pub(crate) async fn get(State(context): State<Arc<Context>>, Path(digest): Path<String>) -> Answer<ModuleBody> {
    let digest = parse(&digest)?;
    match context.applier.module(digest) {
        Ok(bytes) => body(digest, bytes),
        Err(error @ ModuleError::Missing(_)) => Err(ApiError::not_found(error.to_string())),
        Err(error) => Err(ApiError::unavailable(error.to_string())),
    }
}

/// Keeps a module.
pub(crate) async fn put(
    State(context): State<Arc<Context>>,
    Path(digest): Path<String>,
    bytes: Bytes,
) -> Answer<ModuleBody> {
    let digest = parse(&digest)?;
    context
        .applier
        .put(digest, &bytes)
        .await
        .map_err(|error| failed(&error))?;
    body(digest, bytes.len())
}

fn body(digest: Digest, bytes: usize) -> Answer<ModuleBody> {
    let digest = digest.to_string();
    Ok(Json(ModuleBody { digest, bytes }))
}

fn parse(digest: &str) -> Result<Digest, ApiError> {
    digest.parse().map_err(|error| ApiError::refused(format!("{error}")))
}
