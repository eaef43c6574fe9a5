//! ApiVersions (key 18), versions 0 to 4.
//!
//! The table is our own (`wire::versions`), never the protocol crate's. A version that we don't know is
//! answered with UNSUPPORTED_VERSION in a version 0 body that tells ApiVersions' own versions, which every client
//! reads (KIP-511).

use corvid_wire::kafka::ResponseError;
use corvid_wire::kafka::messages::ApiVersionsRequest;
use corvid_wire::kafka::messages::api_versions_response::{ApiVersion, ApiVersionsResponse};
use corvid_wire::{Frame, decode, encode, versions};

use crate::reply::{HandlerResult, Reply};

/// Answers an ApiVersions.
pub fn handle(frame: &Frame) -> HandlerResult {
    let key = frame.api_key;
    let known = versions::api(key).is_some_and(|api| api.decodes(frame.api_version));
    if !known {
        let response = ApiVersionsResponse::default()
            .with_error_code(ResponseError::UnsupportedVersion.code())
            .with_api_keys(table().into_iter().filter(|row| row.api_key == key).collect());
        return Ok(Reply::Now(encode(&response, 0, key, frame.correlation_id)?));
    }
    let request: ApiVersionsRequest = decode(frame)?;
    let named = frame.api_version < 3
        || (is_sound(&request.client_software_name) && is_sound(&request.client_software_version));
    let response = if named {
        ApiVersionsResponse::default().with_api_keys(table())
    } else {
        ApiVersionsResponse::default().with_error_code(ResponseError::InvalidRequest.code())
    };
    Ok(Reply::Now(encode(
        &response,
        frame.api_version,
        key,
        frame.correlation_id,
    )?))
}

/// As KIP-511 has it: letters, digits, dots and dashes, neither first nor last a dot or dash.
fn is_sound(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    edge(name.chars().next())
        && edge(name.chars().last())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-')
}

fn table() -> Vec<ApiVersion> {
    let row = |api: &versions::Api| {
        ApiVersion::default()
            .with_api_key(api.key)
            .with_min_version(api.min)
            .with_max_version(api.max)
    };
    versions::APIS.iter().map(row).collect()
}
