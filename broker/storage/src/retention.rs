//! Which segments have to go: a decision, taken without a disk.

mod trusted_clock;

use corvid_env::clock::WallTime;
use corvid_record::Offset;

pub use trusted_clock::TrustedClock;

use crate::config::LogConfig;

/// What retention goes by, of one sealed segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    /// Where the next segment begins.
    pub end: Offset,
    pub bytes: u64,
    /// The newest time in it.
    pub newest_at: WallTime,
    /// Whether the next segment begins with a link checkpoint that is committed.
    pub checkpoint_behind: bool,
}

/// What is known of the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Situation {
    pub now: WallTime,
    /// Nothing at or above may go: it is needed by links, or not committed.
    pub not_beyond: Offset,
    /// Nothing below is shown to clients.
    pub visible_start: Offset,
    /// Bytes of the whole log.
    pub log_bytes: u64,
    /// The log has links, whose positions must stay in it.
    pub has_links: bool,
}

/// How many of the oldest segments go. `next` gives the segments, oldest first, as far as they are asked for.
pub(crate) fn how_many_go(config: &LogConfig, situation: &Situation, next: impl Iterator<Item = Candidate>) -> usize {
    let mut left = situation.log_bytes;
    let mut wanted = 0;
    let mut allowed = 0;
    for (index, segment) in next.enumerate() {
        if segment.end > situation.not_beyond || !is_due(config, situation, &segment, left) {
            break;
        }
        left -= segment.bytes;
        wanted = index + 1;
        // The log must not begin behind a link's position unless a later checkpoint has it, committed.
        if !situation.has_links || segment.checkpoint_behind {
            allowed = wanted;
        }
    }
    debug_assert!(allowed <= wanted);
    allowed
}

fn is_due(config: &LogConfig, situation: &Situation, segment: &Candidate, log_bytes: u64) -> bool {
    if segment.end <= situation.visible_start {
        return true;
    }
    if !config.cleanup.deletes() {
        return false;
    }
    let too_large = config
        .retention_bytes
        .is_some_and(|limit| log_bytes - segment.bytes >= limit);
    too_large
        || config
            .retention_ms
            .is_some_and(|limit| is_old(segment, situation.now, limit))
}

/// Whether all of a segment is older than `limit_ms`.
pub(crate) fn is_old(segment: &Candidate, now: WallTime, limit_ms: i64) -> bool {
    now.0.saturating_sub(segment.newest_at.0) > limit_ms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Cleanup;

    /// Segments of 100 bytes and 10 offsets, with newest timestamps 1000, 2000, …
    fn segments(count: i64) -> Vec<Candidate> {
        (1..=count)
            .map(|number| Candidate {
                end: Offset(number * 10),
                bytes: 100,
                newest_at: WallTime(number * 1000),
                checkpoint_behind: false,
            })
            .collect()
    }

    fn situation() -> Situation {
        Situation {
            now: WallTime(0),
            not_beyond: Offset(i64::MAX),
            visible_start: Offset(0),
            log_bytes: 550,
            has_links: false,
        }
    }

    fn config(retention_ms: Option<i64>, retention_bytes: Option<u64>) -> LogConfig {
        LogConfig {
            retention_ms,
            retention_bytes,
            ..LogConfig::default()
        }
    }

    fn go(config: &LogConfig, situation: &Situation) -> usize {
        how_many_go(config, situation, segments(5).into_iter())
    }

    #[test]
    fn by_time_by_size_and_by_the_visible_start() {
        assert_eq!(
            go(
                &config(Some(500), None),
                &Situation {
                    now: WallTime(3501),
                    ..situation()
                }
            ),
            3
        );
        assert_eq!(
            go(
                &config(Some(500), None),
                &Situation {
                    now: WallTime(i64::MIN),
                    ..situation()
                }
            ),
            0
        );
        // As Kafka: a segment goes as long as what is left is still at or above the limit.
        assert_eq!(go(&config(None, Some(300)), &situation()), 2);
        assert_eq!(
            go(
                &config(None, None),
                &Situation {
                    visible_start: Offset(25),
                    ..situation()
                }
            ),
            2
        );
        assert_eq!(go(&config(None, None), &situation()), 0);
    }

    /// The bug: retention deletes what a link has not taken yet, or what is not committed.
    #[test]
    fn nothing_goes_beyond_what_is_still_needed() {
        let all_old = Situation {
            now: WallTime(1 << 40),
            not_beyond: Offset(29),
            ..situation()
        };
        assert_eq!(go(&config(Some(1), None), &all_old), 2);
    }

    /// The bug: the log start passes a link's last stamp, and a replica built from there takes its entries twice.
    #[test]
    fn with_links_the_log_begins_at_a_committed_checkpoint() {
        let situation = Situation {
            now: WallTime(1 << 40),
            has_links: true,
            ..situation()
        };
        let mut segments = segments(5);
        assert_eq!(
            how_many_go(&config(Some(1), None), &situation, segments.iter().copied()),
            0
        );
        segments[2].checkpoint_behind = true;
        assert_eq!(
            how_many_go(&config(Some(1), None), &situation, segments.iter().copied()),
            3
        );
    }

    #[test]
    fn a_compacted_log_keeps_its_age() {
        let config = LogConfig {
            cleanup: Cleanup::Compact,
            ..config(Some(1), Some(1))
        };
        assert_eq!(
            go(
                &config,
                &Situation {
                    now: WallTime(1 << 40),
                    ..situation()
                }
            ),
            0
        );
    }

    #[test]
    fn a_log_that_is_also_deleted_does_not() {
        let config = LogConfig {
            cleanup: Cleanup::CompactAndDelete,
            ..config(Some(1), None)
        };
        let later = Situation {
            now: WallTime(1 << 40),
            ..situation()
        };
        assert_eq!(go(&config, &later), 5);
    }
}
