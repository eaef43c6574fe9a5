//! What the harness tells a node.

use super::state;

pub(crate) async fn terminate() {
    state::current().terminate.notified().await;
}

pub(crate) async fn hangup() {
    state::current().hangup.notified().await;
}
