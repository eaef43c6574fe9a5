//! The groups of one partition of `__consumer_offsets`, while this node leads it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use corvid_env::{clock, task};
use corvid_metadata::PartitionIndex;
use corvid_record::Offset;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;

use super::alarms::{Alarm, Alarms};
use super::cell::{Cell, Inner};
use super::loading;
use crate::batch;
use crate::config::CoordinatorConfig;
use crate::error::GroupError;
use crate::group::{Action, AfterWrite, Answer, CallId, Event, Group, GroupState, Now};
use crate::log::OffsetsLog;
use crate::schema::Record;

/// What to do about a group that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Create it.
    Create,
    /// Answer `GroupIdNotFound`.
    Refuse,
}

/// The groups of a partition.
pub(super) struct Shard {
    partition: PartitionIndex,
    pub(super) log: Arc<dyn OffsetsLog>,
    pub(super) config: Arc<CoordinatorConfig>,
    alarms: Arc<Alarms>,
    phase: Mutex<Phase>,
    /// What was appended and is not known to be committed, in the order of the log but for neighbours.
    appended: mpsc::UnboundedSender<Appended>,
    tasks: Mutex<Vec<AbortHandle>>,
    /// Turns true when loading has come to an end, whichever.
    settled: watch::Sender<bool>,
    /// Records of the log that this release could not read.
    pub(super) skipped: AtomicU64,
}

enum Phase {
    /// The log is being replayed. Topics that are deleted meanwhile are remembered.
    Loading {
        deleted_topics: Vec<String>,
    },
    Active(BTreeMap<String, Arc<Cell>>),
    Closed,
}

/// A write whose group waits for it to be committed.
struct Appended {
    end: Offset,
    cell: Arc<Cell>,
    then: AfterWrite,
}

impl Shard {
    /// Begins to load the groups of a partition.
    pub fn start(
        partition: PartitionIndex,
        log: Arc<dyn OffsetsLog>,
        config: Arc<CoordinatorConfig>,
        alarms: Arc<Alarms>,
    ) -> Arc<Self> {
        let (appended, queue) = mpsc::unbounded_channel();
        let shard = Arc::new(Self {
            partition,
            log,
            config,
            alarms,
            phase: Mutex::new(Phase::Loading {
                deleted_topics: Vec::new(),
            }),
            appended,
            tasks: Mutex::default(),
            settled: watch::Sender::new(false),
            skipped: AtomicU64::new(0),
        });
        let loader = task::spawn("load groups", loading::load(shard.clone()));
        let committer = task::spawn("commit groups", await_commits(shard.clone(), queue));
        shard
            .tasks
            .lock()
            .extend([loader.abort_handle(), committer.abort_handle()]);
        shard
    }

    /// Returns once the groups are here; or says that they will not be.
    pub async fn loaded(&self) -> Result<(), GroupError> {
        // The sender is ours, so it does not go away.
        let _ = self.settled.subscribe().wait_for(|settled| *settled).await;
        self.cells().map(drop)
    }

    /// Gives an event that someone waits for to a group.
    pub fn ask(
        self: &Arc<Self>,
        group_id: &str,
        missing: Missing,
        call: CallId,
        event: Event,
    ) -> Result<oneshot::Receiver<Answer>, GroupError> {
        let (waiter, answer) = oneshot::channel();
        loop {
            let cell = self.cell(group_id, missing)?;
            let mut inner = cell.inner.lock();
            if inner.removed {
                continue;
            }
            inner.calls.insert(call, waiter);
            self.run(&cell, &mut inner, event);
            return Ok(answer);
        }
    }

    /// Looks at a group, if it exists.
    pub fn look<R>(&self, group_id: &str, look: impl FnOnce(&Group) -> R) -> Result<R, GroupError> {
        let cell = self
            .cells()?
            .get(group_id)
            .cloned()
            .ok_or(GroupError::GroupIdNotFound)?;
        let inner = cell.inner.lock();
        if inner.removed {
            Err(GroupError::GroupIdNotFound)
        } else {
            Ok(look(&inner.group))
        }
    }

    /// Looks at all groups, in the order of their ids.
    pub fn look_at_all(&self, mut look: impl FnMut(&Group)) -> Result<(), GroupError> {
        let cells: Vec<Arc<Cell>> = self.cells()?.values().cloned().collect();
        for cell in cells {
            let inner = cell.inner.lock();
            if !inner.removed {
                look(&inner.group);
            }
        }
        Ok(())
    }

    /// An alarm of a group has gone off.
    pub fn tick(self: &Arc<Self>, group_id: &str) {
        let cell = self.cells().ok().and_then(|cells| cells.get(group_id).cloned());
        if let Some(cell) = cell {
            let mut inner = cell.inner.lock();
            if !inner.removed {
                inner.armed = None;
                self.run(&cell, &mut inner, Event::Tick);
            }
        }
    }

    pub fn expire_offsets(self: &Arc<Self>) {
        self.tell_all(&Event::ExpireOffsets);
    }

    pub fn topics_deleted(self: &Arc<Self>, names: &[String]) {
        if let Phase::Loading { deleted_topics } = &mut *self.phase.lock() {
            deleted_topics.extend_from_slice(names);
            return;
        }
        self.tell_all(&Event::TopicsDeleted { names: names.to_vec() });
    }

    /// The log is replayed: these are its groups.
    pub fn activate(self: &Arc<Self>, groups: BTreeMap<String, Group>) {
        let cells = groups
            .into_iter()
            .map(|(id, group)| (id.clone(), Arc::new(Cell::new(id, group))))
            .collect();
        let deleted_topics = match &mut *self.phase.lock() {
            phase @ Phase::Loading { .. } => match std::mem::replace(phase, Phase::Active(cells)) {
                Phase::Loading { deleted_topics } => deleted_topics,
                Phase::Active(_) | Phase::Closed => Vec::new(),
            },
            Phase::Active(_) | Phase::Closed => return,
        };
        // Also sets the alarms.
        self.tell_all(&Event::TopicsDeleted { names: deleted_topics });
        self.settled.send_replace(true);
    }

    /// The log could not be replayed: whoever asks is sent elsewhere.
    pub fn give_up(&self) {
        *self.phase.lock() = Phase::Closed;
        self.settled.send_replace(true);
    }

    /// This node no longer leads the partition.
    pub fn close(self: &Arc<Self>) {
        let phase = std::mem::replace(&mut *self.phase.lock(), Phase::Closed);
        self.settled.send_replace(true);
        for task in self.tasks.lock().drain(..) {
            task.abort();
        }
        if let Phase::Active(cells) = phase {
            for cell in cells.into_values() {
                let mut inner = cell.inner.lock();
                self.run(&cell, &mut inner, Event::Unload);
                // Whoever still waits waits for the log: that is not ours to read any more.
                inner.calls.clear();
            }
        }
    }

    fn tell_all(self: &Arc<Self>, event: &Event) {
        let cells: Vec<Arc<Cell>> = self
            .cells()
            .map(|cells| cells.values().cloned().collect())
            .unwrap_or_default();
        for cell in cells {
            let mut inner = cell.inner.lock();
            if !inner.removed {
                self.run(&cell, &mut inner, event.clone());
            }
        }
    }

    fn cells(&self) -> Result<parking_lot::MappedMutexGuard<'_, BTreeMap<String, Arc<Cell>>>, GroupError> {
        MutexGuard::try_map(self.phase.lock(), |phase| match phase {
            Phase::Active(cells) => Some(cells),
            Phase::Loading { .. } | Phase::Closed => None,
        })
        .map_err(|phase| match *phase {
            Phase::Loading { .. } => GroupError::CoordinatorLoadInProgress,
            Phase::Active(_) | Phase::Closed => GroupError::NotCoordinator,
        })
    }

    fn cell(&self, group_id: &str, missing: Missing) -> Result<Arc<Cell>, GroupError> {
        let mut cells = self.cells()?;
        match (cells.get(group_id), missing) {
            (Some(cell), _) => Ok(cell.clone()),
            (None, Missing::Refuse) => Err(GroupError::GroupIdNotFound),
            (None, Missing::Create) => {
                let group = Group::new(group_id.to_owned(), self.config.clone(), clock::wall_clock());
                let cell = Arc::new(Cell::new(group_id.to_owned(), group));
                cells.insert(group_id.to_owned(), cell.clone());
                Ok(cell)
            }
        }
    }

    /// Feeds a group, and does what it wants done. The group's lock is held: that keeps its records in order.
    fn run(&self, cell: &Arc<Cell>, inner: &mut Inner, event: Event) {
        let now = Now {
            instant: clock::now(),
            wall: clock::wall_clock(),
        };
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for action in inner.group.handle(event, now) {
                match action {
                    Action::Answer(call, answer) => inner.answer(call, answer),
                    Action::Write { records, then } => match self.append(&records, now) {
                        Ok(end) => {
                            let appended = Appended {
                                end,
                                cell: cell.clone(),
                                then,
                            };
                            // It fails only after `close`, which has answered everybody.
                            let _closed = self.appended.send(appended);
                        }
                        Err(error) => events.push_back(Event::Written {
                            then,
                            result: Err(error),
                        }),
                    },
                }
            }
        }
        self.arm(cell, inner);
        if inner.group.state() == GroupState::Dead || inner.group.is_void() {
            self.drop_cell(cell, inner);
        }
    }

    fn append(&self, records: &[Record], now: Now) -> Result<Offset, GroupError> {
        let appended = batch::encode(records, now.wall).and_then(|batch| self.log.append(batch));
        appended.map_err(|error| {
            tracing::warn!(partition = %self.partition, %error, "a write to __consumer_offsets failed");
            error.as_group_error()
        })
    }

    /// Makes sure that an alarm goes off at the group's next deadline.
    fn arm(&self, cell: &Cell, inner: &mut Inner) {
        let Some(next) = inner.group.next_deadline() else {
            return;
        };
        if inner.armed.is_none_or(|armed| next < armed) {
            self.alarms
                .set(Alarm::Group(self.partition, cell.id.clone()), inner.armed, next);
            inner.armed = Some(next);
        }
    }

    fn drop_cell(&self, cell: &Cell, inner: &mut Inner) {
        inner.removed = true;
        if let Some(at) = inner.armed.take() {
            self.alarms.cancel(Alarm::Group(self.partition, cell.id.clone()), at);
        }
        if let Ok(mut cells) = self.cells() {
            cells.remove(&cell.id);
        }
    }
}

/// Tells the groups, in the order of the log, what of theirs is committed.
async fn await_commits(shard: Arc<Shard>, mut queue: mpsc::UnboundedReceiver<Appended>) {
    while let Some(Appended { end, cell, then }) = queue.recv().await {
        let result = shard.log.committed(end).await.map_err(|error| error.as_group_error());
        let mut inner = cell.inner.lock();
        shard.run(&cell, &mut inner, Event::Written { then, result });
    }
}
