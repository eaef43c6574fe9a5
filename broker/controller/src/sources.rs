//! Routes between topics, and the source ids of their partitions. They are committed before the
//! first entry that needs them is written.

use corvid_metadata::{Conflict, Image, PartitionIndex, Record, TopicId};

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
    pub async fn ensure_route(&self, topic: TopicId, target: TopicId) -> Result<(), RouteError> {
        let build = |image: &Image| route(image, topic, target);
        let overtaken =
            |conflict: &Conflict| matches!(conflict, Conflict::SourcesMoved { .. } | Conflict::SourceSet { .. });
        self.submit_built(build, overtaken, refused).await.map(drop)
    }

    /// Drops a route; whoever calls it knows that it is drained. A route that isn't there is fine.
    pub async fn remove_route(&self, topic: TopicId, target: TopicId) -> Result<(), RouteError> {
        match self.submit(vec![Record::RemoveRoute { topic, target }]).await {
            Ok(_) | Err(SubmitError::Conflict(Conflict::UnknownRoute { .. } | Conflict::UnknownTopic(_))) => Ok(()),
            Err(error) => Err(RouteError::Submit(error)),
        }
    }
}

/// The records that are missing for a route.
fn route(image: &Image, topic: TopicId, target: TopicId) -> Result<Vec<Record>, RouteError> {
    let source = image.topic_by_id(topic).ok_or(RouteError::UnknownTopic(topic))?;
    image.topic_by_id(target).ok_or(RouteError::UnknownTopic(target))?;
    let mut records = Vec::new();
    if !source.routes.contains(&target) {
        records.push(Record::AddRoute { topic, target });
    }
    let nameless = source
        .numbered()
        .filter(|(_, partition)| partition.source.is_none())
        .map(|(index, _)| index);
    records.extend(allocations(image, topic, nameless));
    Ok(records)
}

/// Source ids for these partitions, the next ones of the image.
pub(crate) fn allocations(
    image: &Image,
    topic: TopicId,
    partitions: impl Iterator<Item = PartitionIndex>,
) -> impl Iterator<Item = Record> {
    (image.next_source()..)
        .zip(partitions)
        .map(move |(source, partition)| Record::AllocateSource {
            topic,
            partition,
            source,
        })
}

fn refused(error: SubmitError) -> RouteError {
    match error {
        SubmitError::Conflict(Conflict::UnknownTopic(topic)) => RouteError::UnknownTopic(topic),
        other => RouteError::Submit(other),
    }
}
