//! The driver: async methods for the server's handlers, around the pure groups.
//!
//! Lock order: a group's lock, then its shard's, then the alarms'. Nothing is held across an await. A group appends
//! under its lock, so that its records are in the log in the order of its changes; a task for each shard waits until
//! they are committed, and tells the groups, in the order of the log.

mod admin;
mod alarms;
mod cell;
mod loading;
mod membership;
mod offsets;
mod shard;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use corvid_env::clock;
use corvid_env::task::{self, JoinHandle};
use corvid_metadata::PartitionIndex;
use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

use crate::config::CoordinatorConfig;
use crate::error::GroupError;
use crate::group::{Answer, CallId, Event};
use crate::log::OffsetsLog;

use alarms::{Alarm, Alarms};
use shard::{Missing, Shard};

pub use admin::Stats;

/// The groups whose partitions of `__consumer_offsets` this node leads.
pub struct Coordinator {
    config: Arc<CoordinatorConfig>,
    partitions: AtomicI32,
    shards: RwLock<BTreeMap<PartitionIndex, Arc<Shard>>>,
    alarms: Arc<Alarms>,
    clockwork: Mutex<Option<JoinHandle<()>>>,
    last_call: AtomicU64,
}

impl Coordinator {
    /// A coordinator of nothing yet. Runs its timers on the current runtime until `shutdown`.
    pub fn new(config: CoordinatorConfig) -> Arc<Self> {
        let alarms = Arc::new(Alarms::default());
        alarms.set(
            Alarm::Retention,
            None,
            clock::now() + config.offsets_retention_check_interval,
        );
        Arc::new_cyclic(|coordinator| Self {
            partitions: AtomicI32::new(config.partitions),
            config: Arc::new(config),
            shards: RwLock::default(),
            clockwork: Mutex::new(Some(task::spawn(
                "group timers",
                run_alarms(coordinator.clone(), alarms.clone()),
            ))),
            alarms,
            last_call: AtomicU64::new(0),
        })
    }

    /// The partition of `__consumer_offsets` that holds a group: `abs(hash(group)) % partitions`, as Kafka has it.
    pub fn partition_for(&self, group_id: &str) -> PartitionIndex {
        partition_of(group_id, self.partitions.load(Ordering::Relaxed))
    }

    /// How many partitions `__consumer_offsets` has, once it exists. It must not change while groups are loaded.
    pub fn set_partitions(&self, count: i32) {
        self.partitions.store(count, Ordering::Relaxed);
    }

    /// This node leads a partition now: its groups are loaded in the background, and until then requests are
    /// answered with `CoordinatorLoadInProgress`. If it led it before, that is over.
    pub fn lead(&self, partition: PartitionIndex, log: Arc<dyn OffsetsLog>) {
        // The old must have written its last before the new reads.
        self.resign(partition);
        let shard = Shard::start(partition, log, self.config.clone(), self.alarms.clone());
        self.shards.write().insert(partition, shard);
    }

    /// This node no longer leads a partition: everyone who waits is answered with `NotCoordinator`.
    pub fn resign(&self, partition: PartitionIndex) {
        let shard = self.shards.write().remove(&partition);
        if let Some(shard) = shard {
            shard.close();
        }
    }

    /// Topics were deleted: their offsets are removed from every group led here.
    pub fn topics_deleted(&self, names: &[String]) {
        for shard in self.all_shards() {
            shard.topics_deleted(names);
        }
    }

    /// Answers everyone who waits with `NotCoordinator`, and ends the timers.
    pub async fn shutdown(&self) {
        let shards = std::mem::take(&mut *self.shards.write());
        for shard in shards.into_values() {
            shard.close();
        }
        let clockwork = self.clockwork.lock().take();
        if let Some(clockwork) = clockwork {
            clockwork.abort();
            let _ended = clockwork.await;
        }
    }

    fn all_shards(&self) -> Vec<Arc<Shard>> {
        self.shards.read().values().cloned().collect()
    }

    fn shard_of(&self, group_id: &str) -> Result<Arc<Shard>, GroupError> {
        let partition = self.partition_for(group_id);
        self.shards
            .read()
            .get(&partition)
            .cloned()
            .ok_or(GroupError::NotCoordinator)
    }

    /// Returns once a group's partition is loaded, so that it can be asked.
    pub async fn loaded(&self, group_id: &str) -> Result<(), GroupError> {
        let shard = self.shard_of(group_id)?;
        match clock::timeout(self.config.write_timeout, shard.loaded()).await {
            Ok(loaded) => loaded,
            Err(_elapsed) => Err(GroupError::CoordinatorLoadInProgress),
        }
    }

    /// Puts a question to a group.
    fn question(
        &self,
        group_id: &str,
        missing: Missing,
        event: impl FnOnce(CallId) -> Event,
    ) -> Result<oneshot::Receiver<Answer>, GroupError> {
        let call = CallId(self.last_call.fetch_add(1, Ordering::Relaxed));
        self.shard_of(group_id)?.ask(group_id, missing, call, event(call))
    }

    /// Puts a question to a group and waits for the answer, however long that takes.
    async fn ask(
        &self,
        group_id: &str,
        missing: Missing,
        event: impl FnOnce(CallId) -> Event,
    ) -> Result<Answer, GroupError> {
        let answer = self.question(group_id, missing, event)?;
        answer.await.map_err(|_closed| GroupError::NotCoordinator)
    }

    /// The same for what only waits for the log: longer than a write may take, the caller is told to try again. The
    /// write may yet succeed.
    async fn ask_in_time(
        &self,
        group_id: &str,
        missing: Missing,
        event: impl FnOnce(CallId) -> Event,
    ) -> Result<Answer, GroupError> {
        self.in_time(self.question(group_id, missing, event)?).await
    }

    async fn in_time(&self, answer: oneshot::Receiver<Answer>) -> Result<Answer, GroupError> {
        match clock::timeout(self.config.write_timeout, answer).await {
            Ok(answer) => answer.map_err(|_closed| GroupError::NotCoordinator),
            Err(_elapsed) => Err(GroupError::CoordinatorNotAvailable),
        }
    }

    fn ring(&self, alarm: &Alarm) {
        match alarm {
            Alarm::Group(partition, group_id) => {
                let shard = self.shards.read().get(partition).cloned();
                if let Some(shard) = shard {
                    shard.tick(group_id);
                }
            }
            Alarm::Retention => {
                for shard in self.all_shards() {
                    shard.expire_offsets();
                }
                self.alarms.set(
                    Alarm::Retention,
                    None,
                    clock::now() + self.config.offsets_retention_check_interval,
                );
            }
        }
    }
}

impl Drop for Coordinator {
    fn drop(&mut self) {
        for shard in self.shards.get_mut().values() {
            shard.close();
        }
        if let Some(clockwork) = self.clockwork.get_mut() {
            clockwork.abort();
        }
    }
}

async fn run_alarms(coordinator: Weak<Coordinator>, alarms: Arc<Alarms>) {
    loop {
        let alarm = alarms.next().await;
        let Some(coordinator) = coordinator.upgrade() else {
            return;
        };
        coordinator.ring(&alarm);
    }
}

fn partition_of(group_id: &str, partitions: i32) -> PartitionIndex {
    // The one hash that has no absolute value counts as 0, as in Kafka.
    PartitionIndex(java_hash(group_id).checked_abs().unwrap_or(0) % partitions.max(1))
}

/// Java's hash of a string: over its UTF-16 units.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16()
        .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}
