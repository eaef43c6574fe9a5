//! The heartbeat that lets a call notice that its time is over.
//!
//! Compiled code looks at the engine's epoch on every loop and call; the ticker moves the epoch on, and the
//! call then asks for its CPU time (see `meter`). The ticker's thread runs while calls are made and sleeps
//! without a timer when there was none for a tick: idle means idle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use corvid_env::{clock, task};
use tokio::sync::Notify;
use wasmtime::Engine;

/// How often a call looks at its CPU time: a deadline is late by at most two of these. Long enough that
/// the wake-ups cost nothing, even when one plugin or another is called all the time.
pub(crate) const TICK: Duration = Duration::from_millis(4);

/// Starts the heartbeat and tells it of calls.
pub(crate) struct Ticker {
    shared: Arc<Shared>,
    started: AtomicBool,
}

struct Shared {
    engine: Engine,
    /// Calls begun and ended since the start. What is between them is in flight.
    begun: AtomicU64,
    ended: AtomicU64,
    /// Whether the thread waits for `wake`.
    parked: AtomicBool,
    stopped: AtomicBool,
    wake: Notify,
}

/// A call in flight.
pub(crate) struct InFlight<'a>(&'a Shared);

impl Ticker {
    pub(crate) fn new(engine: Engine) -> Self {
        let shared = Shared {
            engine,
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            parked: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            wake: Notify::new(),
        };
        Self {
            shared: Arc::new(shared),
            started: AtomicBool::new(false),
        }
    }

    /// Starts the thread, which then waits for a call.
    pub(crate) fn start(&self) {
        if !self.started.swap(true, Ordering::Relaxed) {
            let shared = self.shared.clone();
            drop(task::spawn_thread("plugin-ticker", move || async move {
                shared.tick().await;
            }));
        }
    }

    /// Whether the thread waits for a call, without a timer.
    #[cfg(test)]
    pub(crate) fn is_parked(&self) -> bool {
        self.shared.parked.load(Ordering::SeqCst)
    }

    /// Keeps the heartbeat going as long as the answer lives.
    pub(crate) fn call(&self) -> InFlight<'_> {
        let shared = &*self.shared;
        // Ordered against the ticker's store to `parked` and its second look at `begun`: one of the two
        // sees the other, so no call runs without a heartbeat.
        shared.begun.fetch_add(1, Ordering::SeqCst);
        if shared.parked.load(Ordering::SeqCst) {
            shared.wake.notify_one();
        }
        InFlight(shared)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        self.shared.wake.notify_one();
    }
}

impl Shared {
    async fn tick(&self) {
        let mut seen = 0;
        while !self.stopped.load(Ordering::SeqCst) {
            let begun = self.begun.load(Ordering::SeqCst);
            if begun == seen && self.ended.load(Ordering::SeqCst) == begun {
                self.park(begun).await;
                continue;
            }
            seen = begun;
            clock::sleep(TICK).await;
            self.engine.increment_epoch();
        }
    }

    /// Waits for a call after the first `begun`.
    async fn park(&self, begun: u64) {
        self.parked.store(true, Ordering::SeqCst);
        if self.begun.load(Ordering::SeqCst) == begun && !self.stopped.load(Ordering::SeqCst) {
            self.wake.notified().await;
        }
        self.parked.store(false, Ordering::SeqCst);
    }
}
