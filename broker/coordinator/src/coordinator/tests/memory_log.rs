//! A log in memory, whose commits can be held back and whose writes can be refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use corvid_record::{Batch, LeaderEpoch, Offset, batches, patch};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::error::LogError;
use crate::log::{Committed, OffsetsLog};

pub struct MemoryLog {
    batches: Mutex<Vec<Bytes>>,
    committed: watch::Sender<Offset>,
    pub held: AtomicBool,
    pub refuses: AtomicBool,
}

impl MemoryLog {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            batches: Mutex::default(),
            committed: watch::Sender::new(Offset::ZERO),
            held: AtomicBool::new(false),
            refuses: AtomicBool::new(false),
        })
    }

    /// From now on nothing is committed, until `release`.
    pub fn hold(&self) {
        self.held.store(true, Ordering::Relaxed);
    }

    pub fn release(&self) {
        self.held.store(false, Ordering::Relaxed);
        self.committed.send_replace(self.end());
    }

    pub fn batch_count(&self) -> usize {
        self.batches.lock().len()
    }

    /// What a crash leaves: the batches that are committed, and maybe some behind them.
    pub fn after_crash(&self, batches: usize) -> Arc<Self> {
        let log = Self::new();
        log.batches
            .lock()
            .extend(self.batches.lock()[..batches].iter().cloned());
        log.release();
        log
    }

    /// Puts foreign bytes at the end, as a later release or a bad disk might.
    pub fn push_raw(&self, batch: Bytes) {
        self.batches.lock().push(batch);
        self.release();
    }
}

impl OffsetsLog for MemoryLog {
    fn leader_epoch(&self) -> LeaderEpoch {
        LeaderEpoch(1)
    }

    fn start(&self) -> Offset {
        Offset::ZERO
    }

    fn end(&self) -> Offset {
        end_of(&self.batches.lock())
    }

    fn read(&self, from: Offset, _max_bytes: u32) -> Result<Bytes, LogError> {
        // One batch at a time, so that loading takes many reads.
        let all = self.batches.lock();
        let found = all
            .iter()
            .find(|bytes| batches(bytes).any(|batch| batch.unwrap().next_offset() > from));
        Ok(found.cloned().unwrap_or_default())
    }

    fn append(&self, batch: Bytes) -> Result<Offset, LogError> {
        if self.refuses.load(Ordering::Relaxed) {
            return Err(LogError::Unavailable("the test says so".into()));
        }
        // Several threads append: one after the other, as to a real log.
        let mut all = self.batches.lock();
        let mut placed = BytesMut::from(&batch[..]);
        patch::place(end_of(&all), LeaderEpoch(1), &mut placed);
        all.push(placed.freeze());
        let end = end_of(&all);
        if !self.held.load(Ordering::Relaxed) {
            self.committed.send_replace(end);
        }
        Ok(end)
    }

    fn committed(&self, end: Offset) -> Committed<'_> {
        let mut committed = self.committed.subscribe();
        Box::pin(async move {
            committed
                .wait_for(|at| *at >= end)
                .await
                .map_err(|_gone| LogError::NotLeader)?;
            Ok(())
        })
    }
}

fn end_of(batches: &[Bytes]) -> Offset {
    let last = batches.last();
    last.map_or(Offset::ZERO, |last| Batch::parse(last).unwrap().next_offset())
}
