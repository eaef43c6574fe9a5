//! A deadline that costs nothing while it moves forward.
//!
//! Every frame moves its connection's deadline. A timer of its own for each would cost more than
//! reading a small frame, so one timer stays armed at an earlier time; when it fires early, it is
//! armed again.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use corvid_env::clock::{self, Instant};

/// One timer, for one future at a time.
#[derive(Default)]
pub(super) struct Deadline {
    timer: Option<Timer>,
}

struct Timer {
    at: Instant,
    sleep: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
}

impl Deadline {
    /// What `work` comes to, or none when it hasn't by `at`. Work that is ready wins.
    pub async fn run<F: Future>(&mut self, at: Instant, work: F) -> Option<F::Output> {
        let mut work = pin!(work);
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => self.poll_passed(at, context).map(|()| None),
        })
        .await
    }

    fn poll_passed(&mut self, at: Instant, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let timer = match &mut self.timer {
                Some(timer) if timer.at <= at => timer,
                Some(_) | None => self.timer.insert(Timer {
                    at,
                    sleep: Box::pin(clock::sleep_until(at)),
                }),
            };
            if timer.sleep.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            let was_early = timer.at < at;
            self.timer = None;
            if !was_early {
                return Poll::Ready(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn fires_at_the_time_of_the_call_wherever_the_timer_stands() {
        let mut deadline = Deadline::default();
        let start = clock::now();
        for seconds in [10, 30, 31, 35] {
            let at = start + Duration::from_secs(seconds);
            assert_eq!(deadline.run(at, ready(seconds)).await, Some(seconds));
            assert_eq!(deadline.run(at, pending::<()>()).await, None);
            assert!(clock::now() >= at && clock::now() < at + Duration::from_millis(5));
        }
        let far = start + Duration::from_secs(1_000);
        let near = start + Duration::from_secs(40);
        assert!(
            deadline
                .run(far, clock::sleep(Duration::from_millis(1)))
                .await
                .is_some()
        );
        assert_eq!(deadline.run(near, pending::<()>()).await, None);
        assert!(clock::now() < near + Duration::from_millis(5));
    }
}
