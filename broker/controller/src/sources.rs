//! Routes between topics, and the source ids of their partitions. They are committed before the
//! first entry that needs them is written.

use corvid_metadata::TopicId;

use crate::controller::Controller;
use crate::error::SubmitError;

/// Why there is no route.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// Deleted, or never there.
    #[error("there is no topic with id {0}")]
    UnknownTopic(TopicId),
    /// The quorum did not take it.
    #[error("{0}")]
    Submit(#[source] SubmitError),
}

impl Controller {
    /// Sees to it that `topic` has a route to `target` (which may be itself), and that every
    /// partition of `topic` has a source id. Costs nothing where that is so already.
    pub async fn ensure_route(&self, _topic: TopicId, _target: TopicId) -> Result<(), RouteError> {
        todo!()
    }

    /// Drops a route; whoever calls it knows that it is drained. A route that isn't there is fine.
    pub async fn remove_route(&self, _topic: TopicId, _target: TopicId) -> Result<(), RouteError> {
        todo!()
    }
}
