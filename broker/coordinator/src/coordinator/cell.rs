//! A group with its lock and those who wait for it.

use std::collections::BTreeMap;

use corvid_env::clock::Instant;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::group::{Answer, CallId, Group};

/// A group in a shard.
pub(super) struct Cell {
    pub id: String,
    pub inner: Mutex<Inner>,
}

/// What the lock of a group guards.
pub(super) struct Inner {
    pub group: Group,
    /// Those who wait. That one has gone away does no harm: its answer is dropped.
    pub calls: BTreeMap<CallId, oneshot::Sender<Answer>>,
    /// When an alarm is set for the group: never later than its next deadline, and maybe sooner, because members put
    /// their deadlines off with every heartbeat.
    pub armed: Option<Instant>,
    /// The shard no longer has this cell; who holds it must look again.
    pub removed: bool,
}

impl Cell {
    pub fn new(id: String, group: Group) -> Self {
        Self {
            id,
            inner: Mutex::new(Inner {
                group,
                calls: BTreeMap::new(),
                armed: None,
                removed: false,
            }),
        }
    }
}

impl Inner {
    pub fn answer(&mut self, call: CallId, answer: Answer) {
        if let Some(waiter) = self.calls.remove(&call) {
            let _gone = waiter.send(answer);
        }
    }
}
