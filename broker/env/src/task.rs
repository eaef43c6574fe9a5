//! Tasks and threads.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

/// A handle to a spawned task; dropping it lets the task go on.
pub type JoinHandle<T> = tokio::task::JoinHandle<T>;

/// Starts `future` on the current runtime. `name` is for people: logs and the trace.
pub fn spawn<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tracing::trace!(task = name, "spawn");
    crate::imp::task::spawn(future)
}

/// Starts a thread of its own that builds a future with `make` and runs it to its end.
///
/// For work that blocks ([`crate::fs::File::sync_data`]) or that must not wait behind other work (the
/// metadata quorum). The thread has a single-threaded runtime, so timers, sockets and [`spawn`] work on it;
/// its future need not be `Send`. In simulation it is a task on the host's runtime.
pub fn spawn_thread<F, Fut>(name: &'static str, make: F) -> ThreadHandle
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = ()> + 'static,
{
    ThreadHandle {
        name,
        ended: Mutex::new(Box::pin(crate::imp::task::spawn_thread(name, make))),
    }
}

/// Runs `work`, which may block or compute for long, off the runtime's threads, and waits for its result.
/// In simulation it runs where it is.
///
/// # Panics
///
/// When `work` panics: its panic goes on in the caller.
pub async fn offload<R, F>(work: F) -> R
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    crate::imp::task::offload(work).await
}

/// Builds the process's main runtime with `workers` threads and runs `main` on it to its end.
///
/// Of the real world only: in simulation the harness owns the runtime.
#[cfg(not(corvid_sim))]
pub fn run_main<F: Future>(workers: usize, main: F) -> std::io::Result<F::Output> {
    crate::imp::task::run_main(workers, main)
}

/// A thread started by [`spawn_thread`]; dropping it lets the thread go on.
#[must_use = "a thread that nobody joins can fail unseen; say `drop(handle)` when that is meant"]
pub struct ThreadHandle {
    name: &'static str,
    /// Locked by nobody: so the handle may lie in what threads share.
    ended: Mutex<Pin<Box<dyn Future<Output = bool> + Send>>>,
}

impl ThreadHandle {
    /// Waits until the thread has ended.
    pub async fn join(self) -> Result<(), Panicked> {
        let ended = self.ended.into_inner().unwrap_or_else(PoisonError::into_inner);
        if ended.await {
            Ok(())
        } else {
            Err(Panicked { name: self.name })
        }
    }
}

impl fmt::Debug for ThreadHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ThreadHandle({})", self.name)
    }
}

/// A thread ended by a panic rather than by returning.
#[derive(Debug, thiserror::Error)]
#[error("the thread `{name}` panicked")]
pub struct Panicked {
    /// The name that the thread was started with.
    pub name: &'static str,
}

#[cfg(test)]
#[cfg(not(corvid_sim))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_has_a_runtime_of_its_own_and_can_be_joined() {
        let (tell, told) = tokio::sync::oneshot::channel();
        let handle = spawn_thread("test-thread", || async move {
            let inner = spawn("inner", async { std::thread::current().id() });
            tell.send((std::thread::current().id(), inner.await.unwrap())).unwrap();
        });
        handle.join().await.unwrap();
        let (thread, inner) = told.await.unwrap();
        assert_eq!(thread, inner);
        assert_ne!(thread, std::thread::current().id());
    }

    #[tokio::test]
    async fn a_thread_that_panics_is_reported_by_name() {
        let handle = spawn_thread("test-panic", || async { panic!("on purpose") });
        assert_eq!(handle.join().await.unwrap_err().name, "test-panic");
    }

    #[tokio::test]
    async fn offloaded_work_leaves_the_runtime_thread() {
        let here = std::thread::current().id();
        let there = offload(|| std::thread::current().id()).await;
        assert_ne!(here, there);
    }
}
