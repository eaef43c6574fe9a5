//! Hidden batches go to links and followers, never to clients.

use corvid_record::{Offset, batches, hidden};
use corvid_storage::Which;

use crate::support::*;

async fn mixed(world: &World) -> std::sync::Arc<corvid_storage::Log> {
    let log = world.log_with(small_segments(1_500));
    for number in 0..60 {
        match number % 5 {
            0 | 1 => drop(append(&log, plain(2, 1_000)).unwrap()),
            2 => {
                let mate = plain(1, 2_000);
                append_pair(&log, entry_for(&mate, &plain(1, 0)), mate).unwrap();
            }
            3 => {
                let mate = emptied(3);
                append_pair(&log, entry_for(&mate, &plain(3, 0)), mate).unwrap();
            }
            _ => {
                let at = log.link(source(1)).unwrap_or(position(-1, 0));
                append_linked(&log, source(1), at, position(0, number)).unwrap();
            }
        }
    }
    log
}

/// The bug: kafkajs and others turn in a hot loop, or go back to offset 1, on batches without records.
#[tokio::test]
async fn no_read_of_a_client_has_one_however_it_is_cut() {
    let world = World::new().await;
    let log = mixed(&world).await;
    let all = bases(&log, Which::All);
    let visible = bases(&log, Which::Visible);
    assert!(visible.len() < all.len());
    for from in 0..log.end().0 {
        for max_bytes in [1, 150, 400, 2_000, 1 << 20] {
            let bytes = log
                .read_bytes(Offset(from), log.end(), max_bytes, true, Which::Visible)
                .unwrap();
            for batch in batches(&bytes) {
                assert!(!hidden::is_hidden(&batch.unwrap()), "from {from}, {max_bytes} bytes");
            }
            let expected = visible.iter().copied().rev().find(|&base| base <= from).unwrap_or(0);
            if let Some(Ok(first)) = batches(&bytes).next() {
                assert!(first.next_offset().0 > from && first.base_offset().0 >= expected);
            }
        }
    }
}

/// The bug: the sidecar is not written, or not believed, and a restart shows what was hidden.
#[tokio::test]
async fn they_stay_hidden_after_a_restart_a_kill_and_without_sidecars() {
    let world = World::new().await;
    let log = mixed(&world).await;
    let (all, visible) = (bases(&log, Which::All), bases(&log, Which::Visible));
    let end = log.visible_end(log.end());
    let killed = world.after_kill().await;
    let log = killed.log_with(small_segments(1_500));
    assert_eq!(
        (
            bases(&log, Which::All),
            bases(&log, Which::Visible),
            log.visible_end(log.end())
        ),
        (all.clone(), visible.clone(), end)
    );
    let restarted = world.restart().await;
    let log = restarted.log_with(small_segments(1_500));
    assert_eq!(
        (
            bases(&log, Which::All),
            bases(&log, Which::Visible),
            log.visible_end(log.end())
        ),
        (all.clone(), visible.clone(), end)
    );
    drop(log);
    restarted.directory.shutdown().await.unwrap();
    for name in files(&restarted.log_path()) {
        if name.ends_with(".hidden") || name.ends_with("index") {
            std::fs::remove_file(restarted.log_path().join(name)).unwrap();
        }
    }
    let bare = World::over(restarted.killed()).await;
    let log = bare.log_with(small_segments(1_500));
    assert_eq!(
        (
            bases(&log, Which::All),
            bases(&log, Which::Visible),
            log.visible_end(log.end())
        ),
        (all, visible, end)
    );
}

/// The bug: clients are told an end behind which there are only batches they don't get, and wait for it.
#[tokio::test]
async fn the_end_that_is_told_is_just_behind_the_last_visible_batch() {
    let world = World::new().await;
    let log = world.log_with(small_segments(600));
    assert_eq!(log.visible_end(Offset(0)), Offset(0));
    append(&log, plain(2, 0)).unwrap();
    for _ in 0..30 {
        let mate = emptied(2);
        append_pair(&log, entry_for(&mate, &plain(1, 0)), mate).unwrap();
    }
    let end = log.end();
    assert_eq!(log.visible_end(end), Offset(2));
    append(&log, plain(1, 0)).unwrap();
    assert_eq!(log.visible_end(log.end()), log.end());
    // In any order, and with limits in segments that are sealed.
    for limit in (2..=end.0).rev() {
        assert_eq!(log.visible_end(Offset(limit)), Offset(2), "{limit}");
    }
    assert_eq!(log.visible_end(Offset(1)), Offset(1));
    assert_eq!(log.visible_end(Offset(0)), Offset(0));
}

#[tokio::test]
async fn a_reader_behind_the_told_end_waits() {
    let world = World::new().await;
    let log = world.log();
    append(&log, plain(2, 0)).unwrap();
    append(&log, emptied(5)).unwrap();
    for from in 2..=7 {
        assert_eq!(
            log.read(Offset(from), log.end(), 1_000, true, Which::Visible)
                .unwrap()
                .bytes,
            0
        );
    }
    append(&log, plain(1, 0)).unwrap();
    for from in 2..=7 {
        assert_eq!(read(&log, from, 8, 1_000, Which::Visible).len(), 1, "{from}");
    }
}
