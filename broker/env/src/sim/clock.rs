//! Turmoil's clock, and how far a host's own is from it.

use std::time::Duration;

use super::state;

/// Zero outside a host's turn: checks between the steps of a run have no clock.
pub(crate) fn wall_clock_ms() -> i64 {
    let offset = state::try_current().map_or(0, |host| host.clock_offset_ms());
    turmoil::since_epoch().unwrap_or_default().as_millis() as i64 + offset
}

/// Nothing takes CPU time in simulation: time passes between the steps only.
pub(crate) fn thread_cpu_time() -> Duration {
    Duration::ZERO
}
