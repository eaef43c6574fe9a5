//! Threads are tasks, and nothing is offloaded: one thread runs the whole world.

use std::future::Future;

use tokio::sync::oneshot;

use super::state;

pub(crate) fn spawn_thread<F, Fut>(_name: &'static str, make: F) -> impl Future<Output = bool> + Send
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let (returned, ended) = oneshot::channel();
    let run = move || async move {
        make().await;
        // The receiver may be gone: then nobody waits for this thread.
        let _ = returned.send(());
    };
    state::current().spawn_local(Box::new(move || Box::pin(run())));
    async move { ended.await.is_ok() }
}

#[expect(clippy::unused_async, reason = "the real one waits for another thread")]
pub(crate) async fn offload<R, F>(work: F) -> R
where
    F: FnOnce() -> R,
{
    work()
}
