//! An answer that says what was wrong, and what to do.

use axum::Json;
use axum::body::to_bytes;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use corvid_controller::SubmitError;
use corvid_coordinator::GroupError;

use crate::model::ErrorBody;

/// Why a request was not obeyed.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: ErrorBody,
}

impl ApiError {
    pub fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self {
            status,
            body: ErrorBody {
                error: error.into(),
                hint: None,
            },
        }
    }

    /// What was asked for is not there.
    pub fn not_found(error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, error)
    }

    /// The request is understood, and cannot be obeyed as it is.
    pub fn refused(error: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error)
    }

    /// It may work later.
    pub fn unavailable(error: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, error)
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.body.hint = Some(hint.into());
        self
    }

    /// What the quorum said.
    pub fn submit(error: &SubmitError) -> Self {
        match error {
            SubmitError::Conflict(_) => {
                Self::new(StatusCode::CONFLICT, error.to_string()).hint("look at what is there now, and try again")
            }
            SubmitError::TooLarge { .. } => Self::refused(error.to_string()).hint("apply it in smaller parts"),
            SubmitError::NotLeader { .. } | SubmitError::Unavailable(_) => Self::unavailable(error.to_string()),
        }
    }

    /// What a group's coordinator said.
    pub fn group(group: &str, error: GroupError) -> Self {
        let text = format!("group `{group}`: {error}");
        match error {
            GroupError::GroupIdNotFound => Self::not_found(text).hint("`corvid group list` shows those there are"),
            GroupError::NonEmptyGroup => {
                Self::refused(text).hint("stop its consumers first; `corvid group describe` shows them")
            }
            GroupError::GroupSubscribedToTopic => Self::refused(text).hint("stop its consumers of this topic first"),
            GroupError::CoordinatorNotAvailable
            | GroupError::CoordinatorLoadInProgress
            | GroupError::NotCoordinator => Self::unavailable(text).hint("try again in a moment"),
            GroupError::InvalidGroupId
            | GroupError::GroupMaxSizeReached
            | GroupError::InvalidSessionTimeout
            | GroupError::InconsistentGroupProtocol
            | GroupError::MemberIdRequired
            | GroupError::UnknownMemberId
            | GroupError::FencedInstanceId
            | GroupError::IllegalGeneration
            | GroupError::RebalanceInProgress
            | GroupError::OffsetMetadataTooLarge
            | GroupError::InvalidCommitOffsetSize
            | GroupError::Unwritable => Self::refused(text),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}

/// What the HTTP library says of a request, in the shape of all other errors.
pub(crate) async fn shaped(response: Response) -> Response {
    let status = response.status();
    let json = response
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/json");
    if json || status.is_success() {
        return response;
    }
    let said = to_bytes(response.into_body(), SAID_BYTES_MAX).await.unwrap_or_default();
    let said = String::from_utf8_lossy(&said).into_owned();
    let error = if said.is_empty() { status.to_string() } else { said };
    ApiError::new(status, error).into_response()
}

/// The longest sentence of the library's that is passed on, in bytes.
const SAID_BYTES_MAX: usize = 64 << 10;

/// What handlers answer.
pub(crate) type Answer<T> = Result<Json<T>, ApiError>;
