//! Appends get offsets, and come back as they were sent.

use corvid_record::{Batch, Compression, LeaderEpoch, Offset, Timestamp, TimestampType, batches};
use corvid_storage::{AppendError, AppendKind, LogConfig, ReadError, TimestampType as Setting, Which};

use crate::support::*;

#[tokio::test]
async fn offsets_are_assigned_and_the_bytes_stay_the_clients() {
    let world = World::new().await;
    let log = world.log();
    let first = append(&log, plain(3, 1_000)).unwrap();
    let second = append(&log, plain(2, 2_000)).unwrap();
    assert_eq!(
        (first.base_offset, first.last_offset, first.end),
        (Offset(0), Offset(2), Offset(3))
    );
    assert_eq!(
        (second.base_offset, second.end, second.duplicate),
        (Offset(3), Offset(5), false)
    );
    let bytes = log
        .read_bytes(Offset(3), Offset(5), 1 << 20, false, Which::Visible)
        .unwrap();
    let stored = Batch::parse(&bytes).unwrap();
    stored.verify_crc().unwrap();
    assert_eq!(
        (stored.base_offset(), stored.leader_epoch()),
        (Offset(3), LeaderEpoch(1))
    );
    // All but offset and epoch: the checksum covers the rest, and is the client's.
    assert_eq!(bytes[16..], plain(2, 2_000)[16..]);
}

#[tokio::test]
async fn reads_end_at_the_limit_and_give_the_batch_an_offset_is_in() {
    let world = World::new().await;
    let log = world.log();
    for _ in 0..4 {
        append(&log, plain(3, 1_000)).unwrap();
    }
    let whole: Vec<_> = read(&log, 4, 9, 1 << 20, Which::Visible)
        .iter()
        .map(|&(base, end, _)| (base, end))
        .collect();
    assert_eq!(whole, [(3, 6), (6, 9)]);
    assert!(
        log.read(Offset(9), Offset(9), 1000, true, Which::Visible)
            .unwrap()
            .ranges
            .is_empty()
    );
    assert!(
        log.read(Offset(12), Offset(12), 1000, true, Which::Visible)
            .unwrap()
            .ranges
            .is_empty()
    );
    let beyond = log.read(Offset(13), Offset(20), 1000, true, Which::Visible);
    assert!(
        matches!(
            beyond,
            Err(ReadError::OutOfRange {
                start: Offset(0),
                end: Offset(12)
            })
        ),
        "{beyond:?}"
    );
}

#[tokio::test]
async fn a_first_batch_that_is_too_large_comes_whole_if_that_is_asked_for_and_not_at_all_else() {
    let world = World::new().await;
    let log = world.log();
    append(&log, plain(50, 1_000)).unwrap();
    append(&log, plain(1, 1_000)).unwrap();
    let size = log
        .read(Offset(0), Offset(50), u32::MAX, true, Which::All)
        .unwrap()
        .bytes;
    for which in [Which::All, Which::Visible] {
        for max_bytes in [0, 1, 100, size as u32 - 1, size as u32] {
            let slices = log.read(Offset(0), Offset(51), max_bytes, true, which).unwrap();
            assert_eq!((slices.bytes, slices.ranges.len()), (size, 1), "{max_bytes}");
        }
        // The bug: a part of it, and Java's consumer fails for good: "no complete records were found".
        for (max_bytes, expected) in [(0, 0), (100, 0), (size - 1, 0), (size, size), (size + 9, size + 9)] {
            let slices = log.read(Offset(0), Offset(51), max_bytes as u32, false, which).unwrap();
            assert_eq!(slices.bytes, expected, "{max_bytes}");
        }
    }
    assert!(
        log.read_bytes(Offset(0), Offset(51), 100, false, Which::All)
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn an_older_leader_is_fenced() {
    let world = World::new().await;
    let log = world.log();
    log.begin_epoch(LeaderEpoch(5));
    let fenced = append_in(&log, 4, plain(1, 0), AppendKind::Internal);
    assert!(matches!(
        fenced,
        Err(AppendError::FencedEpoch {
            given: LeaderEpoch(4),
            current: LeaderEpoch(5)
        })
    ));
    append_in(&log, 5, plain(1, 0), AppendKind::Internal).unwrap();
}

#[tokio::test]
async fn what_is_not_one_batch_is_refused() {
    let world = World::new().await;
    let log = world.log();
    let two = [plain(1, 0), plain(1, 0)].concat();
    assert!(matches!(append(&log, two.into()), Err(AppendError::LeftOver(_))));
    assert!(matches!(
        append(&log, plain(1, 0).slice(..40)),
        Err(AppendError::Corrupt(_))
    ));
    let no_entry = append_pair(&log, plain(1, 0), plain(1, 0));
    assert!(matches!(no_entry, Err(AppendError::NotAnEntry(_))), "{no_entry:?}");
    assert_eq!(log.end(), Offset(0));
}

/// The bug: the leader sets the append time, the entry's mate test fails on the new checksum, and what moved never leaves.
#[tokio::test]
async fn log_append_time_is_the_brokers_and_the_entry_still_knows_its_mate() {
    let world = World::new().await;
    let log = world.log_with(LogConfig {
        timestamp_type: Setting::LogAppendTime,
        ..LogConfig::default()
    });
    let mate = plain(2, 1_000);
    let appended = append_pair(&log, entry_for(&mate, &plain(1, 0)), mate).unwrap();
    let bytes = log.read_bytes(Offset(0), log.end(), 1 << 20, true, Which::All).unwrap();
    let stored: Vec<_> = batches(&bytes).map(Result::unwrap).collect();
    assert_eq!(stored[1].attributes().timestamp_type, TimestampType::LogAppendTime);
    assert_eq!(Some(stored[1].max_timestamp()), appended.log_append_time);
    for batch in &stored {
        batch.verify_crc().unwrap();
    }
    let entry = corvid_record::hidden::EntryView::parse(stored[0]).unwrap();
    assert!(entry.is_armed(Some(&stored[1])));
}

#[tokio::test]
async fn a_compressed_batch_is_not_touched() {
    let world = World::new().await;
    let log = world.log();
    let mut builder = corvid_record::BatchBuilder::new(Compression::Zstd);
    records(&mut builder, 100, 1_000, 50);
    let sent = builder.finish(None).unwrap();
    append(&log, sent.clone()).unwrap();
    let bytes = log
        .read_bytes(Offset(0), Offset(100), 1 << 20, true, Which::Visible)
        .unwrap();
    assert_eq!(bytes[16..], sent[16..]);
    assert_eq!(Batch::parse(&bytes).unwrap().max_timestamp(), Timestamp(1_099));
}
