//! Idempotent producers: what was appended once is not appended twice, whatever happened in between.

use corvid_env::clock::{WallTime, wall_clock};
use corvid_record::{Batch, Offset, ProducerId, Sequence};
use corvid_storage::{AppendError, Log, LogConfig, Reason};

use crate::support::*;

fn five_and_more(log: &Log) {
    for number in 0..7 {
        append(log, produced(1, 0, number * 10, 10)).unwrap();
    }
}

fn check_five_and_more(log: &Log, when: &str) {
    let end = log.end();
    for number in 2..7 {
        let batch = produced(1, 0, number * 10, 10);
        let again = append(log, batch.clone()).unwrap();
        assert!(again.duplicate, "{when}: batch {number}");
        assert_eq!(
            (again.base_offset.0, again.end.0),
            (i64::from(number) * 10, i64::from(number) * 10 + 10),
            "{when}"
        );
        assert_eq!(
            log.find_duplicate(&Batch::parse(&batch).unwrap()),
            Some(again),
            "{when}"
        );
    }
    assert!(
        matches!(append(log, produced(1, 0, 0, 10)), Err(AppendError::DuplicateOlder)),
        "{when}"
    );
    let gap = append(log, produced(1, 0, 71, 1));
    assert!(
        matches!(
            gap,
            Err(AppendError::OutOfOrderSequence {
                expected: Sequence(70),
                got: Sequence(71)
            })
        ),
        "{when}"
    );
    assert_eq!(log.end(), end, "{when}: nothing was appended");
}

/// The bug: with five requests in flight, a restart in between appends the retries again.
#[tokio::test]
async fn duplicates_are_known_after_a_clean_restart() {
    let world = World::new().await;
    five_and_more(&world.log());
    check_five_and_more(&world.log(), "before");
    let world = world.restart().await;
    check_five_and_more(&world.log(), "after");
    append(&world.log(), produced(1, 0, 70, 1)).unwrap();
}

/// The bug: each shutdown leaves a snapshot at its end, and nobody ever takes it away.
#[tokio::test]
async fn snapshots_of_earlier_shutdowns_go() {
    let mut world = World::new().await;
    for life in 0..4 {
        append(&world.log(), produced(1, 0, life * 10, 10)).unwrap();
        world = world.restart().await;
    }
    append(&world.log(), produced(1, 0, 40, 10)).unwrap();
    // Not before the one that replaces them is durable.
    world.directory.sync().await.unwrap();
    let killed = world.killed();
    let snapshots = files(&killed.path().join(LOG))
        .into_iter()
        .filter(|name| name.ends_with(".snapshot"));
    assert_eq!(snapshots.collect::<Vec<_>>(), ["00000000000000000040.snapshot"]);
}

/// The bug: recovery trusts a snapshot that is not there, or is older than it looks.
#[tokio::test]
async fn duplicates_are_known_after_a_kill_with_and_without_snapshots() {
    let world = World::new().await;
    let log = world.log_with(small_segments(1_000));
    append(&log, produced(9, 3, 0, 1)).unwrap();
    five_and_more(&world.log_with(small_segments(1_000)));
    let killed = world.killed();
    for damage in ["none", "newest", "all"] {
        let copy = tempfile::tempdir().unwrap();
        copy_all(killed.path(), copy.path());
        let snapshots: Vec<_> = files(&copy.path().join(LOG))
            .into_iter()
            .filter(|name| name.ends_with(".snapshot"))
            .collect();
        assert!(snapshots.len() > 1);
        let path = |name: &String| copy.path().join(LOG).join(name);
        match damage {
            "newest" => std::fs::write(path(snapshots.last().unwrap()), b"nonsense").unwrap(),
            "all" => snapshots
                .iter()
                .for_each(|name| std::fs::remove_file(path(name)).unwrap()),
            _ => {}
        }
        let world = World::over(copy).await;
        let log = world.log_with(small_segments(1_000));
        let again = append(&log, produced(1, 0, 60, 10)).unwrap();
        assert!(again.duplicate && again.base_offset == Offset(61), "{damage}");
        assert!(append(&log, produced(1, 0, 20, 10)).unwrap().duplicate, "{damage}");
        assert!(append(&log, produced(9, 3, 0, 1)).unwrap().duplicate, "{damage}");
        assert!(
            matches!(append(&log, produced(1, 0, 0, 10)), Err(AppendError::DuplicateOlder)),
            "{damage}"
        );
    }
}

/// The bug: recovery finds out from the batches what a lost snapshot said, and writes it down nowhere; DeleteRecords takes those
/// batches, and the next recovery takes a retry for something new. (Found by the simulation's power cuts.)
#[tokio::test]
async fn producers_are_known_when_their_snapshot_was_lost_and_then_their_records_are_deleted() {
    let world = World::new().await;
    let log = world.log_with(small_segments(1_000));
    append(&log, produced(9, 3, 0, 1)).unwrap();
    five_and_more(&log);
    let killed = world.killed();
    for name in files(&killed.path().join(LOG)) {
        if name.ends_with(".snapshot") {
            std::fs::remove_file(killed.path().join(LOG).join(name)).unwrap();
        }
    }
    let world = World::over(killed).await;
    let log = world.log_with(small_segments(1_000));
    delete_all(&world, &log).await;
    let world = world.after_kill().await;
    let log = world.log_with(small_segments(1_000));
    assert!(log.start() > Offset(1));
    assert!(append(&log, produced(9, 3, 0, 1)).unwrap().duplicate);
}

/// Takes all that is not in the active segment, for good.
async fn delete_all(world: &World, log: &std::sync::Arc<Log>) {
    flushed(log).await;
    log.advance_start(log.end(), Reason::DeleteRecords).unwrap();
    log.retain(wall_clock(), log.end()).unwrap();
    world.directory.sync().await.unwrap();
}

/// The bug: the only snapshot that knows a producer is written again, with what it says already, and a power cut leaves half of it.
#[tokio::test]
async fn a_snapshot_that_is_there_is_not_written_again() {
    let world = World::new().await;
    let config = LogConfig {
        segment_ms: 1_000,
        ..small_segments(1_000)
    };
    append(&world.log_with(config.clone()), produced(1, 0, 0, 1)).unwrap();
    flushed(&world.log_with(config.clone())).await;
    // Of a recovery.
    let world = world.after_kill().await;
    flushed(&world.log_with(config.clone())).await;
    let killed = world.killed();
    let path = killed.path().join(LOG).join("00000000000000000001.snapshot");
    let long_ago = std::time::SystemTime::UNIX_EPOCH;
    std::fs::File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(long_ago)
        .unwrap();
    let world = World::over(killed).await;
    let log = world.log_with(config);
    let written = || {
        let path = world.log_path().join("00000000000000000001.snapshot");
        std::fs::metadata(path).unwrap().modified().unwrap()
    };
    assert_eq!(written(), long_ago, "by recovery");
    log.roll_if_due(WallTime(wall_clock().0 + 10_000)).unwrap();
    assert_eq!(written(), long_ago, "by a roll");
    world.directory.shutdown().await.unwrap();
    assert_eq!(written(), long_ago, "by a shutdown");
}

#[tokio::test]
async fn sequences_wrap_and_go_on_after_a_restart() {
    let world = World::new().await;
    append(&world.log(), produced(1, 0, i32::MAX - 4, 10)).unwrap();
    let world = world.restart().await;
    let log = world.log();
    assert!(append(&log, produced(1, 0, i32::MAX - 4, 10)).unwrap().duplicate);
    let next = append(&log, produced(1, 0, 5, 2)).unwrap();
    assert_eq!((next.base_offset, next.duplicate), (Offset(10), false));
}

#[tokio::test]
async fn an_older_epoch_is_fenced() {
    let world = World::new().await;
    let log = world.log();
    append(&log, produced(1, 1, 0, 1)).unwrap();
    assert!(matches!(
        append(&log, produced(1, 0, 1, 1)),
        Err(AppendError::InvalidProducerEpoch { .. })
    ));
    append(&log, produced(1, 2, 0, 1)).unwrap();
}

#[tokio::test]
async fn a_silent_producer_is_forgotten_and_what_it_wrote_is_not() {
    let world = World::new().await;
    let log = world.log();
    append(&log, produced(1, 0, 0, 1)).unwrap();
    let day = 24 * 3_600_000;
    log.retain(wall_clock(), Offset(0)).unwrap();
    assert_eq!(log.producers()[0].id, ProducerId(1));
    // In steps: the clock is not believed when it jumps.
    for half_hours in 1..=50 {
        log.retain(WallTime(wall_clock().0 + half_hours * day / 48), Offset(0))
            .unwrap();
    }
    assert_eq!(log.end(), Offset(1));
}
