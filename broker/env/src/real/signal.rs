//! Unix signals.

use tokio::signal::unix::{Signal, SignalKind, signal};

pub(crate) async fn terminate() {
    let mut terminate = listen(SignalKind::terminate());
    let mut interrupt = listen(SignalKind::interrupt());
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

pub(crate) async fn hangup() {
    listen(SignalKind::hangup()).recv().await;
}

fn listen(kind: SignalKind) -> Signal {
    signal(kind).expect("a handler can be set for a signal that is not reserved by the runtime")
}
