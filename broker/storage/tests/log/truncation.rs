//! Cutting the end: as if what was cut had never been, also after a crash.

use corvid_record::{LeaderEpoch, Offset};
use corvid_storage::{AppendKind, ChangeError, Log, Which};

use crate::support::*;

fn fill(log: &Log) {
    for number in 0..30 {
        append_in(log, 1 + number / 10, produced(1, 0, number * 2, 2), AppendKind::Client).unwrap();
    }
}

#[tokio::test]
async fn what_was_cut_is_forgotten_in_every_respect() {
    for cut in [0, 2, 20, 31, 58] {
        let world = World::new().await;
        let log = world.log_with(small_segments(700));
        fill(&log);
        flushed(&log).await;
        log.truncate(Offset(cut)).await.unwrap();
        let end = cut / 2 * 2;
        assert_eq!(log.end(), Offset(end), "the batch that the cut is in goes, too");
        assert!(log.flushed() <= log.end());
        assert_eq!(bases(&log, Which::Visible), (0..end).step_by(2).collect::<Vec<_>>());
        let epoch = if end == 0 { -1 } else { 1 + ((end - 2) / 2 / 10) as i32 };
        assert_eq!(log.latest_epoch(), LeaderEpoch(epoch), "cut at {cut}");
        if end > 0 {
            let last = append_in(&log, 9, produced(1, 0, end as i32 - 2, 2), AppendKind::Client).unwrap();
            assert!(last.duplicate);
        }
        let next = append_in(&log, 9, produced(1, 0, end as i32, 2), AppendKind::Client).unwrap();
        assert_eq!((next.base_offset, next.duplicate), (Offset(end), false));
        flushed(&log).await;
        let killed = world.after_kill().await;
        let log = killed.log_with(small_segments(700));
        assert_eq!((log.end(), log.flushed()), (Offset(end + 2), Offset(end + 2)));
    }
}

/// The bug: the cut is done before the durable flushed position is lowered, and a crash in between makes a sound log look short.
#[tokio::test]
async fn a_crash_right_after_the_cut_finds_a_sound_log() {
    let world = World::new().await;
    let log = world.log_with(small_segments(700));
    fill(&log);
    flushed(&log).await;
    log.truncate(Offset(10)).await.unwrap();
    assert_eq!(world.after_kill().await.log_with(small_segments(700)).end(), Offset(10));
}

#[tokio::test]
async fn nothing_is_cut_outside_of_the_log() {
    let world = World::new().await;
    let log = world.log_with(small_segments(700));
    fill(&log);
    log.truncate(Offset(60)).await.unwrap();
    log.truncate(Offset(99)).await.unwrap();
    assert_eq!(log.end(), Offset(60));
    log.advance_start(Offset(30), corvid_storage::Reason::Retention)
        .unwrap();
    assert!(log.start() > Offset(0));
    assert!(matches!(
        log.truncate(Offset(0)).await,
        Err(ChangeError::OutOfRange { .. })
    ));
}

/// The bug: a truncation whose task is aborted while it waits for the lowered position to be durable leaves the log closed for ever.
#[tokio::test]
async fn a_truncation_that_is_given_up_leaves_the_log_as_it_was() {
    let world = World::new().await;
    let log = world.log();
    append(&log, plain(3, 0)).unwrap();
    append(&log, plain(3, 0)).unwrap();
    {
        let mut truncation = std::pin::pin!(log.truncate(Offset(3)));
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(truncation.as_mut().poll(context))).await;
        assert!(polled.is_pending());
        assert!(append(&log, plain(1, 0)).is_err(), "it is held");
    }
    assert_eq!(append(&log, plain(2, 0)).unwrap().end, Offset(8));
    flushed(&log).await;
    assert_eq!(world.after_kill().await.log().end(), Offset(8));
}
