//! Segments of which compaction leaves nothing.

use super::*;

/// Appends what replaces what is there.
fn replace(log: &Log, count: i64) {
    for number in 0..count {
        let batch = keyed(Compression::None, &[(1, Some(number))], wall_clock().0);
        append_in(log, 1, batch, AppendKind::Internal).unwrap();
    }
}

fn sizes(world: &World) -> Vec<u64> {
    let files = files(&world.log_path())
        .into_iter()
        .filter(|name| name.ends_with(".log"));
    let size = |name| std::fs::metadata(world.log_path().join(name)).unwrap().len();
    files.map(size).collect()
}

/// The bug: what has no batch has no time either, and counts as younger than anything: nothing behind it is ever too old.
#[tokio::test]
async fn retention_by_time_goes_on_behind_them() {
    let world = World::new().await;
    let config = LogConfig {
        cleanup: Cleanup::CompactAndDelete,
        retention_ms: Some(60_000),
        ..compacted(300)
    };
    let log = world.log_with(config.clone());
    replace(&log, 12);
    flushed(&log).await;
    log.compact(wall_clock(), log.end(), || true).await.unwrap().unwrap();
    assert_eq!(sizes(&world)[..2], [0, 0]);
    // The times are in the sidecars.
    let world = world.restart().await;
    let log = world.log_with(config);
    let end = log.end();
    let gone = log.retain(WallTime(wall_clock().0 + 61_000), end).unwrap();
    assert_eq!(log.start(), end, "{gone:?}");
}

/// The bug: a pass that is stopped leaves an empty segment above what counts as clean. It is too young for `min.compaction.lag.ms`
/// for ever, and nothing behind it is compacted any more.
#[tokio::test]
async fn compaction_goes_on_behind_them() {
    let world = World::new().await;
    let log = world.log_with(compacted(300));
    replace(&log, 20);
    flushed(&log).await;
    log.compact(wall_clock(), log.end(), stopping::after_files(&world, 2))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(sizes(&world)[..2], [0, 0]);
    let world = world.restart().await;
    let log = world.log_with(LogConfig {
        min_compaction_lag_ms: 1,
        min_cleanable_dirty_permille: 0,
        ..compacted(300)
    });
    let later = WallTime(wall_clock().0 + 1_000);
    log.compact(later, log.end(), || true).await.unwrap().unwrap();
    let sealed = sizes(&world).len() - 1;
    assert!(
        sizes(&world)[..sealed - 1].iter().all(|&size| size == 0),
        "{:?}",
        sizes(&world)
    );
}

/// The bug: batches without timestamps are as old as their segment, and each pass makes it anew: what is compacted often is never too old.
#[tokio::test]
async fn what_is_left_keeps_its_age() {
    let world = World::new().await;
    let log = world.log_with(LogConfig {
        cleanup: Cleanup::CompactAndDelete,
        retention_ms: Some(60_000),
        ..compacted(300)
    });
    for key in 0..10 {
        let batch = keyed(Compression::None, &[(key, Some(1)), (1, Some(key))], -1);
        append_in(&log, 1, batch, AppendKind::Internal).unwrap();
    }
    flushed(&log).await;
    let appended_at = wall_clock();
    while wall_clock() == appended_at {}
    log.compact(wall_clock(), log.end(), || true).await.unwrap().unwrap();
    let later = WallTime(appended_at.0 + 60_001);
    log.retain(later, log.end()).unwrap();
    assert_eq!(log.start(), log.end());
}
