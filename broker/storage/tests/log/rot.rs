//! Bytes that were good once: never cut, never served as if nothing were; the log does not open, and its bytes stay.

use std::path::{Path, PathBuf};

use corvid_record::Offset;
use corvid_storage::{LogConfig, OpenError};

use crate::support::*;

fn log_file(path: &Path) -> PathBuf {
    path.join(LOG).join("00000000000000000000.log")
}

async fn opened(path: &Path) -> Result<(), OpenError> {
    let directory = open_directory(path).await.unwrap();
    directory.open_log(LOG, LogConfig::default()).map(drop)
}

/// The bug: recovery cuts at the first bad checksum, and acknowledged records are gone without a word.
#[tokio::test]
async fn a_bad_checksum_below_the_flushed_position_is_quarantined_wherever_it_is() {
    let world = World::new().await;
    let log = world.log();
    for _ in 0..5 {
        append(&log, plain(2, 0)).unwrap();
    }
    flushed(&log).await;
    let killed = world.killed();
    let good = std::fs::read(log_file(killed.path())).unwrap();
    for at in (0..good.len()).step_by(37).chain([good.len() - 1]) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x10;
        std::fs::write(log_file(killed.path()), &bytes).unwrap();
        let copy = tempfile::tempdir().unwrap();
        copy_all(killed.path(), copy.path());
        let refused = opened(copy.path()).await;
        // Offset and leader epoch are not under the checksum; an offset that goes forward can't be told from a right one.
        let size = good.len() / 5;
        if !(12..16).contains(&(at % size)) && at % size >= 8 {
            let Err(OpenError::Quarantined { offset, flushed, .. }) = refused else {
                panic!("byte {at}: {refused:?}")
            };
            assert_eq!(
                (offset, flushed),
                (Offset((at / size) as i64 * 2), Offset(10)),
                "byte {at}"
            );
            assert_eq!(
                std::fs::read(log_file(copy.path())).unwrap(),
                bytes,
                "byte {at}: nothing was changed"
            );
        }
    }
}

/// The bug: a bad batch in front of a good one is taken for a torn tail.
#[tokio::test]
async fn a_changed_bit_in_front_of_a_good_batch_is_rot_also_above_the_flushed_position() {
    let world = World::new().await;
    let log = world.log();
    append(&log, plain(2, 0)).unwrap();
    flushed(&log).await;
    let killed = world.killed();
    for _ in 0..3 {
        append(&log, plain(2, 0)).unwrap();
    }
    let mut bytes = std::fs::read(log_file(world.path())).unwrap();
    let size = bytes.len() / 4;
    bytes[size + 70] ^= 1;
    std::fs::write(log_file(killed.path()), &bytes).unwrap();
    assert!(matches!(
        opened(killed.path()).await,
        Err(OpenError::Quarantined { offset: Offset(2), .. })
    ));
    // Without a good batch behind it, it is a tail.
    bytes.truncate(2 * size);
    std::fs::write(log_file(killed.path()), &bytes).unwrap();
    opened(killed.path()).await.unwrap();
}

/// The bug: a log that lost what was flushed goes on as if it had never had it.
#[tokio::test]
async fn a_log_that_is_shorter_than_it_was_flushed_is_quarantined() {
    let world = World::new().await;
    let log = world.log();
    for _ in 0..5 {
        append(&log, plain(2, 0)).unwrap();
    }
    flushed(&log).await;
    for keep in [0, 1, 3] {
        let killed = world.killed();
        let bytes = std::fs::read(log_file(killed.path())).unwrap();
        std::fs::write(log_file(killed.path()), &bytes[..bytes.len() / 5 * keep]).unwrap();
        let refused = opened(killed.path()).await;
        assert!(
            matches!(
                refused,
                Err(OpenError::Quarantined {
                    flushed: Offset(10),
                    ..
                })
            ),
            "{refused:?}"
        );
    }
    let killed = world.killed();
    std::fs::remove_dir_all(killed.path().join(LOG)).unwrap();
    opened(killed.path()).await.unwrap();
}

#[tokio::test]
async fn a_segment_that_is_missing_in_the_middle_is_noticed() {
    let world = World::new().await;
    let log = world.log_with(small_segments(500));
    for _ in 0..20 {
        append(&log, plain(2, 0)).unwrap();
    }
    let killed = world.killed();
    let names: Vec<_> = files(&killed.path().join(LOG))
        .into_iter()
        .filter(|name| name.ends_with(".log"))
        .collect();
    std::fs::remove_file(killed.path().join(LOG).join(&names[2])).unwrap();
    std::fs::remove_file(killed.path().join("flushed-offset-checkpoint")).unwrap();
    // Nothing is known to be flushed: the part in front of the hole is the log.
    let world = World::over(killed).await;
    let log = world.log_with(small_segments(500));
    assert_eq!(format!("{:020}.log", log.end().0), names[2]);
}
