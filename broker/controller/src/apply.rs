//! A TOML file's topics and plugins, made so.

use corvid_metadata::desired::{Desired, Plan, PlanError};

use crate::controller::Controller;
use crate::error::SubmitError;

/// What a file changed, or would change.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The differences, for people; none if the cluster was as the file wants it.
    pub plan: Plan,
}

/// Why a file was not applied. Nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The file can't be made so.
    #[error("{0}")]
    Plan(#[from] PlanError),
    /// A topic of it can't be placed.
    #[error("[topics.\"{topic}\"]: {reason}")]
    Topic {
        /// Which topic.
        topic: String,
        /// Why not.
        reason: String,
    },
    /// The quorum did not take it.
    #[error("{0}")]
    Submit(#[source] SubmitError),
}

impl Controller {
    /// Compares a file with the image and commits the difference in one batch; with `dry_run` it
    /// only says what that would be.
    pub async fn apply(&self, _desired: &Desired, _dry_run: bool) -> Result<Applied, ApplyError> {
        todo!()
    }
}
