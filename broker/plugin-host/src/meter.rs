//! How long a call has taken and how long it may take, in CPU time of its thread: a machine that is busy
//! with something else must not turn good records away.
//!
//! Asking for the thread's CPU time is a system call, dearer than many a hook. So a short call is timed by the
//! monotonic clock, and asks for its CPU time only once the ticker has interrupted it.
//! In simulation time stands still while code runs: there a call is given fuel, a unit a nanosecond.

use std::time::Duration;

use corvid_env::SIMULATED;
use corvid_env::clock::{self, Instant};
use wasmtime::UpdateDeadline;

use crate::ticker::TICK;

/// What a call's time is measured with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Metering {
    /// Epochs moved on by the ticker; CPU time.
    Epochs,
    /// Instructions: the same on every machine and in every run.
    Fuel,
}

impl Metering {
    /// What this build uses.
    pub(crate) fn of_this_build() -> Self {
        if SIMULATED { Self::Fuel } else { Self::Epochs }
    }
}

/// What a call may use, and how closely it is watched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// CPU time.
    pub time: Duration,
    /// Whether the CPU time is taken from the call's start on, at the price of two system calls.
    pub exact: bool,
}

/// A call's stopwatch, under `Metering::Epochs`.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    allowance: Allowance,
    began: Instant,
    /// The thread's CPU time at the start or, when that was not asked for, at the first tick.
    cpu: Option<Duration>,
    /// Time on the clock from the start until `cpu`.
    before: Duration,
}

impl Stopwatch {
    pub(crate) fn start(allowance: Allowance) -> Self {
        Self {
            allowance,
            began: clock::now(),
            cpu: allowance.exact.then(clock::thread_cpu_time),
            before: Duration::ZERO,
        }
    }

    /// Between two ticks of the epoch: whether the call may go on. What it used before the first tick, if
    /// that was not measured, is not held against it.
    pub(crate) fn tick(&mut self) -> UpdateDeadline {
        let now = clock::thread_cpu_time();
        let before = &mut self.before;
        let since = self.cpu.get_or_insert_with(|| {
            // Without the machine's other work this is at most a tick.
            *before = self.began.elapsed().min(TICK);
            now
        });
        if now.saturating_sub(*since) >= self.allowance.time {
            UpdateDeadline::Interrupt
        } else {
            UpdateDeadline::Continue(1)
        }
    }

    /// The time used so far.
    pub(crate) fn spent(&self) -> Spent {
        let time = match self.cpu {
            Some(since) => self.before + clock::thread_cpu_time().saturating_sub(since),
            None => self.began.elapsed(),
        };
        Spent {
            time,
            exact: self.allowance.exact,
        }
    }
}

/// The time that a call took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    pub time: Duration,
    /// Whether all of it is CPU time, or fuel; else some was read off the clock.
    pub exact: bool,
}

/// The fuel for `time`.
pub(crate) fn fuel(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
