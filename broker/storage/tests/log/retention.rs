//! Where a log begins: retention, DeleteRecords, and what clients are told.

use corvid_env::clock::{WallTime, wall_clock};
use corvid_record::Offset;
use corvid_storage::{ChangeError, Log, LogConfig, ReadError, Reason, Which};

use crate::support::*;

fn fill(log: &Log, batches: i64) {
    for number in 0..batches {
        append(log, plain(2, number * 1_000)).unwrap();
    }
}

#[tokio::test]
async fn by_size_the_oldest_go_and_the_active_stays() {
    let world = World::new().await;
    let log = world.log_with(LogConfig {
        retention_bytes: Some(1_500),
        ..small_segments(500)
    });
    fill(&log, 30);
    let gone = log.retain(wall_clock(), log.end()).unwrap();
    assert!(gone.len() > 2);
    assert!((1_500..2_500).contains(&log.size_bytes()), "{}", log.size_bytes());
    assert_eq!(gone[0].base_offset, Offset(0));
    assert_eq!(log.start(), log.visible_start(log.end()));
    let below = log.read(Offset(0), log.end(), 1_000, true, Which::Visible);
    assert!(matches!(below, Err(ReadError::OutOfRange { start, .. }) if start == log.start()));
    world.directory.sync().await.unwrap();
    let (start, first) = (log.start(), format!("{:020}.log", log.start().0));
    let world = world.restart().await;
    assert_eq!(world.log_with(small_segments(500)).start(), start);
    assert_eq!(
        files(&world.log_path()).into_iter().find(|name| name.ends_with(".log")),
        Some(first)
    );
}

#[tokio::test]
async fn by_time_and_never_beyond_what_is_needed() {
    let world = World::new().await;
    let log = world.log_with(LogConfig {
        retention_ms: Some(1_000),
        ..small_segments(500)
    });
    fill(&log, 30);
    let needed = Offset(21);
    log.retain(wall_clock(), needed).unwrap();
    assert!(log.start() <= needed && log.start() > Offset(10));
    // All is old: the active one is rolled, and what was in it can go, too.
    log.retain(wall_clock(), log.end()).unwrap();
    log.retain(wall_clock(), log.end()).unwrap();
    assert_eq!((log.start(), log.size_bytes()), (log.end(), 0));
    append(&log, plain(1, 0)).unwrap();
}

/// The bug: a consumer that has read everything is out of range, because hidden batches behind it were deleted.
#[tokio::test]
async fn the_start_that_is_told_does_not_pass_a_consumer_that_has_read_everything() {
    let world = World::new().await;
    let log = world.log_with(LogConfig {
        retention_bytes: Some(0),
        ..small_segments(500)
    });
    append(&log, plain(4, 0)).unwrap();
    for _ in 0..20 {
        append(&log, emptied(3)).unwrap();
    }
    log.retain(wall_clock(), log.end()).unwrap();
    assert!(log.start() > Offset(4));
    assert_eq!(
        (log.visible_start(log.end()), log.visible_end(log.end())),
        (Offset(4), Offset(4))
    );
    assert!(
        log.read(Offset(4), log.end(), 1_000, true, Which::Visible)
            .unwrap()
            .ranges
            .is_empty()
    );
    append(&log, plain(1, 0)).unwrap();
    assert_eq!(read(&log, 4, log.end().0, 1_000, Which::Visible).len(), 1);
    world.directory.sync().await.unwrap();
    for world in [world.after_kill().await, world.restart().await] {
        let log = world.log_with(small_segments(500));
        assert_eq!(log.visible_start(log.end()), Offset(4));
        assert_eq!(read(&log, 4, log.end().0, 1_000, Which::Visible).len(), 1);
    }
}

#[tokio::test]
async fn delete_records_moves_what_clients_see_and_retention_follows() {
    let world = World::new().await;
    let log = world.log_with(small_segments(500));
    fill(&log, 30);
    let end = log.end();
    assert!(matches!(
        log.advance_start(Offset(end.0 + 1), Reason::DeleteRecords),
        Err(ChangeError::OutOfRange { .. })
    ));
    assert_eq!(
        log.advance_start(Offset(31), Reason::DeleteRecords).unwrap(),
        Offset(31)
    );
    assert_eq!((log.start(), log.visible_start(end)), (Offset(0), Offset(31)));
    assert!(matches!(
        log.read(Offset(30), end, 1_000, true, Which::Visible),
        Err(ReadError::OutOfRange { .. })
    ));
    assert!(
        !read(&log, 0, end.0, 1_000, Which::All).is_empty(),
        "links still read it"
    );
    assert_eq!(
        read(&log, 31, end.0, 1_000, Which::Visible)[0].0,
        30,
        "the batch it is in comes whole"
    );
    log.retain(wall_clock(), Offset(13)).unwrap();
    assert!(log.start() <= Offset(13));
    log.retain(wall_clock(), end).unwrap();
    assert!(log.start() > Offset(20) && log.start() <= Offset(31));
    world.directory.sync().await.unwrap();
    for world in [world.after_kill().await, world.restart().await] {
        let log = world.log_with(small_segments(500));
        assert_eq!(log.visible_start(end), Offset(31));
    }
}

/// The bug: a crash in the middle of a deletion leaves some of the files, and they look like a hole.
#[tokio::test]
async fn a_deletion_that_was_interrupted_is_finished() {
    let world = World::new().await;
    let log = world.log_with(LogConfig {
        retention_bytes: Some(1_500),
        ..small_segments(500)
    });
    fill(&log, 30);
    world.directory.sync().await.unwrap();
    let before = world.killed();
    log.retain(wall_clock(), log.end()).unwrap();
    let start = log.start();
    let world = world.restart().await;
    // One segment of those that went comes back, as a disk that forgot its removal would have it.
    let name = files(&before.path().join(LOG))
        .into_iter()
        .filter(|name| name.ends_with(".log"))
        .nth(1)
        .unwrap();
    std::fs::copy(before.path().join(LOG).join(&name), world.log_path().join(&name)).unwrap();
    let log = world.log_with(small_segments(500));
    assert_eq!(log.start(), start);
    assert!(!files(&world.log_path()).contains(&name));
}

/// The bug: a wall clock that jumps forwards deletes everything.
#[tokio::test]
async fn a_clock_that_jumps_is_not_believed_at_once() {
    let world = World::new().await;
    let log = world.log_with(LogConfig {
        retention_ms: Some(3_600_000),
        ..small_segments(500)
    });
    let now = wall_clock().0;
    for _ in 0..20 {
        append(&log, plain(2, now)).unwrap();
    }
    assert!(log.retain(WallTime(now), log.end()).unwrap().is_empty());
    assert!(log.retain(WallTime(now + (1 << 40)), log.end()).unwrap().is_empty());
    assert_eq!(log.start(), Offset(0));
}
