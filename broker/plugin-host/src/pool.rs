//! Places on the threads that slow calls are made on: shared by all plugins of a host, and taken in turns.
//!
//! A plugin never has all places, so that one that is slow leaves one to the others; and it gives its place back between two
//! calls, as soon as it has had it for a while and somebody waits. Both queues are first come, first served.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use corvid_env::{clock, task};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a turn lasts, while others wait: a call of a slow plugin may take longer.
const TURN: Duration = Duration::from_millis(5);

/// A plugin's way to the places.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    /// Those that this plugin may have at once; taken first, so that few of its turns wait where others do.
    own: Arc<Semaphore>,
    /// All that there are.
    places: Arc<Semaphore>,
}

/// A place, for a while. It is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Turn {
    pool: Pool,
    begun: clock::Instant,
    _own: OwnedSemaphorePermit,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool of so many places.
    pub(crate) fn new(places: usize) -> Self {
        Self::of(Arc::new(Semaphore::new(places)), places)
    }

    /// The same places for another plugin. `places` is how many there are.
    pub(crate) fn for_another(&self, places: usize) -> Self {
        Self::of(self.places.clone(), places)
    }

    fn of(all: Arc<Semaphore>, places: usize) -> Self {
        Self {
            own: Arc::new(Semaphore::new(places.saturating_sub(1).max(1))),
            places: all,
        }
    }

    /// A place, as soon as it is this one's turn. Who waits must be polled: see [`watched`].
    pub(crate) async fn turn(&self) -> Turn {
        let own = self.own.clone().acquire_owned().await;
        let own = own.expect("the semaphore is never closed");
        let place = self.places.clone().acquire_owned().await;
        Turn {
            pool: self.clone(),
            begun: clock::now(),
            _own: own,
            _place: place.expect("the semaphore is never closed"),
        }
    }
}

impl Turn {
    /// Whether somebody else is to have the place now.
    pub(crate) fn is_over(&self) -> bool {
        let wanted = self.pool.own.available_permits() == 0 || self.pool.places.available_permits() == 0;
        wanted && clock::now().saturating_duration_since(self.begun) >= TURN
    }
}

/// Does `work` as a task of its own, which goes on whether or not this is polled, and ends when this is dropped: a place that is
/// given to who does not take it is nobody's.
///
/// A panic of `work` goes on here.
pub(crate) async fn watched<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let mut task = EndsWithThis(task::spawn("plugin", work));
    match (&mut task.0).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        // The runtime is being shut down, and this with it.
        Err(_cancelled) => std::future::pending().await,
    }
}

struct EndsWithThis<T>(task::JoinHandle<T>);

impl<T> Drop for EndsWithThis<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use super::*;

    fn poll<F: Future>(future: Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    /// The bug: one plugin's calls have all the places, or come before those of another that has waited longer.
    #[tokio::test]
    async fn a_plugin_leaves_a_place_to_others() {
        for places in [1, 2, 3] {
            let slow = Pool::new(places);
            let other = slow.for_another(places);
            let mut turns = Vec::new();
            let mut queue: Vec<_> = (0..20).map(|_| Box::pin(slow.turn())).collect();
            for next in &mut queue {
                turns.extend(poll(next.as_mut()));
            }
            assert_eq!(turns.len(), places.saturating_sub(1).max(1));
            let mut others = Box::pin(other.turn());
            if places == 1 {
                assert!(poll(others.as_mut()).is_none());
                drop(turns);
                assert!(queue[1..].iter_mut().all(|next| poll(next.as_mut()).is_none()));
            }
            assert!(poll(others.as_mut()).is_some());
        }
    }

    /// The bug: a place that was given to who is never asked again is nobody's; or work goes on for a client that is gone.
    #[tokio::test]
    async fn work_that_nobody_waits_for_ends() {
        let pool = Pool::new(1);
        let turn = pool.turn().await;
        let started = pool.clone();
        let mut work = Box::pin(watched(async move { started.turn().await }));
        assert!(poll(work.as_mut()).is_none());
        tokio::task::yield_now().await;
        drop(work);
        drop(turn);
        tokio::task::yield_now().await;
        drop(pool.turn().await);
    }
}
