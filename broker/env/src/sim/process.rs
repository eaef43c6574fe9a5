//! The end of a host.

use super::state;

/// The host is dead from now on: its writes fail, its sends go nowhere, and the harness cuts its power.
pub(crate) fn kill() {
    crate::trace::note("kill", &[]);
    state::current().die();
}
