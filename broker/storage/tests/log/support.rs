//! A directory to play with, and batches to put into it.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use corvid_env::fs::Dir;
use corvid_record::hidden::{Decider, EntryBuilder, LinkPosition, LinkStamp, SourceId, SubBatch, Target};
use corvid_record::{
    Batch, BatchBuilder, Compression, LeaderEpoch, Offset, Producer, ProducerEpoch, ProducerId, RecordParts, Records,
    Sequence, Timestamp, batches,
};
use corvid_storage::{
    Append, AppendError, AppendKind, Appended, Cleanup, Log, LogConfig, LogDirectory, LogDirectoryConfig, OpenError,
    Which,
};

pub const LOG: &str = "orders-0";

/// A directory of logs in a temporary place.
pub struct World {
    pub temporary: tempfile::TempDir,
    pub directory: Arc<LogDirectory>,
}

impl World {
    pub async fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let directory = open_directory(temporary.path()).await.unwrap();
        Self { temporary, directory }
    }

    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    pub fn log(&self) -> Arc<Log> {
        self.directory.open_log(LOG, LogConfig::default()).unwrap()
    }

    pub fn log_with(&self, config: LogConfig) -> Arc<Log> {
        self.directory.open_log(LOG, config).unwrap()
    }

    pub fn log_path(&self) -> PathBuf {
        self.path().join(LOG)
    }

    /// Shuts down cleanly and starts again.
    pub async fn restart(self) -> Self {
        self.directory.shutdown().await.unwrap();
        drop(self.directory);
        let directory = open_directory(self.temporary.path()).await.unwrap();
        Self {
            temporary: self.temporary,
            directory,
        }
    }

    /// What a SIGKILL leaves: all files as they are right now, in another place.
    pub fn killed(&self) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        copy_all(self.path(), copy.path());
        copy
    }

    /// A start after a SIGKILL right now.
    pub async fn after_kill(&self) -> Self {
        Self::over(self.killed()).await
    }

    pub async fn over(temporary: tempfile::TempDir) -> Self {
        let directory = open_directory(temporary.path()).await.unwrap();
        Self { temporary, directory }
    }
}

pub async fn open_directory(path: &Path) -> Result<Arc<LogDirectory>, OpenError> {
    let config = LogDirectoryConfig {
        reserve_bytes: 1 << 20,
        ..LogDirectoryConfig::default()
    };
    LogDirectory::open(Dir::open(path).unwrap(), config).await
}

/// Copies what is there. Files come before directories, so that no checkpoint is newer than what it speaks of.
pub fn copy_all(from: &Path, to: &Path) {
    let (directories, files): (Vec<_>, Vec<_>) = fs::read_dir(from)
        .unwrap()
        .map(Result::unwrap)
        .partition(|entry| entry.file_type().unwrap().is_dir());
    for entry in files {
        match fs::copy(entry.path(), to.join(entry.file_name())) {
            // The flusher has just renamed it.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            copied => drop(copied.unwrap()),
        }
    }
    for entry in directories {
        let target = to.join(entry.file_name());
        fs::create_dir_all(&target).unwrap();
        copy_all(&entry.path(), &target);
    }
}

/// The names in a log's directory.
pub fn files(path: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Small segments, so that little data makes many of them.
pub fn small_segments(segment_bytes: u64) -> LogConfig {
    LogConfig {
        segment_bytes,
        index_interval_bytes: 200,
        retention_ms: None,
        ..LogConfig::default()
    }
}

pub fn records(builder: &mut BatchBuilder, count: i32, timestamp: i64, size: usize) {
    for number in 0..count {
        let value = format!("{number:>size$}");
        builder.push(&RecordParts {
            offset_delta: number,
            timestamp: Timestamp(timestamp + i64::from(number)),
            key: Some(format!("key {number}").as_bytes()),
            value: Some(value.as_bytes()),
            ..RecordParts::default()
        });
    }
}

/// A plain producer's batch.
pub fn plain(count: i32, timestamp: i64) -> Bytes {
    let mut builder = BatchBuilder::new(Compression::None);
    records(&mut builder, count, timestamp, 20);
    builder.finish(None).unwrap()
}

/// An idempotent producer's batch.
pub fn produced(id: i64, epoch: i16, base_sequence: i32, count: i32) -> Bytes {
    let producer = Producer {
        id: ProducerId(id),
        epoch: ProducerEpoch(epoch),
        base_sequence: Sequence(base_sequence),
    };
    let mut builder = BatchBuilder::new(Compression::None).producer(producer);
    records(&mut builder, count, 5_000, 20);
    builder.finish(None).unwrap()
}

/// A batch that hooks have emptied.
pub fn emptied(count: i32) -> Bytes {
    BatchBuilder::new(Compression::None).finish(Some(count - 1)).unwrap()
}

/// The outbox entry for a mate.
pub fn entry_for(mate: &[u8], sub_batch: &Bytes) -> Bytes {
    let mate = Batch::parse(mate).unwrap();
    let sub_batch = SubBatch {
        target: Target {
            topic_id: [9; 16],
            partition: 1,
        },
        hold: None,
        origins: Vec::new(),
        offset_headers: Vec::new(),
        batch: sub_batch.clone(),
    };
    let entry = EntryBuilder::for_mate(&mate, Timestamp(7_000));
    entry
        .decided_by(Decider {
            digest: [7; 32],
            generation: 1,
        })
        .sub_batch(sub_batch)
        .finish()
        .unwrap()
}

pub fn source(number: u32) -> SourceId {
    SourceId::new(number).unwrap()
}

pub fn position(epoch: i32, offset: i64) -> LinkPosition {
    LinkPosition {
        epoch: LeaderEpoch(epoch),
        offset: Offset(offset),
    }
}

/// A link's batch that brings it to `to`.
pub fn linked(from: SourceId, to: LinkPosition, count: i32) -> Bytes {
    let stamp = LinkStamp::at(from, to).pack().unwrap();
    let mut builder = BatchBuilder::new(Compression::None).producer(stamp);
    records(&mut builder, count, 6_000, 20);
    builder.finish(None).unwrap()
}

pub fn append_in(log: &Log, epoch: i32, batch: Bytes, kind: AppendKind) -> Result<Appended, AppendError> {
    log.append(Append {
        epoch: LeaderEpoch(epoch),
        entry: None,
        batch,
        kind,
    })
}

/// A client's append in epoch 1.
pub fn append(log: &Log, batch: Bytes) -> Result<Appended, AppendError> {
    append_in(log, 1, batch, AppendKind::Client)
}

/// A batch behind its outbox entry, in epoch 1.
pub fn append_pair(log: &Log, entry: Bytes, batch: Bytes) -> Result<Appended, AppendError> {
    log.append(Append {
        epoch: LeaderEpoch(1),
        entry: Some(entry),
        batch,
        kind: AppendKind::Client,
    })
}

/// A batch of a link, in epoch 1.
pub fn append_linked(
    log: &Log,
    from: SourceId,
    expected: LinkPosition,
    to: LinkPosition,
) -> Result<Appended, AppendError> {
    append_in(log, 1, linked(from, to, 2), AppendKind::Link { source: from, expected })
}

/// What a read gives, as (base offset, offset behind, bytes) of each batch. The checksums are verified.
pub fn read(log: &Log, from: i64, limit: i64, max_bytes: u32, which: Which) -> Vec<(i64, i64, usize)> {
    let bytes = log
        .read_bytes(Offset(from), Offset(limit), max_bytes, true, which)
        .unwrap();
    batches(&bytes)
        .map(|batch| {
            let batch = batch.unwrap();
            batch.verify_crc().unwrap();
            (batch.base_offset().0, batch.next_offset().0, batch.size())
        })
        .collect()
}

/// The base offsets of all batches that a read gives, going on where it stops.
pub fn bases(log: &Log, which: Which) -> Vec<i64> {
    let (mut from, end) = (log.start().0, log.end().0);
    if which == Which::Visible {
        from = log.visible_start(Offset(end)).0;
    }
    let mut all = Vec::new();
    loop {
        let some = read(log, from, end, 1 << 20, which);
        let Some(&(_, next, _)) = some.last() else { return all };
        all.extend(some.iter().map(|&(base, _, _)| base));
        from = next;
    }
}

/// Waits until everything that is written is flushed.
pub async fn flushed(log: &Arc<Log>) {
    struct Tell(tokio::sync::Notify);
    impl corvid_storage::LogListener for Tell {
        fn written(&self, _: Offset) {}
        fn flushed(&self, _: Offset) {
            self.0.notify_one();
        }
        fn failed(&self) {
            self.0.notify_one();
        }
    }
    let tell = Arc::new(Tell(tokio::sync::Notify::new()));
    log.set_listener(tell.clone());
    log.request_flush();
    while log.flushed() < log.end() {
        tell.0.notified().await;
    }
}

/// Small segments that are compacted.
pub fn compacted(segment_bytes: u64) -> LogConfig {
    LogConfig {
        cleanup: Cleanup::Compact,
        ..small_segments(segment_bytes)
    }
}

/// One batch of these keys and values.
pub fn keyed(compression: Compression, pairs: &[(i64, Option<i64>)], timestamp: i64) -> Bytes {
    let mut builder = BatchBuilder::new(compression);
    for (number, (key, value)) in pairs.iter().enumerate() {
        let (key, value) = (format!("key {key}"), value.map(|value| format!("value {value}")));
        builder.push(&RecordParts {
            offset_delta: number as i32,
            timestamp: Timestamp(timestamp),
            key: Some(key.as_bytes()),
            value: value.as_ref().map(String::as_bytes),
            ..RecordParts::default()
        });
    }
    builder.finish(None).unwrap()
}

/// Everything that can be read: offset, key, value.
pub fn contents(log: &Log) -> Vec<(i64, String, Option<String>)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (mut all, mut from) = (Vec::new(), log.start());
    while from < log.end() {
        let bytes = log.read_bytes(from, log.end(), 10_000, true, Which::All).unwrap();
        if bytes.is_empty() {
            break;
        }
        for batch in batches(&bytes) {
            let batch = batch.unwrap();
            batch.verify_crc().unwrap();
            let section = batch.records_section(1 << 20).unwrap();
            for record in Records::new(&section, batch.record_count()) {
                let record = record.unwrap();
                all.push((
                    batch.base_offset().0 + i64::from(record.offset_delta),
                    text(record.key.unwrap()),
                    record.value.map(text),
                ));
            }
            from = batch.next_offset();
        }
    }
    all
}

/// What a reader keeps of it.
pub fn last_of_each(all: &[(i64, String, Option<String>)]) -> BTreeMap<String, (i64, Option<String>)> {
    all.iter()
        .map(|(offset, key, value)| (key.clone(), (*offset, value.clone())))
        .collect()
}
