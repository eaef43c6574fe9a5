//! A file for each noun of the API.
//!
//! | | |
//! |---|---|
//! | `GET /health`, `/ready`, `/metrics`, `/v1/node` | the node |
//! | `GET`, `PUT /v1/modules/{digest}` | the bytes of plugins |
//! | `POST /v1/apply?dry_run=` | a file's topics and plugins |
//! | `GET`, `POST /v1/topics`; `GET`, `PATCH`, `DELETE /v1/topics/{topic}` | topics |
//! | `GET /v1/topics/{topic}/partitions/{partition}/offsets/{offset}/why` | what decided on a record |
//! | `GET /v1/groups`; `GET`, `DELETE /v1/groups/{group}`; `POST /v1/groups/{group}/reset` | consumer groups |
//! | `GET /v1/dead-letters`, `/v1/dead-letters/{topic}`; `POST /v1/dead-letters/{topic}/redrive` | dead letters |
//! | `GET /v1/delayed`, `/v1/delayed/{topic}?partition=&from=&limit=`; `POST /v1/delayed/{topic}/cancel` | records that are held until later |
//! | `GET /v1/plugins`, `/v1/plugins/{plugin}` | plugins |
//! | `POST /v1/plugins/{plugin}/deploy`, `/promote`, `/rollback` | their generations |

mod apply;
mod dead_letters;
mod delayed;
mod deploy;
mod groups;
mod health;
mod modules;
mod plugins;
mod topics;
mod why;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post};

use crate::body;
use crate::context::Context;
use crate::error::{self, ApiError};
use crate::gate::{self, Gate};
use crate::metrics;

pub(crate) fn router(context: Arc<Context>, gate: Gate) -> Router {
    Router::new()
        .route("/health", get(health::health))
        .route("/ready", get(health::ready))
        .route("/metrics", get(metrics::show))
        .route("/v1/node", get(health::node))
        .route("/v1/apply", post(apply::apply))
        .route("/v1/topics", get(topics::list).post(topics::create))
        .route(
            "/v1/topics/{topic}",
            get(topics::describe).patch(topics::alter).delete(topics::delete),
        )
        .route(
            "/v1/topics/{topic}/partitions/{partition}/offsets/{offset}/why",
            get(why::why),
        )
        .route("/v1/groups", get(groups::list))
        .route("/v1/groups/{group}", get(groups::describe).delete(groups::delete))
        .route("/v1/groups/{group}/reset", post(groups::reset))
        .route("/v1/dead-letters", get(dead_letters::list))
        .route("/v1/dead-letters/{topic}", get(dead_letters::show))
        .route("/v1/dead-letters/{topic}/redrive", post(dead_letters::redrive))
        .route("/v1/delayed", get(delayed::list))
        .route("/v1/delayed/{topic}", get(delayed::show))
        .route("/v1/delayed/{topic}/cancel", post(delayed::cancel))
        .route("/v1/plugins", get(plugins::list))
        .route("/v1/plugins/{plugin}", get(plugins::describe))
        .route("/v1/plugins/{plugin}/deploy", post(deploy::deploy))
        .route("/v1/plugins/{plugin}/promote", post(deploy::promote))
        .route("/v1/plugins/{plugin}/rollback", post(deploy::rollback))
        .route("/v1/modules/{digest}", get(modules::get).put(modules::put))
        .fallback(unknown)
        // Bodies are bounded before they get there.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(body::read))
        .layer(middleware::map_response(error::shaped))
        .layer(middleware::from_fn_with_state(Arc::new(gate), gate::check))
        .with_state(context)
}

async fn unknown(request: Request) -> ApiError {
    let path = request.uri().path().chars().take(200).collect::<String>();
    ApiError::new(StatusCode::NOT_FOUND, format!("there is nothing at {path}"))
        .hint("is the command line of the same release as the node?")
}
