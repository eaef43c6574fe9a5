//! A compacted topic that is deleted and made again.

use super::*;

fn config() -> LogConfig {
    LogConfig {
        delete_retention_ms: 1_000,
        min_cleanable_dirty_permille: 0,
        ..compacted(300)
    }
}

fn append_keyed(log: &Log, key: i64, value: Option<i64>) {
    let batch = keyed(Compression::None, &[(key, value)], 5);
    append_in(log, 1, batch, AppendKind::Internal).unwrap();
}

/// A log that is clean up to the offset that is returned.
async fn clean_log(world: &World) -> Offset {
    let log = world.log_with(config());
    (0..60).for_each(|number| append_keyed(&log, number % 7, Some(number)));
    flushed(&log).await;
    log.compact(wall_clock(), log.end(), || true).await.unwrap().unwrap();
    log.end()
}

/// Makes the log again, deletes a key in it, and starts again before anything was compacted: the key stays deleted when its tombstone goes.
async fn check_made_again(world: World, old_end: Offset) {
    let log = world.log_with(config());
    assert_eq!(log.end(), Offset(0));
    append_keyed(&log, 1, Some(1));
    (100..110).for_each(|key| append_keyed(&log, key, Some(1)));
    append_keyed(&log, 1, None);
    (200..200 + old_end.0).for_each(|key| append_keyed(&log, key, Some(1)));
    flushed(&log).await;
    drop(log);
    let world = world.restart().await;
    let log = world.log_with(config());
    assert_eq!(log.visible_start(log.end()), Offset(0));
    let now = wall_clock();
    for seconds in [0, 5, 10] {
        (300..308).for_each(|key| append_keyed(&log, key, Some(seconds)));
        flushed(&log).await;
        let now = WallTime(now.0 + seconds * 1_000);
        log.compact(now, log.end(), || true).await.unwrap().unwrap();
    }
    let left: Vec<_> = contents(&log)
        .into_iter()
        .filter(|(_, key, _)| key == "key 1")
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The bug: the line of the cleaner's checkpoint outlives its log. The new log of that name counts as clean below: what a tombstone has
/// replaced stays, the tombstone goes, and a deleted key is back.
#[tokio::test]
async fn nothing_is_clean_that_was_not_compacted() {
    let world = World::new().await;
    let old_end = clean_log(&world).await;
    world.directory.delete_log(LOG).await.unwrap();
    check_made_again(world, old_end).await;
}

/// The bug: the same, and the start that finishes the deletion forgets the line in memory only, and that of the visible start.
#[tokio::test]
async fn nor_after_a_deletion_that_was_interrupted() {
    let world = World::new().await;
    let old_end = clean_log(&world).await;
    let log = world.log_with(config());
    log.advance_start(Offset(50), Reason::DeleteRecords).unwrap();
    world.directory.sync().await.unwrap();
    let killed = world.killed();
    let deleted = killed.path().join(format!("{LOG}.0123456789abcdef-delete"));
    std::fs::rename(killed.path().join(LOG), deleted).unwrap();
    check_made_again(World::over(killed).await, old_end).await;
}
