//! What a log says of its holds, after a start.

use corvid_env::fault;
use corvid_record::hidden::{self, LinkStamp};
use corvid_record::{Offset, batches};
use corvid_storage::{EntryAt, Which};

use super::{Ask, HeldError, Keeper};

/// How much of the log is read at once.
const READ_BYTES: u32 = 1 << 20;

impl Keeper {
    /// Looks through the log from where the snapshot ends, for what holds and for what was released.
    ///
    /// Where nothing is held, only an entry can change that, and a log knows where its entries are.
    ///
    /// What is in the log and not committed yet is waited for: a release in it counts. After a node's start there is nothing of the kind,
    /// whatever has crashed: `Replicas::reconcile` syncs the tails that recovery found before anybody is given the partition. But a keeper
    /// may also follow one that ended in the midst of this life (what it read was damaged), whose last releases are on their way to the
    /// disk; and a leader that takes over commits its tail only when the others have it.
    pub(super) async fn replay(&mut self) -> Result<(), HeldError> {
        loop {
            let limit = self.partition.last_stable_offset();
            self.replay_below(limit).await?;
            // But for an entry at the very end, perhaps, whose mate is not there yet, or was lost.
            // A test plants a bug here: that is not waited for.
            if limit >= self.replay_to || fault::hit("release.tail").is_some() {
                return Ok(());
            }
            // The log's tail is committed once it is synced. What is released in it must not be released before that is known.
            self.wait_for(limit.next()).await?;
        }
    }

    async fn replay_below(&mut self, limit: Offset) -> Result<(), HeldError> {
        while self.holds.looked_to() < limit {
            let from = self.holds.looked_to().max(self.partition.log().start());
            self.look_to(from);
            if self.holds.len() == 0 && !self.pass_what_holds_nothing(limit)? {
                break;
            }
            if !self.replay_some(limit)? {
                break;
            }
            self.tell();
            tokio::task::yield_now().await;
            while let Ok(ask) = self.asked.try_recv() {
                self.answer_meanwhile(ask)?;
            }
        }
        Ok(())
    }

    /// Returns when more is committed.
    async fn wait_for(&mut self, next: Offset) -> Result<(), HeldError> {
        let partition = self.partition.clone();
        loop {
            let ask = tokio::select! {
                biased;
                ask = self.asked.recv() => ask,
                committed = partition.committed(next) => return committed.map_err(Into::into),
            };
            self.answer_meanwhile(ask.ok_or(HeldError::Closed)?)?;
        }
    }

    /// A snapshot says what is known so far. Whoever asks about holds waits: of one that seems to be pending, the release may come.
    pub(super) fn answer_meanwhile(&mut self, ask: Ask) -> Result<(), HeldError> {
        match ask {
            Ask::Snapshot { last, answer } => {
                // Who asked may have gone.
                let _ = answer.send(self.holds.snapshot(self.partition.log()));
                if last {
                    return Err(HeldError::Closed);
                }
            }
            Ask::List { .. } | Ask::Cancel { .. } => self.waiting.push(ask),
        }
        Ok(())
    }

    /// Goes to the first entry that may hold something; false if there is none.
    fn pass_what_holds_nothing(&mut self, limit: Offset) -> Result<bool, HeldError> {
        let from = self.holds.looked_to();
        let entries = self.partition.log().holding_entries(from, limit)?;
        let next = entries.entries.first().map(|at| at.offset.max(from));
        self.look_to(next.unwrap_or(limit));
        Ok(next.is_some())
    }

    /// A stretch of batches, hidden ones and others. False if the last one can't be judged yet.
    fn replay_some(&mut self, limit: Offset) -> Result<bool, HeldError> {
        let from = self.holds.looked_to();
        let bytes = self
            .partition
            .log()
            .read_bytes(from, limit, READ_BYTES, true, Which::All)?;
        for batch in batches(&bytes) {
            let batch = batch.map_err(|error| HeldError::Damaged {
                offset: self.holds.looked_to(),
                error: error.to_string(),
            })?;
            if batch.next_offset() <= from {
                continue;
            }
            if hidden::may_change_holds(&batch) {
                let at = EntryAt {
                    offset: batch.base_offset(),
                    bytes: batch.size() as u32,
                };
                if !self.take(at, limit)? {
                    return Ok(false);
                }
                continue;
            }
            match LinkStamp::of(&batch) {
                Ok(Some(stamp)) if stamp.source == self.id => drop(self.holds.end(stamp.position)),
                Ok(_) | Err(_) => {}
            }
            self.look_to(batch.next_offset());
        }
        if self.holds.looked_to() == from {
            // A gap at the end, with nothing in it.
            self.look_to(limit);
        }
        Ok(true)
    }
}
