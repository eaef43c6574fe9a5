//! Leader epochs: where each began, also after a crash.

use corvid_record::{LeaderEpoch, Offset};
use corvid_storage::AppendKind;

use crate::support::*;

fn ends(log: &corvid_storage::Log) -> Vec<(i32, i64)> {
    (0..=8)
        .map(|epoch| {
            let (epoch, end) = log.epoch_end(LeaderEpoch(epoch), log.end());
            (epoch.0, end.0)
        })
        .collect()
}

/// The bug: epochs are kept in a file that is written later than the batches, and a crash in between forgets one.
#[tokio::test]
async fn they_come_back_after_a_kill_and_a_restart_and_without_their_file() {
    let world = World::new().await;
    let log = world.log_with(small_segments(600));
    for epoch in [1, 2, 5, 7] {
        log.begin_epoch(LeaderEpoch(epoch));
        for _ in 0..4 {
            append_in(&log, epoch, plain(2, 0), AppendKind::Internal).unwrap();
        }
    }
    let expected = ends(&log);
    assert_eq!(
        expected,
        [
            (0, 0),
            (1, 8),
            (2, 16),
            (2, 16),
            (2, 16),
            (5, 24),
            (5, 24),
            (7, 32),
            (-1, -1)
        ]
    );
    let killed = world.killed();
    let _ = std::fs::remove_file(killed.path().join(LOG).join("leader-epoch-checkpoint"));
    assert_eq!(ends(&World::over(killed).await.log_with(small_segments(600))), expected);
    assert_eq!(ends(&world.after_kill().await.log_with(small_segments(600))), expected);
    let world = world.restart().await;
    let log = world.log_with(small_segments(600));
    assert_eq!(ends(&log), expected);
    assert_eq!(log.epoch_end(LeaderEpoch(7), Offset(30)), (LeaderEpoch(7), Offset(30)));
    let text = std::fs::read_to_string(world.log_path().join("leader-epoch-checkpoint")).unwrap();
    assert_eq!(text, "0\n4\n1 0\n2 8\n5 16\n7 24\n");
}
