//! Segments roll by size and by time, in Kafka's names.

use corvid_env::clock::{WallTime, wall_clock};
use corvid_record::Offset;
use corvid_storage::{LogConfig, Which};

use crate::support::*;

#[tokio::test]
async fn a_segment_rolls_before_it_would_be_too_large() {
    let world = World::new().await;
    let log = world.log_with(small_segments(1_000));
    for _ in 0..20 {
        append(&log, plain(3, 1_000)).unwrap();
    }
    let logs: Vec<_> = files(&world.log_path())
        .into_iter()
        .filter(|name| name.ends_with(".log"))
        .collect();
    assert!(logs.len() > 3, "{logs:?}");
    assert_eq!(logs[0], "00000000000000000000.log");
    for name in &logs {
        assert!(
            std::fs::metadata(world.log_path().join(name)).unwrap().len() <= 1_000,
            "{name}"
        );
    }
    assert_eq!(
        bases(&log, Which::Visible),
        (0..20).map(|number| number * 3).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_batch_larger_than_a_segment_has_one_of_its_own() {
    let world = World::new().await;
    let log = world.log_with(small_segments(500));
    append(&log, plain(1, 0)).unwrap();
    append(&log, plain(200, 0)).unwrap();
    append(&log, plain(1, 0)).unwrap();
    let logs = files(&world.log_path())
        .iter()
        .filter(|name| name.ends_with(".log"))
        .count();
    assert_eq!(logs, 3);
}

/// The bug: an idle log grows a segment with nothing but a checkpoint at every look.
#[tokio::test]
async fn an_old_segment_rolls_once_and_an_idle_log_not_again() {
    let world = World::new().await;
    let log = world.log_with(LogConfig {
        segment_ms: 1_000,
        ..LogConfig::default()
    });
    let later = |hours: i64| WallTime(wall_clock().0 + hours * 3_600_000);
    assert!(!log.roll_if_due(later(1)).unwrap(), "an empty one");
    append(&log, plain(1, 0)).unwrap();
    append_linked(&log, source(1), position(-1, 0), position(0, 9)).unwrap();
    assert!(!log.roll_if_due(wall_clock()).unwrap(), "a young one");
    assert!(log.roll_if_due(later(1)).unwrap());
    assert_eq!(log.end(), Offset(4), "the links' positions begin the new one");
    assert!(!log.roll_if_due(later(2)).unwrap());
    append(&log, plain(1, 0)).unwrap();
    assert!(log.roll_if_due(later(3)).unwrap());
}

#[tokio::test]
async fn a_roll_is_where_no_relative_offset_overflows() {
    let world = World::new().await;
    let log = world.log();
    for _ in 0..3 {
        append(&log, emptied(1 << 30)).unwrap();
    }
    let logs: Vec<_> = files(&world.log_path())
        .into_iter()
        .filter(|name| name.ends_with(".log"))
        .collect();
    assert_eq!(
        logs,
        [
            "00000000000000000000.log",
            "00000000001073741824.log",
            "00000000002147483648.log"
        ]
    );
}
