//! Turmoil's clock.

use std::time::Duration;

/// Zero outside a host's turn: checks between the steps of a run have no clock.
pub(crate) fn wall_clock_ms() -> i64 {
    turmoil::since_epoch().unwrap_or_default().as_millis() as i64
}

/// Nothing takes CPU time in simulation: time passes between the steps only.
pub(crate) fn thread_cpu_time() -> Duration {
    Duration::ZERO
}
