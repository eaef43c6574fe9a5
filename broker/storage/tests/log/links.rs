//! Link positions: in the batches themselves, repeated at every roll, the same whatever crashes.

use corvid_record::Offset;
use corvid_storage::{AppendError, AppendKind};

use crate::support::*;

#[tokio::test]
async fn a_link_appends_only_where_it_stands() {
    let world = World::new().await;
    let log = world.log();
    let (one, two) = (source(1), source(2));
    append_linked(&log, one, position(-1, 0), position(0, 10)).unwrap();
    let stale = append_linked(&log, one, position(-1, 0), position(0, 10));
    assert!(
        matches!(stale, Err(AppendError::LinkMoved { actual }) if actual == position(0, 10)),
        "{stale:?}"
    );
    // The bug: compare-and-set on the offset alone takes a position of another lineage for this one.
    let other_lineage = append_linked(&log, one, position(1, 10), position(1, 12));
    assert!(matches!(other_lineage, Err(AppendError::LinkMoved { .. })));
    append_linked(&log, two, position(-1, 0), position(3, 4)).unwrap();
    assert_eq!(log.links(), [(one, position(0, 10)), (two, position(3, 4))].into());
}

#[tokio::test]
async fn a_links_batch_carries_its_own_stamp_and_goes_forward() {
    let world = World::new().await;
    let log = world.log();
    let kind = AppendKind::Link {
        source: source(1),
        expected: position(-1, 0),
    };
    for batch in [plain(1, 0), linked(source(2), position(0, 5), 1), produced(1, 0, 0, 1)] {
        assert!(matches!(
            append_in(&log, 1, batch, kind),
            Err(AppendError::NotALinkBatch)
        ));
    }
    append_in(&log, 1, linked(source(1), position(2, 5), 1), kind).unwrap();
    let backwards = append_linked(&log, source(1), position(2, 5), position(2, 5));
    assert!(matches!(backwards, Err(AppendError::NotALinkBatch)));
}

/// The bug: the last stamp of an idle link is in a segment that is gone, and its entries are taken again.
#[tokio::test]
async fn an_idle_links_position_outlives_its_last_batch() {
    let world = World::new().await;
    let config = small_segments(800);
    let log = world.log_with(config.clone());
    append_linked(&log, source(7), position(-1, 0), position(4, 1 << 40)).unwrap();
    for number in 1..40 {
        let before = if number == 1 {
            position(-1, 0)
        } else {
            position(1, number - 1)
        };
        append_linked(&log, source(1), before, position(1, number)).unwrap();
        append(&log, plain(2, 0)).unwrap();
    }
    let links = log.links();
    assert_eq!(links[&source(7)], position(4, 1 << 40));
    log.advance_start(log.end(), corvid_storage::Reason::DeleteRecords)
        .unwrap();
    let gone = log.retain(corvid_env::clock::wall_clock(), log.end()).unwrap();
    assert!(!gone.is_empty() && log.start() > Offset(0));
    world.directory.sync().await.unwrap();
    for world in [world.after_kill().await, world.restart().await] {
        let log = world.log_with(config.clone());
        assert_eq!(log.links(), links, "the files know");
        // As a replica would be that is rebuilt from the log's start: only the batches say it.
        for name in files(&world.log_path()) {
            if !name.ends_with(".log") {
                std::fs::remove_file(world.log_path().join(name)).unwrap();
            }
        }
        let bare = World::over(world.killed()).await;
        assert_eq!(bare.log_with(config.clone()).links(), links, "the batches know");
    }
}

/// The bug: a link's last stamp goes with its record when that is compacted away, and its entries are taken again.
#[tokio::test]
async fn positions_outlive_compaction() {
    let world = World::new().await;
    let config = corvid_storage::LogConfig {
        cleanup: corvid_storage::Cleanup::Compact,
        min_cleanable_dirty_permille: 0,
        ..small_segments(800)
    };
    let log = world.log_with(config.clone());
    append_linked(&log, source(7), position(-1, 0), position(4, 1 << 40)).unwrap();
    let mut before = position(-1, 0);
    for number in 1..40 {
        append_linked(&log, source(1), before, position(1, number)).unwrap();
        before = position(1, number);
        append(&log, plain(2, 0)).unwrap();
    }
    flushed(&log).await;
    let links = log.links();
    let logs: Vec<String> = files(&world.log_path())
        .into_iter()
        .filter(|name| name.ends_with(".log"))
        .collect();
    let last_sealed = || std::fs::read(world.log_path().join(&logs[logs.len() - 2])).ok();
    let active = Offset(logs[logs.len() - 1].strip_suffix(".log").unwrap().parse().unwrap());
    // What says where the links are behind the last sealed segment is not committed yet: that segment stays as it is.
    let (now, before) = (corvid_env::clock::wall_clock(), last_sealed());
    log.compact(now, active, || true).await.unwrap().unwrap();
    assert_eq!(last_sealed(), before);
    append(&log, plain(1, 0)).unwrap();
    flushed(&log).await;
    let done = log.compact(now, log.end(), || true).await.unwrap().unwrap();
    assert!(done.records_removed > 0, "{done:?}");
    assert_ne!(last_sealed(), before);
    let killed = world.killed();
    for name in files(&killed.path().join(LOG)) {
        if !name.ends_with(".log") {
            std::fs::remove_file(killed.path().join(LOG).join(name)).unwrap();
        }
    }
    let bare = World::over(killed).await;
    assert_eq!(bare.log_with(config).links(), links, "the batches know");
}

/// The bug: a target knows every source that it ever had, and repeats them all at each roll, for good.
#[tokio::test]
async fn a_source_that_is_gone_is_forgotten_and_no_other() {
    let world = World::new().await;
    let config = small_segments(800);
    let log = world.log_with(config.clone());
    for number in 0..20 {
        append_linked(&log, source(number), position(-1, 0), position(0, 10)).unwrap();
    }
    let is_gone = |source: corvid_record::hidden::SourceId| source.get() < 18;
    let kept = [(source(18), position(0, 10)), (source(19), position(0, 10))].into();
    assert_eq!(log.forget_links(is_gone), 18);
    assert_eq!((log.forget_links(is_gone), log.links()), (0, kept));
    // A start may bring back what no roll came behind, and takes nothing of what was kept.
    flushed(&log).await;
    let killed = world.after_kill().await;
    let again = killed.log_with(config.clone());
    assert!(again.links().len() > 2, "{:?}", again.links());
    again.forget_links(is_gone);
    assert_eq!(again.links(), log.links());
    for _ in 0..20 {
        append(&again, plain(2, 0)).unwrap();
    }
    flushed(&again).await;
    for world in [killed.after_kill().await, killed.restart().await] {
        assert_eq!(world.log_with(config.clone()).links(), log.links(), "the files know");
        for name in files(&world.log_path()) {
            if !name.ends_with(".log") {
                std::fs::remove_file(world.log_path().join(name)).unwrap();
            }
        }
        let bare = World::over(world.killed()).await;
        assert_eq!(bare.log_with(config.clone()).links(), log.links(), "the batches know");
    }
}
