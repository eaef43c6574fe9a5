//! Time: a monotonic clock for waiting, a wall clock for what is written down.

use std::fmt;
use std::future::Future;
use std::time::Duration;

pub use tokio::time::error::Elapsed;

/// A point on the monotonic clock; in simulation, on the simulated host's clock.
pub type Instant = tokio::time::Instant;

/// Wall-clock time in milliseconds since the Unix epoch, as Kafka's timestamps count it.
///
/// It can jump in both directions: nothing may wait on it or measure a duration with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(pub i64);

impl fmt::Display for WallTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The monotonic clock, now.
pub fn now() -> Instant {
    Instant::now()
}

/// The wall clock, now.
pub fn wall_clock() -> WallTime {
    WallTime(crate::imp::clock::wall_clock_ms())
}

/// Waits for `duration`.
pub async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}

/// Waits until `deadline`; returns at once when that has passed.
pub async fn sleep_until(deadline: Instant) {
    tokio::time::sleep_until(deadline).await;
}

/// Runs `future` for at most `duration`, then drops it.
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    tokio::time::timeout(duration, future).await
}

/// Runs `future` until `deadline` at most, then drops it.
pub async fn timeout_at<F: Future>(deadline: Instant, future: F) -> Result<F::Output, Elapsed> {
    tokio::time::timeout_at(deadline, future).await
}

/// CPU time that the calling thread has used so far; always zero in simulation, where nobody's work takes time.
pub fn thread_cpu_time() -> Duration {
    crate::imp::clock::thread_cpu_time()
}
