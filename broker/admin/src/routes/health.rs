//! `/health`, `/ready`, `/v1/node`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::context::Context;
use crate::model::{HealthBody, NodeBody};

type Health = (StatusCode, Json<HealthBody>);

/// The process lives: it answers. A disk that has failed is for an operator, not for whoever restarts what is dead.
pub(crate) async fn health() -> Health {
    answer(Vec::new())
}

/// Whether clients can produce and consume.
pub(crate) async fn ready(State(context): State<Arc<Context>>) -> Health {
    let mut reasons = Vec::new();
    let directory = context.replicas.directory();
    if let Some(reason) = directory.poisoned() {
        reasons.push(format!("the disk has failed: {reason}"));
    }
    if directory.read_only_since().is_some() {
        reasons.push("the disk is full: records are read only".to_owned());
    }
    answer(reasons)
}

/// What the node is.
pub(crate) async fn node(State(context): State<Arc<Context>>) -> Json<NodeBody> {
    let image = context.image();
    let node = context.controller.node();
    Json(NodeBody {
        version: context.version.to_owned(),
        node: node.0,
        cluster: image.cluster_id().unwrap_or_default().to_owned(),
        kafka: image
            .broker(node)
            .map(|broker| format!("{}:{}", broker.host, broker.port)),
        topics: image.topic_count(),
        partitions: context.replicas.all().len(),
        connections: context.figures.connections(),
    })
}

fn answer(reasons: Vec<String>) -> Health {
    let (code, status) = match reasons.is_empty() {
        true => (StatusCode::OK, "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    let status = status.to_owned();
    (code, Json(HealthBody { status, reasons }))
}
