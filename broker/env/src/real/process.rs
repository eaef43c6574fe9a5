//! Ending the process as a crash would.

use rustix::process::{Signal, getpid, kill_process};

/// Sends SIGKILL to this very process: no destructor runs, nothing is flushed.
pub(crate) fn kill() {
    let sent = kill_process(getpid(), Signal::KILL);
    // The signal ends the process before the call returns; abort is for a kernel that refused to send it.
    tracing::error!(?sent, "SIGKILL to the own process did not end it");
    std::process::abort();
}
