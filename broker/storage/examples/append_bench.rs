//! What an append, a flush round, a read and a start cost here, as a table.
//!
//! ```text
//! cargo run --release -p corvid-storage --example append_bench [DIRECTORY]
//! ```
//!
//! Beside each append stands the bare write of as many bytes to a file, so that what the log adds can be seen: the aim is
//! under 3 µs.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    reason = "this is a measurement, on the real machine"
)]

use std::io::IoSlice;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use corvid_env::fs::Dir;
use corvid_record::{
    BatchBuilder, Compression, LeaderEpoch, Offset, Producer, ProducerEpoch, ProducerId, RecordParts, Sequence,
    Timestamp,
};
use corvid_storage::{Append, AppendKind, Durability, Log, LogConfig, LogDirectory, LogDirectoryConfig, Which};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let temporary = tempfile::tempdir().unwrap();
    let root = std::env::args()
        .nth(1)
        .map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let open = || {
        LogDirectory::open(
            Dir::create_all(root.join("logs")).unwrap(),
            LogDirectoryConfig::default(),
        )
    };
    let directory = open().await.unwrap();
    println!("{:<44} {:>12} {:>12} {:>12}", "", "each", "bare write", "beside it");
    for (bytes, count) in [(200, 200_000), (1_100, 100_000), (16_500, 20_000), (130_000, 3_000)] {
        appends(&directory, &root, bytes, count);
    }
    reads(&directory);
    rounds(&directory, 1, 2_000).await;
    rounds(&directory, 100, 50).await;
    rounds(&directory, 1_000, 5).await;
    starts(directory, open).await;
}

/// A batch of one record that has about so many bytes.
fn batch(bytes: usize, sequence: i32) -> Bytes {
    let producer = Producer {
        id: ProducerId(7),
        epoch: ProducerEpoch(0),
        base_sequence: Sequence(sequence),
    };
    let mut builder = BatchBuilder::new(Compression::None).producer(producer);
    let value = vec![0x61; bytes - 80];
    builder.push(&RecordParts {
        timestamp: Timestamp(1),
        value: Some(&value),
        ..RecordParts::default()
    });
    builder.finish(None).unwrap()
}

fn append(log: &Log, batch: Bytes) {
    log.append(Append {
        epoch: LeaderEpoch(1),
        entry: None,
        batch,
        kind: AppendKind::Client,
    })
    .unwrap();
}

fn config(durability: Durability) -> LogConfig {
    LogConfig {
        durability,
        ..LogConfig::default()
    }
}

fn appends(directory: &LogDirectory, root: &std::path::Path, bytes: usize, count: i32) {
    let log = directory
        .open_log(&format!("append-{bytes}"), config(Durability::Replicas))
        .unwrap();
    let batches: Vec<_> = (0..count).map(|sequence| batch(bytes, sequence)).collect();
    let begun = Instant::now();
    for batch in &batches {
        append(&log, batch.clone());
    }
    let ours = begun.elapsed() / count as u32;
    let dir = Dir::open(root).unwrap();
    let file = dir.create("bare").unwrap();
    file.preallocate(0, bytes as u64 * count as u64).unwrap();
    let (begun, mut at) = (Instant::now(), 0);
    for batch in &batches {
        at += file
            .write_at(at, &[IoSlice::new(&batch[..16]), IoSlice::new(&batch[16..])])
            .unwrap() as u64;
    }
    let bare = begun.elapsed() / count as u32;
    dir.remove("bare").unwrap();
    row(&format!("append, one record of {bytes} B"), ours, Some(bare));
}

fn reads(directory: &LogDirectory) {
    let log = directory.log("append-200").unwrap();
    let (end, count) = (log.end(), 100_000);
    let time = |what: &str, read: &dyn Fn(i64)| {
        let begun = Instant::now();
        (0..count).for_each(read);
        row(what, begun.elapsed() / count as u32, None);
    };
    time("read, at the end", &|_| {
        drop(log.read(Offset(end.0 - 1), end, 1 << 20, true, Which::Visible).unwrap());
    });
    time("read, anywhere in the active segment", &|number| {
        drop(
            log.read(Offset(number * 7_919 % end.0), end, 1 << 16, true, Which::Visible)
                .unwrap(),
        );
    });
    time("visible end", &|_| assert_eq!(log.visible_end(end), end));
}

/// A round for each turn: one append to each of so many logs, then until all of them are flushed.
async fn rounds(directory: &LogDirectory, logs: usize, turns: u32) {
    let open = |number| {
        directory
            .open_log(&format!("round{logs}-{number}"), config(Durability::Disk))
            .unwrap()
    };
    let logs: Vec<Arc<Log>> = (0..logs).map(open).collect();
    directory.sync().await.unwrap();
    let begun = Instant::now();
    for turn in 0..turns {
        for log in &logs {
            append(log, batch(200, turn as i32));
        }
        directory.sync().await.unwrap();
        assert!(logs.iter().all(|log| log.flushed() == log.end()));
    }
    row(
        &format!("flush round over {} logs, one append each", logs.len()),
        begun.elapsed() / turns,
        None,
    );
}

async fn starts<F: Future<Output = Result<Arc<LogDirectory>, corvid_storage::OpenError>>>(
    directory: Arc<LogDirectory>,
    open: impl Fn() -> F,
) {
    let begun = Instant::now();
    directory.shutdown().await.unwrap();
    drop(directory);
    row("clean shutdown", begun.elapsed(), None);
    for clean in [true, false] {
        let begun = Instant::now();
        let directory = open().await.unwrap();
        let names = directory.names().unwrap();
        for name in &names {
            directory.open_log(name, config(Durability::Disk)).unwrap();
        }
        let how = if clean { "clean" } else { "unclean" };
        row(&format!("{how} start, {} logs", names.len()), begun.elapsed(), None);
        drop(directory);
        // The dropped directory lets go of its lock at once; its flusher may still end.
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn row(what: &str, each: Duration, bare: Option<Duration>) {
    let micros = |time: Duration| format!("{:.2} µs", time.as_secs_f64() * 1e6);
    let bare_text = bare.map(micros).unwrap_or_default();
    let beside = bare.map(|bare| micros(each.saturating_sub(bare))).unwrap_or_default();
    println!("{what:<44} {:>12} {bare_text:>12} {beside:>12}", micros(each));
}
