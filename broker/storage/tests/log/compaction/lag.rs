//! How young a record is left alone, and how old a segment waits.

use super::*;

/// Offsets that are there, one record each.
fn offsets(log: &Log) -> Vec<i64> {
    contents(log).into_iter().map(|(offset, _, _)| offset).collect()
}

/// Appends what replaces what is there, at this time.
fn replace(log: &Log, timestamp: i64) {
    let batch = keyed(Compression::None, &[(1, Some(timestamp))], timestamp);
    append_in(log, 1, batch, AppendKind::Internal).unwrap();
}

/// The bug: `min.compaction.lag.ms` is taken, and what readers have not had the time to see is gone.
#[tokio::test]
async fn what_is_young_is_left_alone_and_so_is_what_is_behind_it() {
    let world = World::new().await;
    let log = world.log_with(LogConfig {
        min_compaction_lag_ms: 60_000,
        min_cleanable_dirty_permille: 0,
        ..compacted(300)
    });
    let now = wall_clock().0;
    (0..40).for_each(|number| replace(&log, now - 120_000 + number * 3_000));
    flushed(&log).await;
    log.compact(WallTime(now), log.end(), || true).await.unwrap().unwrap();
    let left = offsets(&log);
    assert!(left.len() < 30 && !left.contains(&0), "{left:?}");
    assert!((21..40).all(|young| left.contains(&young)), "{left:?}");
    log.compact(WallTime(now + 58_000), log.end(), || true)
        .await
        .unwrap()
        .unwrap();
    let last = offsets(&log);
    assert!(last.len() < 10 && last.contains(&39), "{last:?}");
}

/// The bugs: `max.compaction.lag.ms` is taken, and what was deleted stays for ever, since too little of the log is new, or since nothing
/// rolls the active segment.
#[tokio::test]
async fn what_is_too_old_is_compacted_however_little_it_is() {
    let world = World::new().await;
    let config = LogConfig {
        max_compaction_lag_ms: 60_000,
        min_cleanable_dirty_permille: 900,
        ..compacted(300)
    };
    let log = world.log_with(config.clone());
    let now = wall_clock().0;
    for key in 0..60 {
        let batch = keyed(Compression::None, &[(key, Some(key))], now);
        append_in(&log, 1, batch, AppendKind::Internal).unwrap();
    }
    flushed(&log).await;
    log.compact(WallTime(now), log.end(), || true).await.unwrap().unwrap();
    replace(&log, now);
    replace(&log, now);
    flushed(&log).await;
    let early = WallTime(now + 50_000);
    assert!(!log.roll_if_due(early).unwrap());
    assert!(log.compact(early, log.end(), || true).await.unwrap().is_none());
    let late = WallTime(wall_clock().0 + 61_000);
    assert!(log.roll_if_due(late).unwrap());
    flushed(&log).await;
    log.compact(late, log.end(), || true).await.unwrap().unwrap();
    let left = offsets(&log);
    assert!(
        !left.contains(&1) && !left.contains(&60) && left.contains(&61),
        "{left:?}"
    );
    let kept = world.directory.open_log(
        "kept-0",
        LogConfig {
            cleanup: Cleanup::Delete,
            ..config
        },
    );
    let kept = kept.unwrap();
    append_in(&kept, 1, plain(1, now), AppendKind::Internal).unwrap();
    assert!(!kept.roll_if_due(late).unwrap(), "it is not compacted");
}
