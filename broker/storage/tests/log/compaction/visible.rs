//! What clients are told is the end, where compaction takes what stood there.

use bytes::Bytes;
use corvid_record::RecordParts;

use super::*;

const HOUR_MS: i64 = 3_600_000;

fn put(log: &Log, batch: Bytes) {
    append_in(log, 1, batch, AppendKind::Internal).unwrap();
}

/// Behind the last batch that clients are given.
fn reachable(log: &Log) -> Offset {
    let (mut from, end) = (log.visible_start(log.end()).0, log.end().0);
    while let Some(&(_, next, _)) = read(log, from, end, 1 << 20, Which::Visible).last() {
        from = next;
    }
    Offset(from)
}

/// The bug: the last visible batch below hidden ones has tombstones alone, and goes when they are expired. The segments behind it still
/// know where it ended, and whoever reads until there waits for ever: nothing that is left takes it so far.
#[tokio::test]
async fn the_end_that_is_told_can_be_reached_when_the_last_tombstone_has_expired() {
    let world = World::new().await;
    let config = LogConfig {
        delete_retention_ms: 1_000,
        min_cleanable_dirty_permille: 0,
        ..compacted(300)
    };
    let log = world.log_with(config.clone());
    let now = wall_clock();
    (0..8).for_each(|key| put(&log, keyed(Compression::None, &[(key, Some(1))], now.0)));
    put(&log, keyed(Compression::None, &[(3, None), (3, None)], now.0));
    let told = log.visible_end(log.end());
    for hours in 0..4 {
        (0..12).for_each(|_| put(&log, emptied(2)));
        flushed(&log).await;
        log.compact(WallTime(now.0 + hours * HOUR_MS), log.end(), || true)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (log.visible_end(log.end()), reachable(&log)),
            (told, told),
            "after {hours} h"
        );
    }
    for world in [world.after_kill().await, world.restart().await] {
        let log = world.log_with(config.clone());
        assert_eq!(
            (log.visible_end(log.end()), reachable(&log)),
            (told, told),
            "after a start"
        );
        // As soon as something visible comes behind it, it goes.
        (10..22).for_each(|key| put(&log, keyed(Compression::None, &[(key, Some(1))], now.0)));
        flushed(&log).await;
        log.compact(WallTime(now.0 + 9 * HOUR_MS), log.end(), || true)
            .await
            .unwrap()
            .unwrap();
        assert!(
            contents(&log).iter().all(|(_, _, value)| value.is_some()),
            "{:?}",
            contents(&log)
        );
        assert_eq!(log.visible_end(log.end()), reachable(&log));
    }
}

/// The same with records that have no keys: they are from before the topic was compacted, and go with the first pass.
#[tokio::test]
async fn the_end_that_is_told_can_be_reached_when_the_last_record_has_no_key() {
    let world = World::new().await;
    let log = world.log_with(LogConfig {
        min_cleanable_dirty_permille: 0,
        ..compacted(300)
    });
    (0..4).for_each(|key| {
        put(&log, keyed(Compression::None, &[(key, Some(1))], 5));
    });
    let mut keyless = BatchBuilder::new(Compression::None);
    keyless.push(&RecordParts {
        value: Some(b"no key"),
        ..RecordParts::default()
    });
    put(&log, keyless.finish(None).unwrap());
    let told = log.visible_end(log.end());
    (0..12).for_each(|_| put(&log, emptied(2)));
    flushed(&log).await;
    log.compact(wall_clock(), log.end(), || true).await.unwrap().unwrap();
    assert_eq!((log.visible_end(log.end()), reachable(&log)), (told, told));
}
