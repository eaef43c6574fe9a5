//! One table: what is in it, and whether plugins may look things up there.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicIsize, AtomicU64, Ordering};
use std::time::Duration;

use corvid_env::clock::{self, Instant};
use corvid_env::fault;
use corvid_metadata::TopicId;
use corvid_plugin_host::Table;
use corvid_replication::{Closed, OffsetGate, Partition};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::{TableFigures, TableKey};

/// How long producers wait for a table that is being read, from when its reading began.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// How long a batch waits until a table that is current has what was written a moment ago.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(1);

/// How many keys are missed before a table is given up.
const MISSED_MAX: usize = 10_000;

/// The topic's partitions are not known yet.
const UNKNOWN: i32 = -1;

/// A table that is kept current.
pub(crate) struct Kept {
    topic: TopicId,
    name: String,
    table: Arc<Table>,
    room: Arc<Room>,
    /// Keys for whose values there was no room: until they have others, or none.
    missed: Mutex<BTreeSet<Box<[u8]>>>,
    partitions: AtomicI32,
    behind: AtomicU64,
    emptied: AtomicU64,
    state: watch::Sender<State>,
    /// There is something to do: more records, other partitions, or nobody has the table any more.
    wake: Arc<Notify>,
}

/// A partition of the topic, and how far it is in the table.
pub(super) struct Followed {
    pub partition: Arc<Partition>,
    pub taken: OffsetGate,
}

#[derive(Clone)]
enum State {
    /// It is being read, since then.
    Loading(Instant),
    /// All is in it that was there when its reading began, and what is written is followed.
    Current(Arc<[Arc<Followed>]>),
    Failed(String),
}

/// The memory of all tables.
pub(super) struct Room {
    max: usize,
    used: AtomicIsize,
    /// A table has given some back.
    pub freed: Notify,
}

impl Room {
    pub fn new(max: usize) -> Self {
        Self {
            max,
            used: AtomicIsize::new(0),
            freed: Notify::new(),
        }
    }

    /// Whether so many bytes more, or fewer, still fit.
    fn take(&self, grown: isize) -> bool {
        let used = self.used.fetch_add(grown, Ordering::Relaxed) + grown;
        if grown < 0 {
            self.freed.notify_waiters();
        }
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
            missed: Mutex::default(),
            partitions: AtomicI32::new(UNKNOWN),
            behind: AtomicU64::new(0),
            emptied: AtomicU64::new(0),
            state: watch::Sender::new(State::Loading(clock::now())),
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

    pub(super) fn room(&self) -> &Arc<Room> {
        &self.room
    }

    /// How many partitions the topic has; `None` if that isn't known yet.
    pub fn partitions(&self) -> Option<i32> {
        let partitions = self.partitions.load(Ordering::Acquire);
        (partitions != UNKNOWN).then_some(partitions)
    }

    /// It never changes while a binding names the table.
    pub fn set_partitions(&self, partitions: i32) {
        if self.partitions.swap(partitions, Ordering::AcqRel) != partitions {
            self.wake.notify_one();
        }
    }

    /// How often all keys were taken away, to be read anew.
    pub fn emptied(&self) -> u64 {
        self.emptied.load(Ordering::Acquire)
    }

    /// Returns once everything is in it that is committed in the topic now; an error says why it isn't.
    pub async fn current(&self) -> Result<(), String> {
        if fault::hit("table.current").is_some() {
            // A test plants a bug here: whatever is in the table is taken for all of it.
            return Ok(());
        }
        self.caught_up()
            .await
            .map_err(|why| format!("the table {}: {why}", self.name))
    }

    async fn caught_up(&self) -> Result<(), String> {
        let mut state = self.state.subscribe();
        loop {
            let now = state.borrow_and_update().clone();
            match now {
                State::Failed(reason) => return Err(reason),
                State::Current(followed) => {
                    let taken = clock::timeout(FOLLOWED_WITHIN, taken(&followed)).await;
                    // Else it is not followed any more: the state says why.
                    if let Ok(()) = taken.map_err(|_| self.unread())? {
                        return Ok(());
                    }
                }
                State::Loading(since) => {
                    let changed = clock::timeout_at(since + READ_WITHIN, state.changed()).await;
                    // The sender is this table's.
                    if changed.is_err() {
                        return Err(self.unread());
                    }
                }
            }
        }
    }

    fn unread(&self) -> String {
        let behind = self.behind.load(Ordering::Relaxed);
        format!("it is being read, with {behind} offsets to go")
    }

    /// Gives a key its value, or takes it away. A key for whose value there is no room keeps the one it has, and is missed: what
    /// lies behind it in the log may take it away again. `false` if too many are.
    pub fn set(&self, key: &[u8], value: Option<&[u8]>) -> bool {
        let mut missed = self.missed.lock();
        let growth = self.table.growth(key, value);
        if self.room.take(growth) {
            self.table.set(key, value);
            missed.remove(key);
        } else {
            self.room.take(-growth);
            missed.insert(key.into());
        }
        missed.len() <= MISSED_MAX
    }

    /// Whether there was room for all.
    pub fn is_complete(&self) -> bool {
        self.missed.lock().is_empty()
    }

    pub fn set_behind(&self, offsets: u64) {
        self.behind.store(offsets, Ordering::Relaxed);
    }

    /// Everything is in it; from now on, `followed` say how far.
    pub(super) fn set_current(&self, followed: Vec<Arc<Followed>>) {
        let keys = self.table.keys();
        tracing::info!(topic = self.name, keys, "the table is current");
        self.state.send_replace(State::Current(followed.into()));
    }

    /// Who waits is told why; a batch that is being judged is judged by what was true a moment ago.
    pub fn set_failed(&self, reason: String) {
        tracing::error!(
            topic = self.name,
            reason,
            "no table: topics whose plugins look things up there take no records"
        );
        let before = self.state.send_replace(State::Failed(reason));
        if let State::Current(followed) = before {
            followed.iter().for_each(|followed| followed.taken.close());
        }
    }

    /// Takes all keys away.
    pub fn empty(&self) {
        self.emptied.fetch_add(1, Ordering::AcqRel);
        let bytes = self.table.bytes();
        self.table.clear();
        self.missed.lock().clear();
        self.room.take(-bytes.cast_signed());
    }

    /// Is read from the start.
    pub fn set_loading(&self) {
        self.state.send_replace(State::Loading(clock::now()));
    }

    /// Why some keys are missed.
    pub fn no_room(&self) -> String {
        format!(
            "with all its keys, tables take more than {} bytes of memory (corvid.table.bytes), {} of them for the {} keys of this one",
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
            current: matches!(*self.state.borrow(), State::Current(_)),
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.room.take(-self.table.bytes().cast_signed());
        self.wake.notify_one();
    }
}

/// Returns once all is taken that is committed now.
async fn taken(followed: &[Arc<Followed>]) -> Result<(), Closed> {
    for followed in followed {
        followed.taken.reached(followed.partition.high_watermark()).await?;
    }
    Ok(())
}
