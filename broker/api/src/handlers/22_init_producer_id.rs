//! InitProducerId (key 22), versions 0 to 5: a producer id for an idempotent producer.
//!
//! Transactional ids are refused with INVALID_REQUEST until there are transactions: a retriable error would
//! have the Java client try for ever.
//!
//! - v3 (KIP-360): a producer that names its id and epoch wants the epoch bumped. An idempotent producer
//!   without a transactional id gets a new id instead, as in Kafka.

use std::sync::Arc;

use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::InitProducerIdRequest;
use corvid_wire::kafka::messages::{InitProducerIdResponse, ProducerId};
use corvid_wire::{Frame, decode, encode};

use crate::broker::Broker;
use crate::reply::{HandlerResult, Reply};

/// Answers an InitProducerId.
pub async fn handle(broker: &Arc<Broker>, frame: Frame) -> HandlerResult {
    let request: InitProducerIdRequest = decode(&frame)?;
    let refused = |error: ResponseError| {
        InitProducerIdResponse::default()
            .with_error_code(error.code())
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1)
    };
    let response = if request.transactional_id.is_some() {
        refused(ResponseError::InvalidRequest)
    } else {
        match broker.controller.next_producer_id().await {
            Ok(id) => InitProducerIdResponse::default()
                .with_producer_id(ProducerId(id))
                .with_producer_epoch(0),
            Err(error) => {
                tracing::warn!(%error, "no producer id");
                refused(ResponseError::CoordinatorNotAvailable)
            }
        }
    };
    Ok(Reply::Now(encode(
        &response,
        frame.api_version,
        frame.api_key,
        frame.correlation_id,
    )?))
}
