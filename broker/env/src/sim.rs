//! The simulated machine: hosts with disks of their own, on turmoil's clock and network.
//!
//! One run lives on one operating-system thread, from [`begin`] to [`take_trace`], so a test binary may run several
//! at a time. `tests/sim` wraps these handles and turmoil's together into a `World`; nothing else uses them.
//!
//! What makes a run repeatable: all hosts share one thread; time is turmoil's; every random number comes from the
//! generator that [`begin`] seeds; the disk is ours, ordered, and in memory.
//!
//! The disk is a model of its own and not turmoil's, which keys files by path: there, a renamed or removed file is
//! lost to whoever has it open, and a renamed directory loses what is in it. See [`Survival`] for what a
//! power cut leaves, and the head of `sim/disk.rs` for the fault model.

pub(crate) mod clock;
pub(crate) mod dir;
mod disk;
pub(crate) mod fail_points;
pub(crate) mod file;
mod host;
pub(crate) mod mapping;
pub(crate) mod net;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod signal;
mod state;
pub(crate) mod task;
pub(crate) mod trace;

use std::future::Future;

pub use disk::Survival;

/// Starts a run on this thread: forgets all hosts, disks, fail-points and the trace of the last one.
pub fn begin(seed: u64) {
    state::begin(seed);
    crate::fault::arm("").expect("nothing to arm is nothing to misread");
}

/// What a turmoil host runs: `software`, with the disk and the signals of the host called `name`. The disk outlives it.
pub async fn run_host<F: Future>(name: &str, software: F) -> F::Output {
    host::run(name, software).await
}

/// Takes the power from a host that no longer runs: its disk keeps what was synced and what `survival` grants.
pub fn power_cut(name: &str, survival: Survival) {
    let host = state::host(name);
    host.disk().power_cut(survival);
    host.lie_down();
    trace::append("power_cut", name, &[]);
}

/// The hosts that have killed themselves at a fail-point and wait for their power to be cut, by name.
pub fn condemned() -> Vec<String> {
    state::condemned()
}

/// Runs `inspect` with the files of a host, as if on it: for checks before, between and after its lives.
pub fn on_host<R>(name: &str, inspect: impl FnOnce() -> R) -> R {
    state::on_host(name, inspect)
}

/// Limits a host's disk to `bytes`, beyond which writes fail as on a full disk.
pub fn set_disk_capacity(name: &str, bytes: u64) {
    state::host(name).disk().set_capacity(bytes);
}

/// Sets a host's wall clock so many milliseconds ahead of the right time, or behind it; its monotonic clock doesn't notice.
pub fn set_clock(name: &str, offset_ms: i64) {
    state::host(name).set_clock_offset_ms(offset_ms);
    trace::append("set_clock", name, &offset_ms.to_be_bytes());
}

/// Asks a host's node to stop, as SIGTERM does.
pub fn terminate(name: &str) {
    state::host(name).terminate.notify_one();
}

/// Asks a host's node to read its configuration again, as SIGHUP does.
pub fn hangup(name: &str) {
    state::host(name).hangup.notify_one();
}

/// The run's trace so far, which starts anew.
pub fn take_trace() -> Vec<u8> {
    state::take_trace()
}
