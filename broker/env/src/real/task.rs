//! Operating-system threads and the blocking pool.

use std::future::Future;
use std::io;

use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future)
}

/// Resolves to whether the thread ended by returning; a panic drops the sender.
pub(crate) fn spawn_thread<F, Fut>(name: &'static str, make: F) -> impl Future<Output = bool> + Send
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let (returned, ended) = oneshot::channel();
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build();
            runtime
                .expect("a runtime of one thread needs an epoll descriptor and nothing else")
                .block_on(make());
            // The receiver may be gone: then nobody waits for this thread.
            let _ = returned.send(());
        })
        .expect("the system gives the process its few threads at start");
    async move { ended.await.is_ok() }
}

pub(crate) async fn offload<R, F>(work: F) -> R
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is being shut down, and this task with it: it is dropped at this await.
        Err(_cancelled) => std::future::pending().await,
    }
}

pub(crate) fn run_main<F: Future>(workers: usize, main: F) -> io::Result<F::Output> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .thread_name("corvid")
        .enable_all()
        .build()?;
    Ok(runtime.block_on(main))
}
