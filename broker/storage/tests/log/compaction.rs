//! Compaction: of each key the last record, at its offset, whatever crashes.

mod emptied;
mod lag;
mod recreated;
mod stopping;
mod visible;

use corvid_env::clock::{WallTime, wall_clock};
use corvid_record::hidden::{EntryBuilder, Hold, SubBatch, Target};
use corvid_record::{
    BatchBuilder, Compression, Offset, Producer, ProducerEpoch, ProducerId, Sequence, Timestamp, batches,
};
use corvid_storage::{AppendKind, Cleanup, Log, LogConfig, Reason, Which};

use crate::support::*;

fn fill(log: &Log) {
    for number in 0..60 {
        let compression = if number % 2 == 0 {
            Compression::None
        } else {
            Compression::Lz4
        };
        let pairs = [
            (number % 7, Some(number)),
            (100 + number, Some(number)),
            (number % 5, Some(number * 10)),
        ];
        append_in(log, 1, keyed(compression, &pairs, 1_000), AppendKind::Internal).unwrap();
    }
}

#[tokio::test]
async fn the_last_of_each_key_stays_at_its_offset() {
    let world = World::new().await;
    let log = world.log_with(compacted(1_500));
    fill(&log);
    flushed(&log).await;
    let (before, end) = (contents(&log), log.end());
    let done = log.compact(wall_clock(), end, || true).await.unwrap().unwrap();
    assert!(
        done.records_removed > 50 && done.bytes_after < done.bytes_before,
        "{done:?}"
    );
    let after = contents(&log);
    assert_eq!(last_of_each(&after), last_of_each(&before));
    assert_eq!(after.len() as u64, before.len() as u64 - done.records_removed);
    assert!(
        log.compact(wall_clock(), end, || true).await.unwrap().is_none(),
        "there is nothing new"
    );
    for world in [world.after_kill().await, world.restart().await] {
        let log = world.log_with(compacted(1_500));
        assert_eq!((contents(&log), log.end()), (after.clone(), end));
        append_in(
            &log,
            1,
            keyed(Compression::None, &[(1, Some(1))], 0),
            AppendKind::Internal,
        )
        .unwrap();
    }
}

/// The bug: a crash in the middle of the swap leaves both, or neither, of the old and the new segments.
#[tokio::test]
async fn a_swap_that_was_interrupted_anywhere_is_finished_or_undone() {
    let world = World::new().await;
    let log = world.log_with(compacted(1_500));
    fill(&log);
    flushed(&log).await;
    let before = world.killed();
    log.compact(wall_clock(), log.end(), || true).await.unwrap().unwrap();
    let expected = last_of_each(&contents(&log));
    let new = world.log_path().join("00000000000000000000.log");
    let interrupted = |state: &str| {
        let copy = tempfile::tempdir().unwrap();
        copy_all(before.path(), copy.path());
        std::fs::copy(
            &new,
            copy.path().join(LOG).join(format!("00000000000000000000.log.{state}")),
        )
        .unwrap();
        copy
    };
    let cleaned = interrupted("cleaned");
    let swapped = interrupted("swap");
    let half = interrupted("swap");
    let names: Vec<_> = files(&half.path().join(LOG))
        .into_iter()
        .filter(|name| name.starts_with("00000000000000000000.") && !name.ends_with("swap"))
        .collect();
    names
        .iter()
        .for_each(|name| std::fs::remove_file(half.path().join(LOG).join(name)).unwrap());
    for copy in [cleaned, swapped, half] {
        let world = World::over(copy).await;
        let log = world.log_with(compacted(1_500));
        let all = contents(&log);
        assert_eq!(last_of_each(&all), expected);
        assert!(all.is_sorted(), "no offset is there twice");
        assert!(
            files(&world.log_path())
                .iter()
                .all(|name| !name.ends_with("swap") && !name.ends_with("cleaned"))
        );
    }
}

#[tokio::test]
async fn a_tombstone_stays_for_a_while_and_then_goes() {
    let world = World::new().await;
    let config = LogConfig {
        delete_retention_ms: 1_000,
        min_cleanable_dirty_permille: 0,
        ..compacted(300)
    };
    let log = world.log_with(config);
    let now = wall_clock();
    append_in(
        &log,
        1,
        keyed(Compression::None, &[(1, Some(1)), (2, Some(2))], now.0),
        AppendKind::Internal,
    )
    .unwrap();
    append_in(
        &log,
        1,
        keyed(Compression::None, &[(1, None)], now.0),
        AppendKind::Internal,
    )
    .unwrap();
    let has_tombstone = |log: &Log| {
        contents(log)
            .iter()
            .any(|(_, key, value)| key == "key 1" && value.is_none())
    };
    for (seconds, expected) in [(0, true), (0, true), (5, false)] {
        // Something new, or there is nothing to do; enough of it to seal a segment.
        for number in 0..8 {
            append_in(
                &log,
                1,
                keyed(Compression::None, &[(50 + number, Some(1))], now.0),
                AppendKind::Internal,
            )
            .unwrap();
        }
        flushed(&log).await;
        log.compact(WallTime(now.0 + seconds * 1_000), log.end(), || true)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(has_tombstone(&log), expected, "after {seconds} s");
        assert!(
            !contents(&log)
                .iter()
                .any(|(_, key, value)| key == "key 1" && value.is_some())
        );
    }
}

/// The bug: a tombstone with an old timestamp, as a mirror or a replay writes it, goes with the pass after the first: whoever reads
/// from the start meanwhile keeps what was deleted.
#[tokio::test]
async fn a_tombstone_stays_as_long_whatever_its_timestamp_is() {
    let world = World::new().await;
    let log = world.log_with(LogConfig {
        delete_retention_ms: 1_000,
        min_cleanable_dirty_permille: 0,
        ..compacted(300)
    });
    let append = |pairs: &[(i64, Option<i64>)]| {
        append_in(&log, 1, keyed(Compression::Lz4, pairs, 5), AppendKind::Internal).unwrap();
    };
    append(&[(1, None), (2, Some(2))]);
    let now = wall_clock();
    for (seconds, expected) in [(0, true), (0, true), (9, false)] {
        (50..58).for_each(|key| append(&[(key, Some(1))]));
        flushed(&log).await;
        log.compact(WallTime(now.0 + seconds * 1_000), log.end(), || true)
            .await
            .unwrap()
            .unwrap();
        let all = contents(&log);
        assert_eq!(all[0].1 == "key 1" && all[0].2.is_none(), expected, "after {seconds} s");
        assert!(all.iter().any(|(_, key, _)| key == "key 2"));
        let first = log.read_bytes(log.start(), log.end(), 1, true, Which::All).unwrap();
        let first = batches(&first).next().unwrap().unwrap();
        assert_eq!(first.max_timestamp(), Timestamp(5), "records keep their times");
    }
}

/// The bug: a topic that was compacted once, and is not any more, is damaged at the next recovery, for its offsets have gaps.
#[tokio::test]
async fn a_log_that_was_compacted_once_is_recovered_with_its_gaps() {
    let world = World::new().await;
    let log = world.log_with(compacted(300));
    for number in 0..40 {
        append_in(
            &log,
            1,
            keyed(Compression::None, &[(number % 3, Some(number))], 5),
            AppendKind::Internal,
        )
        .unwrap();
    }
    flushed(&log).await;
    log.compact(wall_clock(), log.end(), || true).await.unwrap().unwrap();
    let (expected, end) = (contents(&log), log.end());
    let killed = world.killed();
    // Everything is walked again.
    for name in files(&killed.path().join(LOG)) {
        if !name.ends_with(".log") {
            std::fs::remove_file(killed.path().join(LOG).join(name)).unwrap();
        }
    }
    let world = World::over(killed).await;
    let log = world.log_with(LogConfig {
        cleanup: Cleanup::Delete,
        ..compacted(300)
    });
    assert_eq!((contents(&log), log.end()), (expected, end));
}

/// The bug: one batch that is nonsense inside, from when the topic was not compacted, and the log is never compacted again.
#[tokio::test]
async fn what_cannot_be_read_stays_and_the_rest_is_compacted() {
    let world = World::new().await;
    let log = world.log_with(compacted(300));
    let mut nonsense = keyed(Compression::None, &[(1, Some(1))], 5).to_vec();
    let last = nonsense.len();
    nonsense[61..last].fill(0x7f);
    let crc = corvid_record::crc32c(&nonsense[21..]);
    nonsense[17..21].copy_from_slice(&crc.to_be_bytes());
    append_in(&log, 1, nonsense.into(), AppendKind::Internal).unwrap();
    for number in 0..40 {
        append_in(
            &log,
            1,
            keyed(Compression::None, &[(number % 3, Some(number))], 5),
            AppendKind::Internal,
        )
        .unwrap();
    }
    flushed(&log).await;
    let done = log.compact(wall_clock(), log.end(), || true).await.unwrap().unwrap();
    assert!(done.records_removed > 20, "{done:?}");
    let first = log.read_bytes(log.start(), log.end(), 1, true, Which::All).unwrap();
    assert_eq!(batches(&first).next().unwrap().unwrap().section()[0], 0x7f);
}

/// The bug: what is not committed yet replaces what is.
#[tokio::test]
async fn nothing_beyond_the_limit_is_looked_at() {
    let world = World::new().await;
    let log = world.log_with(compacted(1_500));
    fill(&log);
    flushed(&log).await;
    let before = contents(&log);
    let limit = Offset(60);
    log.compact(wall_clock(), limit, || true).await.unwrap();
    let after = contents(&log);
    let below: Vec<_> = before
        .iter()
        .filter(|(offset, ..)| *offset < limit.0)
        .cloned()
        .collect();
    let beyond = |all: &[(i64, String, Option<String>)]| all.iter().filter(|(offset, ..)| *offset >= limit.0).count();
    assert_eq!(beyond(&after), beyond(&before));
    for (key, last) in last_of_each(&below) {
        assert!(after.contains(&(last.0, key, last.1)));
    }
}

#[tokio::test]
async fn the_last_batch_of_a_producer_stays_though_it_is_empty() {
    let world = World::new().await;
    let log = world.log_with(LogConfig {
        min_cleanable_dirty_permille: 0,
        ..compacted(300)
    });
    append_in(&log, 1, produced(4, 0, 0, 1), AppendKind::Internal).unwrap();
    append_in(&log, 1, produced(4, 0, 1, 1), AppendKind::Internal).unwrap();
    for _ in 0..10 {
        append_in(&log, 1, plain(1, 0), AppendKind::Internal).unwrap();
    }
    flushed(&log).await;
    log.compact(wall_clock(), log.end(), || true).await.unwrap().unwrap();
    let killed = world.killed();
    for name in files(&killed.path().join(LOG))
        .iter()
        .filter(|name| name.ends_with(".snapshot"))
    {
        std::fs::remove_file(killed.path().join(LOG).join(name)).unwrap();
    }
    let log = World::over(killed).await.log_with(compacted(300));
    assert_eq!(log.producers()[0].last_offset, Offset(1));
}

/// The bug: of a topic that held records before it was compacted, the release goes with its key, and what was held stays: a look through
/// the whole log finds it held, and it comes again.
#[tokio::test]
async fn what_was_held_goes_before_its_release() {
    let world = World::new().await;
    let log = world.log_with(compacted(300));
    let entry = |hold: Option<Hold>| {
        let sub_batch = SubBatch {
            target: Target {
                topic_id: [9; 16],
                partition: 1,
            },
            hold,
            origins: Vec::new(),
            offset_headers: Vec::new(),
            batch: keyed(Compression::None, &[(1, Some(1))], 5),
        };
        EntryBuilder::armed_alone(Timestamp(5))
            .sub_batch(sub_batch)
            .finish()
            .unwrap()
    };
    let hold = Hold {
        due: Timestamp(5),
        first_offset: None,
        attempts: 0,
        decision: Vec::new(),
    };
    let cancels = EntryBuilder::armed_alone(Timestamp(5))
        .cancel(Offset(0))
        .finish()
        .unwrap();
    let note = entry(None);
    for entry in [entry(Some(hold)), cancels, note.clone()] {
        append_in(&log, 1, entry, AppendKind::Internal).unwrap();
    }
    fill(&log);
    flushed(&log).await;
    log.compact(wall_clock(), log.end(), || true).await.unwrap().unwrap();
    let left: Vec<_> = log.entries(log.start(), log.end()).unwrap().into_iter().collect();
    assert_eq!(left.len(), 1, "the note stays");
    assert_eq!(left[0].bytes as usize, note.len());
}

/// The bug: compaction takes an outbox entry that has done its work, and what is left of its batch stays, hidden: the visible end seems
/// to be before that, where no record ends. A consumer that reads up to it never gets there.
#[tokio::test]
async fn the_visible_end_is_behind_a_record_whatever_was_taken_behind_it() {
    let world = World::new().await;
    let config = LogConfig {
        min_cleanable_dirty_permille: 0,
        segment_ms: 1_000,
        ..compacted(1_000)
    };
    let log = world.log_with(config.clone());
    append_in(
        &log,
        1,
        keyed(Compression::None, &[(1, Some(1))], 0),
        AppendKind::Internal,
    )
    .unwrap();
    let producer = Producer {
        id: ProducerId(4),
        epoch: ProducerEpoch(0),
        base_sequence: Sequence(0),
    };
    let mate = BatchBuilder::new(Compression::None).producer(producer);
    let mate = mate.finish(Some(1)).unwrap();
    append_pair(&log, entry_for(&mate, &plain(1, 0)), mate).unwrap();
    assert!(log.roll_if_due(WallTime(i64::MAX)).unwrap());
    flushed(&log).await;
    let told = |log: &Log| (log.visible_end(log.end()), bases(log, Which::All).len());
    assert_eq!(told(&log), (Offset(1), 3));
    log.compact(wall_clock(), log.end(), || true).await.unwrap().unwrap();
    assert_eq!(told(&log), (Offset(1), 2));
    for world in [world.after_kill().await, world.restart().await] {
        assert_eq!(told(&world.log_with(config.clone())), (Offset(1), 2));
    }
}
