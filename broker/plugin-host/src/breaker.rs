//! Stops calling a plugin that only fails, and tries it again after a pause.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use corvid_env::clock::Instant;
use parking_lot::Mutex;

use crate::stats::BreakerState;

/// So many failures in a row open the breaker.
const FAILURES_MAX: u32 = 10;
/// How long it is open the first time; every time that the trial fails, it is twice as long.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest that it is open.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// A breaker that threads share. While all is well it costs one relaxed load.
#[derive(Default)]
pub(crate) struct Switch {
    /// Whether `breaker` is anything but closed and without failures.
    troubled: AtomicBool,
    breaker: Mutex<Breaker>,
}

impl Switch {
    /// Whether the plugin may be called now.
    pub(crate) fn admit(&self, now: impl FnOnce() -> Instant) -> bool {
        !self.troubled.load(Ordering::Acquire) || self.breaker.lock().admit(now())
    }

    /// A call did its work.
    pub(crate) fn worked(&self) {
        if self.troubled.load(Ordering::Acquire) {
            let mut breaker = self.breaker.lock();
            breaker.worked();
            self.troubled.store(!breaker.is_calm(), Ordering::Release);
        }
    }

    /// A call failed. True when this has opened the breaker.
    pub(crate) fn failed(&self, now: Instant) -> bool {
        let mut breaker = self.breaker.lock();
        self.troubled.store(true, Ordering::Release);
        breaker.failed(now)
    }

    /// The state, and how often it opened.
    pub(crate) fn state(&self) -> (BreakerState, u64) {
        let breaker = self.breaker.lock();
        (breaker.state(), breaker.opened)
    }
}

/// The rules, without a clock.
#[derive(Debug, Default)]
struct Breaker {
    position: Position,
    pause: Duration,
    opened: u64,
}

#[derive(Debug, Clone, Copy)]
enum Position {
    /// Called; so many failures since the last success.
    Closed { failures: u32 },
    /// Not called before then.
    Open { until: Instant },
    /// One call is on its way. Should it never end (its caller may vanish), there is another then.
    HalfOpen { next: Instant },
}

impl Default for Position {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    fn admit(&mut self, now: Instant) -> bool {
        match self.position {
            Position::Closed { .. } => true,
            Position::Open { until: due } | Position::HalfOpen { next: due } if now >= due => {
                self.position = Position::HalfOpen { next: now + self.pause };
                true
            }
            Position::Open { .. } | Position::HalfOpen { .. } => false,
        }
    }

    /// A success while it is open belongs to a call from before and says nothing.
    fn worked(&mut self) {
        match self.position {
            Position::Closed { .. } | Position::HalfOpen { .. } => {
                self.position = Position::default();
            }
            Position::Open { .. } => {}
        }
    }

    fn failed(&mut self, now: Instant) -> bool {
        self.pause = match self.position {
            Position::Closed { failures } if failures + 1 < FAILURES_MAX => {
                self.position = Position::Closed { failures: failures + 1 };
                return false;
            }
            Position::Closed { .. } => PAUSE_MIN,
            Position::HalfOpen { .. } => (self.pause * 2).min(PAUSE_MAX),
            Position::Open { .. } => return false,
        };
        self.position = Position::Open {
            until: now + self.pause,
        };
        self.opened += 1;
        true
    }

    fn is_calm(&self) -> bool {
        matches!(self.position, Position::Closed { failures: 0 })
    }

    fn state(&self) -> BreakerState {
        match self.position {
            Position::Closed { .. } => BreakerState::Closed,
            Position::Open { .. } => BreakerState::Open,
            Position::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> Switch {
        let switch = Switch::default();
        for _ in 1..FAILURES_MAX {
            assert!(!switch.failed(now));
            assert!(switch.admit(|| now));
        }
        assert!(switch.failed(now));
        switch
    }

    /// The bug: a plugin that only fails is called for ever, or never again.
    #[test]
    fn opens_after_failures_in_a_row_and_closes_after_a_success() {
        let now = corvid_env::clock::now();
        let switch = opened(now);
        assert!(!switch.admit(|| now));
        let later = now + PAUSE_MIN;
        assert!(switch.admit(|| later), "one trial after the pause");
        assert!(!switch.admit(|| later), "and only one");
        assert_eq!(switch.state(), (BreakerState::HalfOpen, 1));
        switch.worked();
        assert!(switch.admit(|| later) && switch.admit(|| later));
        assert_eq!(switch.state(), (BreakerState::Closed, 1));
    }

    /// The bug: failures far apart, with successes between them, add up.
    #[test]
    fn a_success_forgets_the_failures_before_it() {
        let now = corvid_env::clock::now();
        let switch = Switch::default();
        for _ in 0..3 * FAILURES_MAX {
            assert!(!switch.failed(now));
            switch.worked();
        }
        assert_eq!(switch.state(), (BreakerState::Closed, 0));
    }

    /// The bug: a trial that fails lets everybody in, or the pause grows without end.
    #[test]
    fn a_failed_trial_opens_it_for_longer() {
        let mut now = corvid_env::clock::now();
        let switch = opened(now);
        let mut pause = PAUSE_MIN;
        for _ in 0..10 {
            assert!(!switch.admit(|| now + pause - Duration::from_millis(1)));
            now += pause;
            assert!(switch.admit(|| now));
            assert!(switch.failed(now));
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// The bug: a trial whose caller went away keeps the breaker half open for good.
    #[test]
    fn a_trial_that_never_ends_is_followed_by_another() {
        let now = corvid_env::clock::now();
        let switch = opened(now);
        assert!(switch.admit(|| now + PAUSE_MIN));
        assert!(switch.admit(|| now + 2 * PAUSE_MIN));
    }

    /// The bug: the late success of a call from before closes a breaker that has just opened.
    #[test]
    fn a_success_from_before_does_not_close_it() {
        let now = corvid_env::clock::now();
        let switch = opened(now);
        switch.worked();
        assert!(!switch.admit(|| now));
    }
}
