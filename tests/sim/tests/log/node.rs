//! One life of a host that recovers a log, looks through it, and appends until it dies.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corvid_env::fs::Dir;
use corvid_env::{clock, random, sim};
use corvid_record::{
    BatchBuilder, Compression, LeaderEpoch, Offset, Producer, ProducerEpoch, ProducerId, RecordParts, Records,
    Sequence, Timestamp, batches,
};
use corvid_sim::Outcome;
use corvid_storage::{
    Append, AppendKind, Durability, Log, LogConfig, LogDirectory, LogDirectoryConfig, LogListener, OpenError, Which,
};
use tokio::sync::watch;

use crate::ledger::Ledger;

/// Small, so that a life sees several.
const SEGMENT_BYTES: u64 = 16 * 1024;
const PRODUCER: ProducerId = ProducerId(7);
const EPOCH: LeaderEpoch = LeaderEpoch(3);

pub async fn life(ledger: Rc<RefCell<Ledger>>) -> Outcome {
    if let Err(error) = recover_and_append(&ledger).await
        && sim::condemned().is_empty()
    {
        ledger.borrow_mut().complain(&error.to_string());
    }
    pending().await
}

async fn recover_and_append(ledger: &RefCell<Ledger>) -> Outcome {
    let (_directory, log) = open().await?;
    look_through(&log, &mut ledger.borrow_mut());
    append_until_death(&log, ledger).await
}

/// The directory and its log.
pub async fn open() -> Result<(Arc<LogDirectory>, Arc<Log>), OpenError> {
    let dir = Dir::create_all("/data").map_err(|error| OpenError::Io {
        path: "/data".into(),
        error,
    })?;
    let directory = LogDirectory::open(dir, LogDirectoryConfig::default()).await?;
    let config = LogConfig {
        segment_bytes: SEGMENT_BYTES,
        index_interval_bytes: 512,
        durability: Durability::Disk,
        ..LogConfig::default()
    };
    let log = directory.open_log("orders-0", config)?;
    Ok((directory, log))
}

/// Every record of the log, in order, through its reads; then what the log says of itself against it.
fn look_through(log: &Log, ledger: &mut Ledger) {
    let mut found = Vec::new();
    while log.start() + (found.len() as i64) < log.end() {
        let from = log.start() + found.len() as i64;
        let bytes = log
            .read_bytes(from, log.end(), 10_000, true, Which::All)
            .expect("what is below the end can be read");
        assert!(!bytes.is_empty(), "nothing at {from:?}, below the end {:?}", log.end());
        found.extend(records(&bytes));
    }
    ledger.check(&found);
    let producers = log.producers();
    let last = producers
        .first()
        .map_or(-1, |producer| i64::from(producer.last_sequence.0));
    if last + 1 != found.len() as i64 {
        ledger.complain(&format!(
            "{} records, but the producer's last sequence is {last}",
            found.len()
        ));
    }
}

fn records(bytes: &[u8]) -> Vec<(i64, Vec<u8>)> {
    let mut found = Vec::new();
    for batch in batches(bytes) {
        let batch = batch.expect("a log gives whole batches");
        batch.verify_crc().expect("a recovered log has sound batches only");
        let section = batch.records_section(usize::MAX).expect("not compressed");
        for record in Records::new(&section, batch.record_count()) {
            let record = record.expect("a sound record");
            let offset = batch.base_offset() + i64::from(record.offset_delta);
            found.push((offset.0, record.value.expect("every record has a value").to_vec()));
        }
    }
    found
}

/// Appends, and tells the ledger what is flushed, as a broker tells its clients.
async fn append_until_death(log: &Arc<Log>, ledger: &RefCell<Ledger>) -> Outcome {
    let (told, mut flushed) = watch::channel(log.flushed());
    log.set_listener(Arc::new(Listener { told }));
    let mut waiting = Vec::new();
    loop {
        let values: Vec<Vec<u8>> = (0..=random::below(4)).map(|_| value()).collect();
        let appended = log.append(append(log.end(), &values))?;
        waiting.extend((appended.base_offset.0..).zip(values));
        if random::below(3) == 0 {
            let pause = Duration::from_millis(random::below(8));
            let _ = clock::timeout(pause, flushed.wait_for(|end| *end >= appended.end)).await;
        }
        let end = flushed.borrow_and_update().0;
        for (offset, value) in waiting.extract_if(.., |(offset, _)| *offset < end) {
            ledger.borrow_mut().acknowledge(offset, &value);
        }
    }
}

struct Listener {
    told: watch::Sender<Offset>,
}

impl LogListener for Listener {
    fn written(&self, _end: Offset) {}

    fn flushed(&self, end: Offset) {
        self.told.send_replace(end);
    }

    fn failed(&self) {}
}

/// Different in every life, so that a lost record that is written again is not taken for the old one.
fn value() -> Vec<u8> {
    let mut value = vec![0; 8 + random::below(900) as usize];
    random::fill(&mut value);
    value
}

/// Offsets, sequences and the number of records run in step, so that each can be checked against the others.
pub fn append(end: Offset, values: &[Vec<u8>]) -> Append {
    let producer = Producer {
        id: PRODUCER,
        epoch: ProducerEpoch(0),
        base_sequence: Sequence(end.0 as i32),
    };
    let mut batch = BatchBuilder::new(Compression::None).producer(producer);
    for (offset_delta, value) in (0..).zip(values) {
        let timestamp = Timestamp(clock::wall_clock().0);
        batch.push(&RecordParts {
            offset_delta,
            timestamp,
            value: Some(value),
            ..RecordParts::default()
        });
    }
    let batch: Bytes = batch.finish(None).expect("a small batch");
    Append {
        epoch: EPOCH,
        entry: None,
        batch,
        kind: AppendKind::Client,
    }
}
