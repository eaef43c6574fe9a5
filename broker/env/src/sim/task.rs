//! Threads are tasks, and nothing is offloaded: one thread runs the whole world.
//!
//! All tasks are local ones. When a host dies, a runtime drops its own tasks in an order that depends on how many were
//! ever spawned in the process; local ones are dropped in the order in which they were spawned, in each run.

use std::future::Future;

use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_local};

pub(crate) fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    spawn_local(future)
}

pub(crate) fn spawn_thread<F, Fut>(_name: &'static str, make: F) -> impl Future<Output = bool> + Send
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let (returned, ended) = oneshot::channel();
    drop(spawn_local(async move {
        make().await;
        // The receiver may be gone: then nobody waits for this thread.
        let _ = returned.send(());
    }));
    async move { ended.await.is_ok() }
}

#[expect(clippy::unused_async, reason = "the real one waits for another thread")]
pub(crate) async fn offload<R, F>(work: F) -> R
where
    F: FnOnce() -> R,
{
    work()
}
