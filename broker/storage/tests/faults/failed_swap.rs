//! A compaction that fails behind its commit: the disk has the new segments, or is on its way to them.

use std::sync::Arc;

use corvid_env::clock::wall_clock;
use corvid_record::{Compression, Offset};
use corvid_storage::{AppendKind, ChangeError, Log, Reason};

use crate::arming::Armed;
use crate::support::*;

/// Of each segment some records stay, and some are replaced.
async fn filled_log(world: &World) -> Arc<Log> {
    let log = world.log_with(compacted(500));
    for number in 0..30 {
        let pairs = [(number % 3, Some(number)), (100 + number, Some(number))];
        append_in(&log, 1, keyed(Compression::None, &pairs, 5), AppendKind::Internal).unwrap();
    }
    flushed(&log).await;
    world.directory.sync().await.unwrap();
    log
}

/// Where the segments begin.
fn segments(world: &World) -> Vec<Offset> {
    let files = files(&world.log_path());
    let logs = files.iter().filter_map(|name| name.strip_suffix(".log"));
    logs.map(|base| Offset(base.parse().unwrap())).collect()
}

/// The bug: the merged file is in its place, there is no room for its sidecars, and the log goes on with the segments that it has
/// replaced: when the first of them is to go, the merged file goes, by its name, and with it what was left of all others.
#[tokio::test]
async fn what_was_swapped_in_counts_though_there_is_no_room_for_its_sidecars() {
    let armed = Armed::none_yet().await;
    let world = World::new().await;
    let log = filled_log(&world).await;
    let second = segments(&world)[1];
    let left = |log: &Log| {
        let mut left = last_of_each(&contents(log));
        left.retain(|_, (offset, _)| *offset >= second.0);
        left
    };
    let expected = left(&log);
    // All that is sealed becomes one.
    log.set_config(compacted(1 << 20));
    armed.arm("compaction.sidecars=full@1");
    log.compact(wall_clock(), log.end(), || true).await.unwrap_err();
    // Nor is there afterwards, and what is old is deleted all the same.
    armed.arm("fs.write=full");
    assert!(log.retain(wall_clock(), log.end()).unwrap().is_empty());
    armed.disarm();
    log.advance_start(second, Reason::Retention).unwrap();
    world.directory.sync().await.unwrap();
    assert_eq!(left(&log), expected);
    let again = world.after_kill().await;
    assert_eq!(left(&again.log_with(compacted(500))), expected);
}

/// The bug: a swap fails halfway, and the log is compacted on: the next start finishes the old swap over what was written since.
#[tokio::test]
async fn a_log_whose_swap_has_failed_is_left_alone_until_the_next_start() {
    let armed = Armed::none_yet().await;
    for point in ["compaction.swap=error@2", "fs.sync_dir=error@3"] {
        let world = World::new().await;
        let log = filled_log(&world).await;
        let all = last_of_each(&contents(&log));
        armed.arm(point);
        let failed = log.compact(wall_clock(), log.end(), || true).await;
        assert!(matches!(failed, Err(ChangeError::Io(_))), "{point}: {failed:?}");
        armed.disarm();
        let has_swap = files(&world.log_path()).iter().any(|name| name.ends_with(".swap"));
        assert!(has_swap, "{point}: it is behind the commit");
        assert_eq!(last_of_each(&contents(&log)), all, "{point}: it is still read");
        // With other settings the segments are grouped otherwise.
        log.set_config(compacted(1 << 20));
        let refused = log.compact(wall_clock(), log.end(), || true).await;
        let again = world.after_kill().await;
        let after = contents(&again.log_with(compacted(500)));
        assert_eq!(last_of_each(&after), all, "{point}");
        assert!(after.is_sorted(), "{point}: no offset is there twice");
        assert!(matches!(refused, Err(ChangeError::Failed(_))), "{point}: {refused:?}");
    }
}
