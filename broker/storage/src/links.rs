//! How far a log has taken each of its sources: the newest link stamp of each, or what a link checkpoint says.

use std::collections::BTreeMap;

use bytes::Bytes;
use corvid_env::fault::{self, Fault};
use corvid_record::hidden::{Checkpoint, HiddenError, LinkPosition, SourceId};
use corvid_record::{Batch, BuildError, Timestamp};

use crate::error::AppendError;
use crate::facts::BatchFacts;
use crate::hidden_list::HiddenKind;

/// The positions of a log's links, as of its last batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Links {
    positions: BTreeMap<SourceId, LinkPosition>,
}

impl Links {
    pub fn new(positions: BTreeMap<SourceId, LinkPosition>) -> Self {
        Self { positions }
    }

    pub fn positions(&self) -> &BTreeMap<SourceId, LinkPosition> {
        &self.positions
    }

    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    pub fn get(&self, source: SourceId) -> Option<LinkPosition> {
        self.positions.get(&source).copied()
    }

    /// A link's compare-and-set: its batch is appended only where its appender believes the link to be.
    ///
    /// On the epoch *and* the offset: another lineage of the source may have the same offsets.
    pub fn check(&self, source: SourceId, expected: LinkPosition, batch: &BatchFacts) -> Result<(), AppendError> {
        let actual = self.get(source).unwrap_or(LinkPosition::START);
        if actual != expected {
            return Err(AppendError::LinkMoved { actual });
        }
        let goes_forward = batch
            .stamp
            .is_some_and(|(stamped, to)| stamped == source && to > expected);
        // A test plants a bug here: entries are taken again.
        if goes_forward || fault::hit("link.check") == Some(Fault::Skip) {
            Ok(())
        } else {
            Err(AppendError::NotALinkBatch)
        }
    }

    /// Remembers the stamp of a batch that is in the log.
    pub fn note(&mut self, batch: &BatchFacts) {
        if let Some((source, position)) = batch.stamp {
            self.positions.insert(source, position);
        }
    }

    /// Forgets sources that will never come again; says how many those were.
    pub fn forget(&mut self, is_gone: impl Fn(SourceId) -> bool) -> usize {
        let before = self.positions.len();
        self.positions.retain(|source, _| !is_gone(*source));
        before - self.positions.len()
    }

    /// Takes over a checkpoint that is found in the log: it says all that was known there.
    pub fn restore(&mut self, batch: &Batch<'_>, facts: &BatchFacts) -> Result<(), HiddenError> {
        if facts.hidden == Some(HiddenKind::Checkpoint) {
            self.positions = Checkpoint::decode(batch)?.links;
        }
        Ok(())
    }

    /// The batch that says where all links are.
    pub fn checkpoint(&self, timestamp: Timestamp) -> Result<Bytes, BuildError> {
        Checkpoint {
            links: self.positions.clone(),
        }
        .encode(timestamp)
    }
}
