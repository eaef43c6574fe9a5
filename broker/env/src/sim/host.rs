//! One simulated machine: a name, a disk, signals, and whether it still lives.

use std::fmt;
use std::future::{Future, pending};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::disk::Disk;
use super::state;

pub(super) struct Host {
    pub(super) name: String,
    pub(super) terminate: Notify,
    pub(super) hangup: Notify,
    disk: Mutex<Disk>,
    /// It killed itself at a fail-point: until its power is cut, nothing it does has an effect.
    dead: AtomicBool,
    /// How far its wall clock is from the right time.
    clock_offset_ms: AtomicI64,
}

impl Host {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            terminate: Notify::new(),
            hangup: Notify::new(),
            disk: Mutex::new(Disk::new()),
            dead: AtomicBool::new(false),
            clock_offset_ms: AtomicI64::new(0),
        }
    }

    pub(super) fn disk(&self) -> MutexGuard<'_, Disk> {
        // One thread has it all: a poisoned lock means a test that fails anyway, and its message matters more.
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    pub(super) fn clock_offset_ms(&self) -> i64 {
        self.clock_offset_ms.load(Ordering::Relaxed)
    }

    pub(super) fn set_clock_offset_ms(&self, offset: i64) {
        self.clock_offset_ms.store(offset, Ordering::Relaxed);
    }

    /// It is off: its disk can be looked at, and it may be started again.
    pub(super) fn lie_down(&self) {
        self.dead.store(false, Ordering::Relaxed);
    }

    pub(super) fn die(&self) {
        self.dead.store(true, Ordering::Relaxed);
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({})", self.name)
    }
}

pub(super) async fn run<F: Future>(name: &str, software: F) -> F::Output {
    let host = state::host(name);
    state::settle(&host);
    let result = software.await;
    // What a dead host's software makes of its errors happens to nobody.
    if host.is_dead() { pending().await } else { result }
}
