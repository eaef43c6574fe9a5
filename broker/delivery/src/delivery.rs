//! The couriers of a node, and its keepers of held records: one of each for each partition that has a route.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use corvid_env::{clock, fault, task};
use corvid_metadata::Image;
use corvid_record::hidden::SourceId;
use corvid_replication::{Partition, PartitionId, Replicas};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::counters::Counters;
use crate::courier::Courier;
use crate::hints::Hints;
use crate::keepers::Keepers;

/// How soon after a delivery the hints are written: the targets have flushed it by then.
const HINTS_AFTER: Duration = Duration::from_millis(20);
/// How long they are left alone then: a crash costs little, and the writing nothing.
const HINTS_REST: Duration = Duration::from_secs(1);

/// Delivery on this node.
pub struct Delivery {
    replicas: Arc<Replicas>,
    counters: Arc<Counters>,
    running: Mutex<BTreeMap<PartitionId, Running>>,
    keepers: Keepers,
    /// What the last run left; each is used once.
    found: Mutex<Hints>,
    moved: Arc<Notify>,
    /// Held while the hints are written: there is one temporary file.
    writing: Arc<tokio::sync::Mutex<()>>,
    keeper: Mutex<Option<task::JoinHandle<()>>>,
}

/// A courier.
struct Running {
    source: SourceId,
    task: task::JoinHandle<()>,
}

impl Delivery {
    /// No courier runs yet.
    pub fn new(replicas: Arc<Replicas>) -> Arc<Self> {
        let moved = Arc::<Notify>::default();
        let writing = Arc::<tokio::sync::Mutex<()>>::default();
        let keeper = keep_hints(replicas.clone(), moved.clone(), writing.clone());
        let keeper = task::spawn("delivery hints", keeper);
        Arc::new(Self {
            found: Mutex::new(Hints::read(replicas.root())),
            keepers: Keepers::new(&replicas),
            replicas,
            counters: Arc::default(),
            running: Mutex::default(),
            moved,
            writing,
            keeper: Mutex::new(Some(keeper)),
        })
    }

    /// What has been delivered since the start.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The partitions' held records.
    pub fn held(&self) -> &Keepers {
        &self.keepers
    }

    /// Starts a courier and a keeper of holds for each partition that has got a source id, after the partitions were reconciled. They
    /// end by themselves when the partition is closed.
    pub fn reconcile(&self) {
        let mut running = self.running.lock();
        running.retain(|_, courier| !courier.task.is_finished());
        self.keepers.forget_ended();
        for (id, partition) in self.replicas.all().iter() {
            let Some(source) = partition.source() else { continue };
            self.keepers.reconcile(partition, source, &self.counters);
            running.entry(*id).or_insert_with(|| {
                self.begin(partition);
                let courier = Courier {
                    source: partition.clone(),
                    id: source,
                    replicas: self.replicas.clone(),
                    counters: self.counters.clone(),
                    moved: self.moved.clone(),
                };
                let task = task::spawn("courier", courier.run());
                Running { source, task }
            });
        }
    }

    /// Has the partitions forget how far they have taken sources that were deleted: else every topic that ever sent something would
    /// take memory, and room in each checkpoint, for good. Called now and then.
    ///
    /// A source is gone when no partition of the committed metadata has its id, which is never given again, and no courier of it is left
    /// that might still append something: those of this node end by themselves, and are looked for here.
    pub fn forget_gone_sources(&self, image: &Image) {
        let gone = self.gone_sources(image);
        for (id, partition) in self.replicas.all().iter() {
            let forgotten = partition.log().forget_links(&gone);
            if forgotten > 0 {
                tracing::info!(partition = ?id, sources = forgotten, "link positions of deleted topics are forgotten");
            }
        }
    }

    fn gone_sources(&self, image: &Image) -> impl Fn(SourceId) -> bool + use<> {
        let running = self.running.lock();
        let couriers = running.values().filter(|courier| !courier.task.is_finished());
        let mut alive: BTreeSet<SourceId> = couriers.map(|courier| courier.source).collect();
        // Under the same lock as those who get a courier next.
        alive.extend(self.replicas.all().values().filter_map(|partition| partition.source()));
        let partitions = image.topics().flat_map(|topic| topic.partitions.iter());
        alive.extend(partitions.filter_map(|partition| SourceId::new(partition.source?)));
        let next = image.next_source();
        // A test plants a bug here: what stands in the metadata counts as gone.
        let forgetful = fault::hit("links.forget").is_some();
        move |source| forgetful || (source.get() < next && !alive.contains(&source))
    }

    fn begin(&self, partition: &Partition) {
        if let Some(offset) = self.found.lock().take(partition.id(), partition.log()) {
            partition.delivered().begin_at(offset);
        }
    }

    /// Ends every courier. What was not delivered is, after the next start.
    pub async fn stop(&self) {
        self.keepers.stop().await;
        let mut running = std::mem::take(&mut *self.running.lock());
        let keeper = self.keeper.lock().take();
        let couriers = std::mem::take(&mut running).into_values().map(|courier| courier.task);
        for task in keeper.into_iter().chain(couriers) {
            task.abort();
            // Cancelled, or ended before: it holds nothing any more.
            let _ = task.await;
        }
    }

    /// Writes where the couriers may begin next time. At a stop, this belongs behind the flush of the logs.
    pub async fn write_hints(&self) -> io::Result<()> {
        let _writing = self.writing.lock().await;
        self.keepers.write_checkpoint().await?;
        write_hints(&self.replicas).await
    }
}

/// Writes hints after there was something to deliver, until it is aborted.
async fn keep_hints(replicas: Arc<Replicas>, moved: Arc<Notify>, writing: Arc<tokio::sync::Mutex<()>>) {
    loop {
        moved.notified().await;
        clock::sleep(HINTS_AFTER).await;
        let written = {
            let _writing = writing.lock().await;
            write_hints(&replicas).await
        };
        if let Err(error) = written {
            tracing::warn!(%error, "delivery's checkpoint can't be written; the next start takes longer");
        }
        clock::sleep(HINTS_REST).await;
    }
}

async fn write_hints(replicas: &Replicas) -> io::Result<()> {
    let mut hints = Hints::default();
    for (id, partition) in replicas
        .all()
        .iter()
        .filter(|(_, partition)| partition.source().is_some())
    {
        // A test plants a bug here: what is committed at its source counts as durable at its targets.
        let ahead = fault::hit("hint.durable").is_some();
        let offset = if ahead {
            partition.high_watermark()
        } else {
            partition.delivered().flushed()
        };
        hints.set(*id, partition.log(), offset);
    }
    hints.write(replicas.root()).await
}
