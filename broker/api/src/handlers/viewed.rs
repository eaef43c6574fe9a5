//! Fetch and ListOffsets for a reader who sees a topic through views.

use std::sync::Arc;

use corvid_metadata::policy::ANONYMOUS;
use corvid_pipeline::view::{self, Asked, ReaderView, Seen, ViewError, Who};
use corvid_replication::Partition;
use corvid_wire::Chunk;
use corvid_wire::fetch::FetchedPartition;
use corvid_wire::kafka::ResponseError;

use super::fetch::Fetched;
use crate::broker::Broker;
use crate::errors;

/// What every client takes for a broker's passing trouble: it looks for the leader, and asks again.
const UNSEEN: ResponseError = ResponseError::KafkaStorageError;

/// What is known of who sent a request.
pub(super) fn who(client_id: Option<&str>) -> Who {
    Who {
        principal: ANONYMOUS.into(),
        client_id: client_id.map(Into::into),
    }
}

/// What a partition looks like through views.
pub(super) struct Looked {
    pub answer: FetchedPartition,
    /// There is more to look through.
    pub more: bool,
    /// The views failed.
    pub unseen: bool,
}

pub(super) async fn look(broker: &Broker, partition: &Arc<Partition>, view: &ReaderView, asked: Asked) -> Looked {
    let seen = view::read(broker.topics.views(), partition, view, asked).await;
    let answer = match seen {
        Ok(seen) => {
            let more = seen.more;
            return Looked {
                answer: answer(seen),
                more,
                unseen: false,
            };
        }
        Err(ViewError::Read(error)) => FetchedPartition {
            error_code: errors::of_read(&error).code(),
            ..bounds(partition)
        },
        Err(error @ ViewError::Failed { .. }) => {
            // The plugin host has told, and not too often, what is wrong with the plugin.
            tracing::debug!(%error, "not shown");
            return Looked {
                answer: unseen(),
                more: false,
                unseen: true,
            };
        }
    };
    Looked {
        answer,
        more: false,
        unseen: false,
    }
}

fn answer(seen: Seen) -> FetchedPartition {
    FetchedPartition {
        high_watermark: seen.end.0,
        last_stable_offset: seen.end.0,
        log_start_offset: seen.start.0,
        records: seen.batches.into_iter().map(Chunk::Bytes).collect(),
        ..FetchedPartition::default()
    }
}

/// Nothing of a partition, but where it begins and ends.
pub(super) fn bounds(partition: &Partition) -> FetchedPartition {
    let visible = corvid_pipeline::fetch::visible(partition);
    FetchedPartition {
        high_watermark: visible.end.0,
        last_stable_offset: visible.end.0,
        log_start_offset: visible.start.0,
        ..FetchedPartition::default()
    }
}

/// Nothing is shown, not even how much there is.
pub(super) fn unseen() -> FetchedPartition {
    FetchedPartition {
        error_code: UNSEEN.code(),
        ..FetchedPartition::default()
    }
}

/// Counted when it is answered: what a long poll reads before may be read again.
pub(super) fn count(broker: &Broker, fetched: &Fetched) {
    let Some(partition) = &fetched.partition else { return };
    if fetched.answer.error_code != 0 {
        partition.traffic().fetch_failed();
    } else if fetched.bytes > 0 {
        partition.traffic().fetched(fetched.bytes);
        let in_file = |chunk: &Chunk| match chunk {
            Chunk::Range(range) => range.len,
            Chunk::Bytes(_) => 0,
        };
        let from_files = fetched.answer.records.iter().map(in_file).sum();
        let figures = broker.topics.views().figures();
        figures.answered(from_files, fetched.bytes - from_files);
    }
}
