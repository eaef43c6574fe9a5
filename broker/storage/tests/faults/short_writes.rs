//! A write of which the system takes only a part: what it took is not gone on with.

use std::path::Path;

use corvid_record::{BatchBuilder, Compression, Offset, RecordParts};
use corvid_storage::{AppendError, LogConfig, OpenError, Which};

use crate::arming::Armed;
use crate::support::*;

const SECTOR: usize = 512;
const FIRST: &str = "00000000000000000000.log";

/// A batch of several sectors, with no zeros in its value.
fn long() -> bytes::Bytes {
    let mut batch = BatchBuilder::new(Compression::None);
    batch.push(&RecordParts {
        value: Some(&[0xa7; 1_300]),
        ..RecordParts::default()
    });
    batch.finish(None).unwrap()
}

/// Makes `bytes` what a power cut leaves of them if the sector that byte `end` is in reached the disk when the file ended there, and
/// never again.
fn lose(bytes: &mut Vec<u8>, written: &[u8], end: usize) {
    let sector = end / SECTOR * SECTOR;
    let len = bytes.len().max(end);
    bytes.resize(len.max(sector + SECTOR), 0);
    bytes[sector..end].copy_from_slice(&written[sector..end]);
    bytes[end..sector + SECTOR].fill(0);
    bytes.truncate(len);
}

/// Appends behind what is flushed, with a write that is cut short at byte `end` of the file, and cuts the power. How the log opens
/// then, by the offsets that are there; with all segments that were made, and with the first one only.
async fn opened_after(armed: &Armed, end: usize, planted: &str) -> [Result<Vec<i64>, OpenError>; 2] {
    let world = World::new().await;
    let log = world.log();
    append(&log, plain(1, 0)).unwrap();
    flushed(&log).await;
    let killed = [world.killed(), world.killed()];
    let before = std::fs::read(world.log_path().join(FIRST)).unwrap();
    armed.arm(&format!("log.write=short:{}@1{planted}", end - before.len()));
    append(&log, long()).unwrap();
    armed.disarm();
    append(&log, plain(2, 0)).unwrap();
    assert_eq!(bases(&log, Which::All), [0, 1, 2]);
    // As the write has it, wherever it is now.
    let mut written = before;
    let read = log.read_bytes(Offset(1), Offset(2), 1, true, Which::All);
    written.extend_from_slice(&read.unwrap());
    let copies = ["", FIRST].into_iter().zip(killed);
    let opened = copies.map(async |(only, copy)| {
        copy_logs(&world.log_path(), copy.path(), only, &|bytes| {
            lose(bytes, &written, end);
        });
        let world = World::over(copy).await;
        let log = world.directory.open_log(LOG, LogConfig::default())?;
        let left = bases(&log, Which::All);
        append(&log, plain(1, 0)).unwrap();
        Ok(left)
    });
    let mut results = Vec::new();
    for one in opened {
        results.push(one.await);
    }
    results.try_into().unwrap()
}

fn copy_logs(from: &Path, to: &Path, only: &str, lose: &dyn Fn(&mut Vec<u8>)) {
    for name in files(from) {
        if name.ends_with(".log") && (only.is_empty() || name == only) {
            let mut bytes = std::fs::read(from.join(&name)).unwrap();
            if name == FIRST {
                lose(&mut bytes);
            }
            std::fs::write(to.join(LOG).join(name), bytes).unwrap();
        }
    }
}

/// The bug: a write is taken in two parts, and the sector between them reaches the disk after the first. Where that ends a few bytes in
/// front of the sector's end, nothing tells what a power cut leaves there from rot, and a sound log is quarantined.
#[tokio::test]
async fn a_power_cut_may_find_a_short_write_at_any_byte() {
    let armed = Armed::none_yet().await;
    let near = |end: usize| end.abs_diff(SECTOR).min(end.abs_diff(2 * SECTOR)) < 20;
    for end in (SECTOR - 20..=2 * SECTOR + 20).filter(|end| near(*end) || end % 16 == 5) {
        let [all, first] = opened_after(&armed, end, "").await;
        assert_eq!(all.unwrap(), [0, 1, 2], "cut short at {end}");
        assert_eq!(first.unwrap(), [0], "cut short at {end}");
    }
    for missing in 1..8 {
        let opened = opened_after(&armed, 2 * SECTOR - missing, ",log.short=skip").await;
        for opened in opened {
            assert!(matches!(opened, Err(OpenError::Quarantined { .. })), "{missing} bytes");
        }
    }
}

/// The bug: a short write in an empty segment, where there is nothing to be sealed, or one after the other, stops the log.
#[tokio::test]
async fn the_first_write_of_a_log_may_be_short_and_the_next_one_too() {
    let armed = Armed::none_yet().await;
    let world = World::new().await;
    let log = world.log();
    for taken in [1, 60, 100] {
        armed.arm(&format!("log.write=short:{taken}@1"));
        append(&log, long()).unwrap();
    }
    armed.arm("log.write=short:30");
    assert!(matches!(append(&log, long()), Err(AppendError::Io(_))));
    armed.disarm();
    append(&log, plain(1, 0)).unwrap();
    assert_eq!(bases(&log, Which::All), [0, 1, 2, 3]);
    assert_eq!(bases(&world.after_kill().await.log(), Which::All), [0, 1, 2, 3]);
    assert_eq!(log.end(), Offset(4));
}
