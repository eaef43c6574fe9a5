//! Offsets by time.

use corvid_record::{LeaderEpoch, Offset, Timestamp};
use corvid_storage::Log;

use crate::support::*;

fn at(log: &Log, timestamp: i64, limit: i64) -> Option<(i64, i64)> {
    let found = log.offset_for_timestamp(Timestamp(timestamp), Offset(limit)).unwrap();
    found.map(|(offset, timestamp, _)| (offset.0, timestamp.0))
}

/// Timestamps 1000, 1001, 1002, 2000, …, by threes, with hidden batches of 7000 between; the batch of 9000 comes early.
fn fill(log: &Log) {
    for number in 1..=20 {
        let base = if number == 4 { 9_000 } else { number * 1_000 };
        append(log, plain(3, base)).unwrap();
        let mate = emptied(1);
        append_pair(log, entry_for(&mate, &plain(1, 0)), mate).unwrap();
    }
}

#[tokio::test]
async fn the_first_record_at_or_after_a_time_is_found_in_any_segment() {
    let world = World::new().await;
    for segment_bytes in [1_200, 1 << 20] {
        let log = world
            .directory
            .open_log(&format!("t-{segment_bytes}"), small_segments(segment_bytes))
            .unwrap();
        fill(&log);
        let end = log.end().0;
        assert_eq!(at(&log, 0, end), Some((0, 1_000)));
        assert_eq!(at(&log, 1_001, end), Some((1, 1_001)));
        assert_eq!(at(&log, 1_003, end), Some((5, 2_000)));
        // The fourth batch has later times than those behind it, and is the first that is late enough.
        assert_eq!(at(&log, 3_003, end), Some((15, 9_000)));
        assert_eq!(at(&log, 6_500, end), Some((15, 9_000)));
        assert_eq!(at(&log, 9_003, end), Some((45, 10_000)));
        assert_eq!(at(&log, 20_002, end), Some((97, 20_002)));
        assert_eq!(at(&log, 20_003, end), None);
        // The bug: an offset at or above the high watermark is told.
        assert_eq!(at(&log, 3_003, 15), None);
        assert_eq!(at(&log, 9_001, 16), None);
    }
}

/// The bug: the time of a hidden batch is told, and a client asks for an offset that it never gets.
#[tokio::test]
async fn the_largest_time_is_a_visible_records() {
    let world = World::new().await;
    let log = world.log_with(small_segments(1_200));
    assert_eq!(log.max_timestamp(Offset(0)).unwrap(), None);
    append(&log, plain(2, 1_000)).unwrap();
    let mate = emptied(1);
    append_pair(&log, entry_for(&mate, &plain(1, 0)), mate).unwrap();
    let largest = |log: &Log, limit: i64| log.max_timestamp(Offset(limit)).unwrap();
    assert_eq!(
        largest(&log, log.end().0),
        Some((Offset(1), Timestamp(1_001), LeaderEpoch(1)))
    );
    fill(&log);
    let end = log.end().0;
    assert_eq!(
        largest(&log, end),
        Some((Offset(end - 3), Timestamp(20_002), LeaderEpoch(1)))
    );
    assert_eq!(
        largest(&log, end - 5),
        Some((Offset(end - 8), Timestamp(19_002), LeaderEpoch(1)))
    );
    assert_eq!(largest(&log, 19), Some((Offset(16), Timestamp(3_002), LeaderEpoch(1))));
}

#[tokio::test]
async fn it_is_the_same_after_a_restart_a_kill_and_with_damaged_indexes() {
    let world = World::new().await;
    let log = world.log_with(small_segments(1_200));
    fill(&log);
    let answers = |log: &Log| {
        (0..21)
            .map(|thousand| at(log, thousand * 1_000 + 1, log.end().0))
            .collect::<Vec<_>>()
    };
    let expected = answers(&log);
    assert_eq!(
        answers(&world.after_kill().await.log_with(small_segments(1_200))),
        expected
    );
    let world = world.restart().await;
    assert_eq!(answers(&world.log_with(small_segments(1_200))), expected);
    world.directory.shutdown().await.unwrap();
    for name in files(&world.log_path()).iter().filter(|name| name.ends_with(".index")) {
        let path = world.log_path().join(name);
        let len = std::fs::metadata(&path).unwrap().len() as usize;
        std::fs::write(path, vec![0x11; len]).unwrap();
    }
    let damaged = World::over(world.killed()).await;
    assert_eq!(answers(&damaged.log_with(small_segments(1_200))), expected);
}
