//! One table: what is in it, and whether plugins may look things up there.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicIsize, AtomicU64, Ordering};
use std::time::Duration;

use corvid_env::clock;
use corvid_metadata::TopicId;
use corvid_plugin_host::Table;
use corvid_replication::{Closed, OffsetGate, Partition};
use parking_lot::RwLock;
use tokio::sync::{Notify, watch};

use super::{TableFigures, TableKey};

/// How long a producer waits for a table that is being read.
const PATIENCE: Duration = Duration::from_secs(10);

/// The topic's partitions are not known yet.
const UNKNOWN: i32 = -1;

/// A table that is kept current.
pub(crate) struct Kept {
    topic: TopicId,
    name: String,
    table: Arc<Table>,
    room: Arc<Room>,
    partitions: AtomicI32,
    followed: RwLock<Arc<[Arc<Followed>]>>,
    behind: AtomicU64,
    state: watch::Sender<State>,
    /// There is something to do: more records, other partitions, or nobody has the table any more.
    wake: Arc<Notify>,
}

/// A partition of the topic, and how far it is in the table.
pub(super) struct Followed {
    pub partition: Arc<Partition>,
    pub taken: OffsetGate,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Loading,
    Current,
    Failed(String),
}

/// The memory of all tables.
pub(super) struct Room {
    max: usize,
    used: AtomicIsize,
}

impl Room {
    pub fn new(max: usize) -> Self {
        Self {
            max,
            used: AtomicIsize::new(0),
        }
    }

    /// Whether so many bytes more, or fewer, still fit.
    fn take(&self, grown: isize) -> bool {
        let used = self.used.fetch_add(grown, Ordering::Relaxed) + grown;
        grown <= 0 || usize::try_from(used).is_ok_and(|used| used <= self.max)
    }
}

impl Kept {
    pub(super) fn new(key: &TableKey, room: Arc<Room>) -> Arc<Self> {
        Arc::new(Self {
            topic: key.topic,
            name: key.topic_name.clone(),
            table: Arc::default(),
            room,
            partitions: AtomicI32::new(UNKNOWN),
            followed: RwLock::new(Arc::new([])),
            behind: AtomicU64::new(0),
            state: watch::Sender::new(State::Loading),
            wake: Arc::default(),
        })
    }

    pub fn topic(&self) -> TopicId {
        self.topic
    }

    /// What plugins look things up in.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    pub fn wake(&self) -> &Arc<Notify> {
        &self.wake
    }

    /// How many partitions the topic has: 0 if it is gone, `None` if that isn't known yet.
    pub fn partitions(&self) -> Option<i32> {
        let partitions = self.partitions.load(Ordering::Acquire);
        (partitions != UNKNOWN).then_some(partitions)
    }

    pub fn set_partitions(&self, partitions: i32) {
        let before = self.partitions.swap(partitions, Ordering::AcqRel);
        if before != partitions && before != UNKNOWN {
            self.state.send_replace(State::Loading);
        }
        self.wake.notify_one();
    }

    /// Returns once everything is in it that is committed in the topic now; an error says why it isn't.
    pub async fn current(&self) -> Result<(), String> {
        let about = |why: String| format!("the table {}: {why}", self.name);
        match clock::timeout(PATIENCE, self.caught_up()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(why)) => Err(about(why)),
            Err(_) => {
                let behind = self.behind.load(Ordering::Relaxed);
                Err(about(format!("it is being read, with {behind} offsets to go")))
            }
        }
    }

    async fn caught_up(&self) -> Result<(), String> {
        loop {
            if *self.state.borrow() != State::Current {
                let mut state = self.state.subscribe();
                // The sender is this table's.
                let settled = state.wait_for(|state| *state != State::Loading).await;
                if let Ok(State::Failed(reason)) = settled.as_deref() {
                    return Err(reason.clone());
                }
            }
            // Else it failed, or its partitions were opened anew.
            if let Ok(()) = self.taken().await {
                return Ok(());
            }
        }
    }

    async fn taken(&self) -> Result<(), Closed> {
        let followed = self.followed.read().clone();
        for followed in followed.iter() {
            followed.taken.reached(followed.partition.high_watermark()).await?;
        }
        Ok(())
    }

    /// What is followed from now on. Who waits for what was before, waits in vain.
    pub(super) fn set_followed(&self, followed: Vec<Arc<Followed>>) {
        let before = std::mem::replace(&mut *self.followed.write(), followed.into());
        for gone in before.iter() {
            if !self.followed.read().iter().any(|stays| Arc::ptr_eq(stays, gone)) {
                gone.taken.close();
            }
        }
    }

    /// Gives a key its value, or takes it away; `false` if there is no room for it.
    pub fn set(&self, key: &[u8], value: Option<&[u8]>) -> bool {
        self.room.take(self.table.set(key, value))
    }

    pub fn set_behind(&self, offsets: u64) {
        self.behind.store(offsets, Ordering::Relaxed);
    }

    pub fn set_current(&self) {
        let before = self.state.send_replace(State::Current);
        if before != State::Current {
            let keys = self.table.keys();
            tracing::info!(topic = self.name, keys, "the table is current");
        }
    }

    /// Who waits is told why; who is being judged goes on with what was true a moment ago.
    pub fn set_failed(&self, reason: String) {
        tracing::error!(
            topic = self.name,
            reason,
            "no table: topics whose plugins look things up there take no records"
        );
        self.state.send_replace(State::Failed(reason));
        self.set_followed(Vec::new());
    }

    /// Begins from the start.
    pub fn empty(&self) {
        self.state.send_replace(State::Loading);
        self.room.take(-self.table.bytes().cast_signed());
        self.table.clear();
    }

    /// Why a key has no room.
    pub fn no_room(&self) -> String {
        format!(
            "with it, tables take more than {} bytes of memory (corvid.table.bytes), {} of them for the {} keys of this one",
            self.room.max,
            self.table.bytes(),
            self.table.keys()
        )
    }

    pub fn figures(&self) -> TableFigures {
        TableFigures {
            topic: self.name.clone(),
            keys: self.table.keys(),
            bytes: self.table.bytes(),
            behind: self.behind.load(Ordering::Relaxed),
            current: *self.state.borrow() == State::Current,
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.room.take(-self.table.bytes().cast_signed());
        self.wake.notify_one();
    }
}
