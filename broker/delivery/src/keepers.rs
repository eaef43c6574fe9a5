//! The keepers of a node's held records, and their checkpoint.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use corvid_env::{clock, fault, task};
use corvid_record::Offset;
use corvid_record::hidden::SourceId;
use corvid_replication::{Partition, PartitionId, Replicas};
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::counters::Counters;
use crate::holds::checkpoint::HeldCheckpoint;
use crate::keeper::{Ask, HeldError, HeldRecord, Keeper};

/// How often the checkpoint is written, while records are held: a crash costs the reading of what was written since.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(30);
/// How often a test has it written.
const CHECKPOINT_OFTEN: Duration = Duration::from_millis(50);
/// Questions that may wait.
const ASKED_MAX: usize = 16;

/// One keeper for each partition with a source id.
pub struct Keepers {
    replicas: Arc<Replicas>,
    running: Arc<Mutex<BTreeMap<PartitionId, Running>>>,
    /// What the last run left, each used once; at the end, what this one leaves.
    checkpoint: Mutex<HeldCheckpoint>,
    writer: Mutex<Option<task::JoinHandle<()>>>,
}

struct Running {
    task: task::JoinHandle<()>,
    ask: mpsc::Sender<Ask>,
}

impl Keepers {
    pub(crate) fn new(replicas: &Arc<Replicas>) -> Self {
        let running = Arc::<Mutex<BTreeMap<PartitionId, Running>>>::default();
        let writer = keep_checkpoint(replicas.clone(), running.clone());
        Self {
            replicas: replicas.clone(),
            checkpoint: Mutex::new(HeldCheckpoint::read(replicas.root())),
            writer: Mutex::new(Some(task::spawn("held checkpoint", writer))),
            running,
        }
    }

    /// Lets go of keepers that have ended, mostly since their topics were deleted.
    pub(crate) fn forget_ended(&self) {
        self.running.lock().retain(|_, keeper| !keeper.task.is_finished());
    }

    pub(crate) fn reconcile(&self, partition: &Arc<Partition>, source: SourceId, counters: &Arc<Counters>) {
        let mut running = self.running.lock();
        let id = partition.id();
        if running.get(&id).is_some_and(|keeper| !keeper.task.is_finished()) {
            return;
        }
        let (ask, asked) = mpsc::channel(ASKED_MAX);
        let snapshot = self.checkpoint.lock().take(id, partition.log());
        let keeper = Keeper::new(partition.clone(), source, counters.clone(), asked, snapshot);
        let task = task::spawn("keeper", keeper.run());
        running.insert(id, Running { task, ask });
    }

    /// The pending holds of a partition, from this name on, in their order.
    pub async fn list(&self, id: PartitionId, from: Offset, limit: usize) -> Result<Vec<HeldRecord>, HeldError> {
        self.ask(id, |answer| Ask::List { from, limit, answer }).await?
    }

    /// Ends holds by their names, for good; says how many of them were pending.
    pub async fn cancel(&self, id: PartitionId, names: Vec<Offset>) -> Result<usize, HeldError> {
        self.ask(id, |answer| Ask::Cancel { names, answer }).await?
    }

    async fn ask<T>(&self, id: PartitionId, question: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, HeldError> {
        let ask = self.running.lock().get(&id).map(|keeper| keeper.ask.clone());
        let (answer, answered) = oneshot::channel();
        let ask = ask.ok_or(HeldError::Closed)?;
        ask.send(question(answer)).await.map_err(|_| HeldError::Closed)?;
        answered.await.map_err(|_| HeldError::Closed)
    }

    /// Ends every keeper, and remembers what it knew.
    pub(crate) async fn stop(&self) {
        let writer = self.writer.lock().take();
        if let Some(writer) = writer {
            writer.abort();
            // Cancelled, or ended before.
            let _ = writer.await;
        }
        let checkpoint = collect(&self.running, true).await;
        let running = std::mem::take(&mut *self.running.lock());
        for keeper in running.into_values() {
            keeper.task.abort();
            let _ = keeper.task.await;
        }
        *self.checkpoint.lock() = checkpoint;
    }

    /// Writes what was held when the keepers were stopped.
    pub(crate) async fn write_checkpoint(&self) -> io::Result<()> {
        let checkpoint = std::mem::take(&mut *self.checkpoint.lock());
        checkpoint.write(self.replicas.root()).await
    }
}

async fn collect(running: &Mutex<BTreeMap<PartitionId, Running>>, last: bool) -> HeldCheckpoint {
    let asks: Vec<_> = {
        let running = running.lock();
        running.iter().map(|(id, keeper)| (*id, keeper.ask.clone())).collect()
    };
    let mut checkpoint = HeldCheckpoint::default();
    for (id, ask) in asks {
        let (answer, answered) = oneshot::channel();
        // One whose partition was closed has nothing to say.
        if ask.send(Ask::Snapshot { last, answer }).await.is_ok()
            && let Ok(snapshot) = answered.await
        {
            checkpoint.set(id, snapshot);
        }
    }
    checkpoint
}

/// Writes the checkpoint now and then, while something is held.
async fn keep_checkpoint(replicas: Arc<Replicas>, running: Arc<Mutex<BTreeMap<PartitionId, Running>>>) {
    let mut held_before = false;
    loop {
        // A test has it written all the time: what runs for a second only would never have one.
        let often = fault::hit("hold.checkpoint").is_some();
        clock::sleep(if often { CHECKPOINT_OFTEN } else { CHECKPOINT_EVERY }).await;
        let held = replicas.all().values().any(|led| led.holding().pending() > 0);
        // Once more when the last one is gone.
        if held || held_before {
            let checkpoint = collect(&running, false).await;
            if let Err(error) = checkpoint.write(replicas.root()).await {
                tracing::warn!(%error, "the checkpoint of what is held can't be written; the next start takes longer");
            }
        }
        held_before = held;
    }
}
