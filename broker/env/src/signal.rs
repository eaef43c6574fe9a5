//! What an operator tells the process by signals; in simulation, what the harness tells the node.

/// Waits until the process is asked to stop (SIGTERM or SIGINT).
///
/// Call it again, after the first, to wait for the second request.
pub async fn terminate() {
    crate::imp::signal::terminate().await;
}

/// Waits until the process is asked to read its configuration again (SIGHUP).
pub async fn hangup() {
    crate::imp::signal::hangup().await;
}
