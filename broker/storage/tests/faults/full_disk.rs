//! A full disk: refused, read on, and on again when there is room.

use std::os::unix::fs::MetadataExt;

use corvid_env::clock::wall_clock;
use corvid_record::Offset;
use corvid_storage::{AppendError, AppendKind, Cleanup, LogConfig, Which};

use crate::arming::Armed;
use crate::support::*;

#[tokio::test]
async fn appends_are_refused_reads_go_on_and_then_all_goes_on_by_itself() {
    let armed = Armed::none_yet().await;
    let world = World::new().await;
    let log = world.log();
    append(&log, produced(1, 0, 0, 2)).unwrap();
    armed.arm("log.write=full");
    assert!(matches!(append(&log, produced(1, 0, 2, 2)), Err(AppendError::NoSpace)));
    assert!(world.directory.read_only_since().is_some());
    assert_eq!(std::fs::metadata(world.path().join("reserve")).unwrap().len(), 0);
    assert_eq!(read(&log, 0, 2, 1_000, Which::Visible).len(), 1);
    armed.disarm();
    // The machine's disk has room: the next append finds that out.
    assert_eq!(append(&log, produced(1, 0, 2, 2)).unwrap().base_offset, Offset(2));
    assert_eq!(world.directory.read_only_since(), None);
}

/// The bug: the disk is full between an entry and its mate, the half is left there, and a later batch is taken for the mate's place.
#[tokio::test]
async fn half_a_pair_is_cut_off_without_a_restart() {
    let armed = Armed::none_yet().await;
    let world = World::new().await;
    let log = world.log();
    append(&log, plain(2, 0)).unwrap();
    let path = world.log_path().join("00000000000000000000.log");
    let before = std::fs::metadata(&path).unwrap().len();
    let mate = plain(1, 0);
    for fault in ["full", "error"] {
        armed.arm(&format!("log.after_entry={fault}@1"));
        let refused = append_pair(&log, entry_for(&mate, &plain(1, 0)), mate.clone());
        assert!(
            matches!(
                (fault, &refused),
                ("full", Err(AppendError::NoSpace)) | ("error", Err(AppendError::Io(_)))
            ),
            "{refused:?}"
        );
        assert_eq!(
            std::fs::metadata(&path).unwrap().len(),
            before,
            "what was written is gone"
        );
    }
    let appended = append_pair(&log, entry_for(&mate, &plain(1, 0)), mate).unwrap();
    assert_eq!(appended.base_offset, Offset(3));
    assert_eq!(bases(&log, Which::All), [0, 2, 3]);
    assert_eq!(bases(&World::over(world.killed()).await.log(), Which::All), [0, 2, 3]);
}

/// The bug: a log goes on behind garbage that it could not cut off, and recovery cuts what was acknowledged behind it.
#[tokio::test]
async fn a_log_that_cannot_be_cut_takes_nothing_more() {
    let armed = Armed::none_yet().await;
    let world = World::new().await;
    let log = world.log();
    append(&log, plain(2, 0)).unwrap();
    armed.arm("log.after_entry=error@1,log.cut=error@1");
    let mate = plain(1, 0);
    let failed = append_pair(&log, entry_for(&mate, &plain(1, 0)), mate);
    assert!(matches!(failed, Err(AppendError::Failed(_))), "{failed:?}");
    armed.disarm();
    assert!(matches!(append(&log, plain(1, 0)), Err(AppendError::Failed(_))));
    assert_eq!(
        read(&log, 0, 2, 1_000, Which::Visible).len(),
        1,
        "what is there is still read"
    );
    let other = world
        .directory
        .open_log("other-0", corvid_storage::LogConfig::default())
        .unwrap();
    append(&other, plain(1, 0)).unwrap();
    let reopened = World::over(world.killed()).await;
    // The entry may stay: without its mate it is dead.
    assert_eq!(bases(&reopened.log(), Which::Visible), [0]);
    append(&reopened.log(), plain(1, 0)).unwrap();
}

/// The bug: a roll that fails halfway leaves a log that can't append, or an empty segment in its middle.
#[tokio::test]
async fn a_roll_that_fails_changes_nothing() {
    let armed = Armed::none_yet().await;
    let world = World::new().await;
    let log = world.log_with(small_segments(500));
    let mut written = 0;
    while files(&world.log_path())
        .iter()
        .filter(|name| name.ends_with(".log"))
        .count()
        < 3
    {
        armed.arm(if written % 2 == 0 {
            "log.roll=full@1"
        } else {
            "log.roll=error@1"
        });
        let before = log.end();
        match append(&log, plain(2, 0)) {
            Ok(_) => written += 1,
            Err(error) => {
                assert!(matches!(error, AppendError::NoSpace | AppendError::Io(_)), "{error:?}");
                assert_eq!(log.end(), before);
                armed.disarm();
                append(&log, plain(2, 0)).unwrap();
                written += 1;
            }
        }
    }
    let expected: Vec<_> = (0..written).map(|number| number * 2).collect();
    assert_eq!(bases(&log, Which::Visible), expected);
    armed.disarm();
    assert_eq!(
        bases(
            &World::over(world.killed()).await.log_with(small_segments(500)),
            Which::Visible
        ),
        expected
    );
}

/// The bug: on a full disk nothing can be deleted, because the deletion wants to write first.
#[tokio::test]
async fn retention_makes_room_on_a_full_disk() {
    let armed = Armed::none_yet().await;
    let world = World::new().await;
    let config = corvid_storage::LogConfig {
        retention_bytes: Some(0),
        ..small_segments(500)
    };
    let log = world.log_with(config);
    for _ in 0..20 {
        append(&log, plain(2, 0)).unwrap();
    }
    flushed(&log).await;
    world.directory.sync().await.unwrap();
    let before = files(&world.log_path()).len();
    // Every file that is written from now on: the checkpoints among them. Slots are written in place.
    armed.arm("log.write=full,fs.write=full@1");
    assert!(matches!(append(&log, plain(2, 0)), Err(AppendError::NoSpace)));
    assert!(
        !log.retain(corvid_env::clock::wall_clock(), log.end())
            .unwrap()
            .is_empty()
    );
    world.directory.sync().await.unwrap();
    assert!(files(&world.log_path()).len() < before / 2);
    assert_eq!(world.directory.poisoned(), None);
}

/// The bug: what is held where retention wants to delete can't be held again on a full disk, so that it stays full for ever.
#[tokio::test]
async fn what_makes_room_is_taken_by_a_full_disk() {
    let armed = Armed::none_yet().await;
    let world = World::new().await;
    let log = world.log();
    armed.arm("log.write=full@1,space.again=full");
    assert!(matches!(append(&log, plain(2, 0)), Err(AppendError::NoSpace)));
    // One that has taken no room ahead yet.
    let log = world.directory.open_log("other-0", LogConfig::default()).unwrap();
    let append_as = |kind| append_in(&log, 1, plain(2, 0), kind);
    assert!(matches!(append_as(AppendKind::Internal), Err(AppendError::NoSpace)));
    append_as(AppendKind::MakesRoom).unwrap();
    assert!(world.directory.read_only_since().is_some());
    assert!(matches!(append_as(AppendKind::Internal), Err(AppendError::NoSpace)));
    let file = std::fs::metadata(world.path().join("other-0/00000000000000000000.log")).unwrap();
    assert!(file.blocks() * 512 < 1 << 16, "nor does it take room ahead");
}

/// The bug: the write of a flushed position is the first to find the disk full, and the directory counts as one whose sync has
/// failed: it takes nothing any more, and no later start takes it.
#[tokio::test]
async fn a_flushed_position_that_has_no_room_gets_the_reserve() {
    let armed = Armed::none_yet().await;
    let world = World::new().await;
    let log = world.log();
    // With the first batch the epochs are written, too.
    append(&log, plain(2, 0)).unwrap();
    world.directory.sync().await.unwrap();
    // The first write is the batch.
    armed.arm("fs.write=full@2");
    append(&log, plain(2, 0)).unwrap();
    world.directory.sync().await.unwrap();
    assert_eq!(log.flushed(), log.end());
    assert_eq!(world.directory.poisoned(), None);
    assert!(world.directory.read_only_since().is_some(), "it was met");
    armed.disarm();
    append(&log, plain(2, 0)).unwrap();
}

/// The bug: there is no room for the mark of a clean shutdown, and the directory counts as one whose sync has failed.
#[tokio::test]
async fn a_shutdown_without_room_for_its_mark_is_an_unclean_one() {
    let armed = Armed::none_yet().await;
    let world = World::new().await;
    armed.arm("fs.write=full");
    world.directory.shutdown().await.unwrap();
    armed.disarm();
    let again = World::over(world.temporary).await;
    assert!(!again.directory.was_clean());
}

/// The bug: recovery has something to write, there is no room, and the log can't be read before somebody makes some.
#[tokio::test]
async fn a_log_opens_on_a_full_disk() {
    let armed = Armed::none_yet().await;
    let world = World::new().await;
    append(&world.log(), produced(1, 0, 0, 2)).unwrap();
    let world = world.after_kill().await;
    armed.arm("fs.write=full@1");
    let log = world.log();
    assert_eq!(bases(&log, Which::Visible), [0]);
    assert!(world.directory.read_only_since().is_some());
}

/// The bug: a pass of compaction that finds the disk full leaves what it has written there, and the disk stays full.
#[tokio::test]
async fn compaction_leaves_nothing_on_a_full_disk() {
    let armed = Armed::none_yet().await;
    let world = World::new().await;
    let log = world.log_with(LogConfig {
        cleanup: Cleanup::Compact,
        ..small_segments(500)
    });
    for _ in 0..20 {
        append_in(&log, 1, plain(2, 0), AppendKind::Internal).unwrap();
    }
    flushed(&log).await;
    let unfinished = || {
        let files = files(&world.log_path());
        files
            .iter()
            .any(|file| file.ends_with(".cleaned") || file.ends_with(".swap"))
    };
    armed.arm("compaction.write=full@1");
    assert!(log.compact(wall_clock(), log.end(), || true).await.is_err());
    assert!(!unfinished());
    armed.disarm();
    log.compact(wall_clock(), log.end(), || true).await.unwrap().unwrap();
    assert!(!unfinished());
}
