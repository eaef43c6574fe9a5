//! One simulated machine: a name, a disk, signals, and whether it still lives.

use std::fmt;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc};

use super::disk::Disk;
use super::state;

/// Makes a future that stays on its host: see [`Host::spawn_local`].
pub(super) type LocalJob = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

pub(super) struct Host {
    pub(super) name: String,
    pub(super) terminate: Notify,
    pub(super) hangup: Notify,
    disk: Mutex<Disk>,
    /// It killed itself at a fail-point: until its power is cut, nothing it does has an effect.
    dead: AtomicBool,
    /// How far its wall clock is from the right time.
    clock_offset_ms: AtomicI64,
    local_jobs: Mutex<Option<mpsc::UnboundedSender<LocalJob>>>,
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
            local_jobs: Mutex::new(None),
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

    /// Runs a job on the host's thread, from any of its tasks: those on the runtime itself may not start local ones.
    pub(super) fn spawn_local(&self, job: LocalJob) {
        let jobs = self.local_jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let jobs = jobs
            .as_ref()
            .expect("a task that asks for a thread runs on a host that was started");
        // The receiver is gone when the host's software has returned: then the process has ended, threads and all.
        let _ = jobs.send(job);
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({})", self.name)
    }
}

pub(super) async fn run<F: Future>(name: &str, software: F) -> F::Output {
    let host = state::host(name);
    let (send, mut local_jobs) = mpsc::unbounded_channel::<LocalJob>();
    *host.local_jobs.lock().unwrap_or_else(PoisonError::into_inner) = Some(send);
    state::settle(&host);

    let mut software = pin!(software);
    loop {
        tokio::select! {
            biased;
            // What a dead host's software makes of its errors happens to nobody.
            result = &mut software => return if host.is_dead() { pending().await } else { result },
            Some(job) = local_jobs.recv() => drop(tokio::task::spawn_local(job())),
        }
    }
}
