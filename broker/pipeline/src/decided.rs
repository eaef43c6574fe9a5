//! Which generations decided on which offsets: what `corvid why` says of records of which the log itself says nothing.
//!
//! A batch that moved something has an outbox entry before it, which names its deciders. Most batches move nothing, and are
//! in the log as the client sent them. For those each partition has *runs*: from this offset on, these plugins in these
//! generations. A run begins when a generation flips, so there are few, and a produce costs one look at a flag.
//!
//! ```text
//! generation 1 ──────┤  in flight  │
//!                    │ g1  g2  g1  │ ──────────── generation 2
//!             begin ─┘             └─ settled: nobody holds generation 1 any more
//!             (synced)
//! ```
//!
//! Requests under way finish with what they began with, so that between `begin` and `settled` batches of both may take turns.
//! In that window every batch is noted with its offsets, and the runs are exact. Afterwards only the last run grows.
//!
//! # What a crash leaves
//!
//! | | written | if it is lost |
//! |---|---|---|
//! | `begin`: from the log's end on, this may decide, too | and synced, before the first batch that it decided is appended | nothing: it is there before the batch is |
//! | `settled`, with the runs of the window | when it closes, not synced | the window is unsure: one of those that took turns in it |
//!
//! So what is said is exact, or "one of these", and never wrong. A log whose tail was cut takes its runs along. The notes are the
//! leader's own, in one journal of the node that is written anew at each start; they are bounded, the oldest go first, and an
//! offset from before them is answered with "not noted". They decide nothing: if the disk refuses them, records are taken
//! all the same, and it is logged.

mod journal;
mod runs;
mod topic;

use std::collections::BTreeMap;
use std::sync::Arc;

use corvid_env::fs::Dir;
use corvid_metadata::{Digest, Image, PartitionIndex};
use corvid_replication::PartitionId;
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};

use journal::{Journal, Line, Note};
pub use runs::Noted;
use runs::Runs;
pub(crate) use topic::TopicNotes;

/// A plugin that decided on records, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedBy {
    /// Its name.
    pub plugin: String,
    /// Its generation.
    pub generation: u64,
    /// Its module.
    pub module: Digest,
}

/// All that decided on a record, in the order in which they ran; nobody, if the topic bound nothing.
pub type Deciders = Arc<[DecidedBy]>;

/// The notes of all partitions of a node.
pub struct Decided {
    journal: Journal,
    partitions: RwLock<BTreeMap<PartitionId, Arc<Mutex<Runs>>>>,
}

impl Decided {
    /// Reads the notes in `dir`. What cannot be read is left out, and logged.
    pub fn open(dir: Dir) -> Arc<Self> {
        let (journal, lines) = Journal::open(dir);
        let mut partitions: BTreeMap<PartitionId, Runs> = BTreeMap::new();
        for line in lines {
            let runs = partitions.entry(line.partition()).or_default();
            runs.replay(line.note);
        }
        let partitions = partitions
            .into_iter()
            .map(|(id, runs)| (id, Arc::new(Mutex::new(runs))));
        Arc::new(Self {
            journal,
            partitions: RwLock::new(partitions.collect()),
        })
    }

    /// What is known of an offset of a partition.
    pub fn at(&self, partition: PartitionId, offset: i64) -> Noted {
        let runs = self.partitions.read().get(&partition).cloned();
        runs.map_or(Noted::Not, |runs| runs.lock().at(offset))
    }

    /// Whether anything is noted of a partition of this topic.
    pub(crate) fn knows(&self, topic: corvid_metadata::TopicId) -> bool {
        let first = PartitionId {
            topic,
            index: PartitionIndex(0),
        };
        let partitions = self.partitions.read();
        partitions
            .range(first..)
            .next()
            .is_some_and(|(id, _)| id.topic == topic)
    }

    /// Forgets the topics that are no more, and writes the journal anew.
    pub(crate) async fn begin(&self, image: &Image) {
        self.partitions
            .write()
            .retain(|id, _| image.topic_by_id(id.topic).is_some());
        let mut lines = Vec::new();
        for (id, runs) in self.partitions.read().iter() {
            let notes = runs.lock().notes();
            lines.extend(notes.into_iter().map(|note| Line::new(*id, note)));
        }
        self.journal.rewrite(&lines).await;
    }

    fn of(&self, partition: PartitionId) -> Arc<Mutex<Runs>> {
        if let Some(runs) = self.partitions.read().get(&partition) {
            return runs.clone();
        }
        self.partitions.write().entry(partition).or_default().clone()
    }

    fn write(&self, partition: PartitionId, note: Note) {
        self.journal.write(&Line::new(partition, note));
    }
}
