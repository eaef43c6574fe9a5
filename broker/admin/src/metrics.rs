//! `/metrics`: OpenMetrics text, read from what the node counts at the moment of the scrape.
//!
//! Names are ours (`corvid_*`), and those that dashboards for Kafka know, where they are true here: the JMX exporter's
//! (`kafka_server_*`, `kafka_network_*`, `kafka_controller_*`, `kafka_log_*`, `kafka_coordinator_*`) and kafka_exporter's (`kafka_brokers`,
//! `kafka_topic_*`, `kafka_consumergroup_*`). What is told of a topic is gone when the topic is.

mod family;
mod groups;
mod hooks;
mod node;
mod partitions;
mod plugins;
mod retries;
mod tables;
mod traffic;
mod views;

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use crate::context::Context;
use crate::error::ApiError;

use family::Families;
pub(crate) use plugins::is_shadow;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) async fn show(State(context): State<Arc<Context>>) -> Result<impl IntoResponse, ApiError> {
    let mut families = Families::default();
    let image = context.image();
    node::gather(&context, &image, &mut families);
    traffic::gather(&context, &image, &mut families);
    partitions::gather(&context, &image, &mut families);
    groups::gather(&context, &image, &mut families).await;
    plugins::gather(&context, &image, &mut families);
    hooks::gather(&context, &image, &mut families);
    views::gather(&context, &mut families);
    retries::gather(&context, &image, &mut families);
    tables::gather(&context, &mut families);
    let mut registry = Registry::default();
    registry.register_collector(Box::new(families));
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| ApiError::unavailable(error.to_string()))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text))
}
