//! One topic's plan as the notes see it: who decides on each partition, and whether that is noted already.

use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::sync::{Arc, Weak};

use corvid_replication::Partition;
use corvid_storage::Appended;
use tokio::sync::OnceCell;

use super::{Decided, Deciders};

/// The last run of the partition is this plan's, and no older plan is in use.
const NOTED: u8 = 1;
/// A newer plan is in use: every batch of this one is noted by itself.
const SUPERSEDED: u8 = 2;

/// The flags of a plan's partitions. As long as somebody holds them, a request may be under way with the plan.
type Flags = Vec<AtomicU8>;

/// A plan, for the notes.
pub(crate) struct TopicNotes {
    decided: Arc<Decided>,
    deciders: Vec<Deciders>,
    flags: Arc<Flags>,
    begun: Vec<OnceCell<()>>,
    /// Plans that this one takes the place of.
    older: Vec<Weak<Flags>>,
    /// Whether an older life of the node may have left a window open: there was no plan of the topic before this one.
    first: bool,
}

impl TopicNotes {
    /// The notes of a plan whose partitions have these deciders.
    pub fn new(decided: Arc<Decided>, deciders: Vec<Deciders>, before: Option<&TopicNotes>) -> Self {
        let older = before.into_iter().flat_map(|before| {
            let still = before.older.iter().filter(|older| older.strong_count() > 0).cloned();
            still.chain([Arc::downgrade(&before.flags)])
        });
        Self {
            decided,
            flags: Arc::new(deciders.iter().map(|_| AtomicU8::new(0)).collect()),
            begun: deciders.iter().map(|_| OnceCell::new()).collect(),
            older: older.collect(),
            first: before.is_none(),
            deciders,
        }
    }

    /// To be called before the first batch of this plan is appended to the partition: what decides is noted first, durably.
    pub async fn begin(&self, partition: &Partition) {
        let at = partition.id().index.0 as usize;
        let Some(begun) = self.begun.get(at) else { return };
        if begun.initialized() {
            return;
        }
        begun.get_or_init(|| self.first_batch(partition, at)).await;
    }

    async fn first_batch(&self, partition: &Partition, at: usize) {
        let (id, end) = (partition.id(), partition.log().end().0);
        let runs = self.decided.of(id);
        let written = {
            let mut runs = runs.lock();
            for older in self.older.iter().filter_map(Weak::upgrade) {
                if let Some(flags) = older.get(at) {
                    flags.fetch_or(SUPERSEDED, SeqCst);
                }
            }
            let notes = runs.begin(end, &self.deciders[at], self.first);
            let any = !notes.is_empty();
            for note in notes {
                self.decided.write(id, note);
            }
            any
        };
        if written {
            self.decided.journal.sync().await;
        }
    }

    /// A batch of this plan is in the log.
    pub fn appended(&self, partition: &Partition, appended: &Appended) {
        let at = partition.id().index.0 as usize;
        let Some(flags) = self.flags.get(at) else { return };
        // After the append: whoever supersedes this plan says so before it appends. See the crate's `decided`.
        if flags.load(SeqCst) == NOTED {
            return;
        }
        // Before the note: those that are gone have noted all of theirs.
        let alone = self.older.iter().all(|older| older.strong_count() == 0);
        let id = partition.id();
        let runs = self.decided.of(id);
        let mut runs = runs.lock();
        runs.add(appended.base_offset.0, appended.end.0, &self.deciders[at]);
        // Under the lock: a newer plan that has begun meanwhile has said so before.
        if alone && flags.load(SeqCst) & SUPERSEDED == 0 {
            if let Some(note) = runs.settle(&self.deciders[at]) {
                self.decided.write(id, note);
            }
            flags.fetch_or(NOTED, SeqCst);
        }
    }
}
