//! The bodies of requests: read to their end before a handler sees them, within a bound and a time.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use corvid_env::clock;
use corvid_pipeline::MODULE_BYTES_MAX;

use crate::error::ApiError;

/// The largest body that is not a module, in bytes.
const BODY_BYTES_MAX: u64 = 4 << 20;

/// How long a body may take to arrive.
const TIME_MAX: Duration = Duration::from_secs(60);

pub(crate) async fn read(request: Request, next: Next) -> Response {
    match whole(request).await {
        Ok(request) => next.run(request).await,
        Err(error) => error.into_response(),
    }
}

async fn whole(request: Request) -> Result<Request, ApiError> {
    let limit = match request.uri().path().starts_with("/v1/modules/") {
        true => MODULE_BYTES_MAX,
        false => BODY_BYTES_MAX,
    };
    let too_large = || {
        ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a body of this request may have {limit} bytes"),
        )
    };
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let (head, body) = request.into_parts();
    match clock::timeout(TIME_MAX, to_bytes(body, limit as usize)).await {
        Ok(Ok(bytes)) => Ok(Request::from_parts(head, Body::from(bytes))),
        Ok(Err(_)) => Err(too_large()),
        Err(_) => Err(ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive in time",
        )),
    }
}
