//! A wall clock that can't be made to delete everything by one jump.

use std::time::Duration;

use corvid_env::clock::{Instant, WallTime};

/// The wall clock, checked against the monotonic one.
///
/// A jump backwards is harmless to retention: less is old. (Tombstones that are compacted meanwhile have their time from that clock, and
/// go as much earlier.) One forwards makes everything old at once, so it is believed only after it has lasted. A clock that is wrong
/// from the start can't be told from a right one.
#[derive(Debug)]
pub struct TrustedClock {
    /// A jump forwards by more than this is not believed at once …
    jump_max: Duration,
    /// … but when it has lasted for so long.
    believed_after: Duration,
    /// Both clocks when the wall clock was believed last.
    last: Option<(WallTime, Instant)>,
    /// When it was first found to have jumped.
    doubted_since: Option<Instant>,
}

impl TrustedClock {
    /// A clock that takes a jump forwards by up to `jump_max`, and a larger one that has lasted for `believed_after`.
    pub fn new(jump_max: Duration, believed_after: Duration) -> Self {
        Self {
            jump_max,
            believed_after,
            last: None,
            doubted_since: None,
        }
    }

    /// The time to go by, when the wall clock says `wall`.
    pub fn believe(&mut self, wall: WallTime, now: Instant) -> WallTime {
        let Some((last, at)) = self.last else {
            self.last = Some((wall, now));
            return wall;
        };
        let expected = WallTime(last.0 + (now - at).as_millis() as i64);
        if wall.0 - expected.0 <= self.jump_max.as_millis() as i64 {
            (self.last, self.doubted_since) = (Some((wall, now)), None);
            return wall;
        }
        let since = *self.doubted_since.get_or_insert_with(|| {
            tracing::error!(
                wall = wall.0,
                expected = expected.0,
                "the wall clock jumped forwards; it is not believed yet"
            );
            now
        });
        if now - since >= self.believed_after {
            (self.last, self.doubted_since) = (Some((wall, now)), None);
            return wall;
        }
        expected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    fn clock() -> TrustedClock {
        TrustedClock::new(Duration::from_hours(1), Duration::from_hours(1))
    }

    /// The bug: a clock set forward by a year deletes every segment at the next look.
    #[test]
    fn a_jump_forwards_is_believed_only_after_it_has_lasted() {
        let (mut clock, start) = (clock(), Instant::now());
        let after = |minutes: u64| start + Duration::from_secs(minutes * 60);
        assert_eq!(clock.believe(WallTime(0), after(0)), WallTime(0));
        let jumped = |minutes: i64| WallTime(1_000 * HOUR_MS + minutes * 60_000);
        assert_eq!(clock.believe(jumped(5), after(5)), WallTime(5 * 60_000));
        assert_eq!(clock.believe(jumped(60), after(60)), WallTime(60 * 60_000));
        assert_eq!(clock.believe(jumped(70), after(70)), jumped(70));
    }

    #[test]
    fn jumps_backwards_and_small_ones_are_followed() {
        let (mut clock, start) = (clock(), Instant::now());
        clock.believe(WallTime(10 * HOUR_MS), start);
        assert_eq!(clock.believe(WallTime(2 * HOUR_MS), start), WallTime(2 * HOUR_MS));
        assert_eq!(clock.believe(WallTime(3 * HOUR_MS), start), WallTime(3 * HOUR_MS));
    }
}
