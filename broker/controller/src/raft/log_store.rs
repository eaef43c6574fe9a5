//! The quorum's log: all of it in memory, every change of it in the journal first. The vote stands in
//! the journal, too: one file has one order of writes, and a vote costs one sync instead of three.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io;
use std::ops::RangeBounds;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::stored::{Frame, StoredEntry};
use super::{Entry, IOFlushed, LogId, LogState, OptionalSend, RaftLogReader, RaftLogStorage, TypeConfig, Vote};
use crate::journal::{Journal, JournalFile};

/// What all frames of a journal together say.
///
/// Invariant: the indexes of `entries` follow each other without a hole, and the first follows
/// `purged`.
#[derive(Default)]
pub(crate) struct LogContent {
    pub(crate) vote: Option<Vote>,
    pub(crate) purged: Option<LogId>,
    pub(crate) entries: BTreeMap<u64, Entry>,
}

impl LogContent {
    /// Takes one frame in; `Err` says how it contradicts those before it.
    pub(crate) fn take(&mut self, frame: Frame) -> Result<(), &'static str> {
        match frame {
            Frame::Vote(vote) => self.vote = Some(vote.into()),
            Frame::Truncate { after } => self.truncate(after),
            Frame::Purged(upto) => self.purge(upto.into()),
            Frame::Append(entries) => {
                for entry in entries.into_iter().map(Entry::from) {
                    if entry.log_id.index != self.next_index() {
                        return Err("an entry's index does not follow the one before it");
                    }
                    self.entries.insert(entry.log_id.index, entry);
                }
            }
        }
        Ok(())
    }

    /// The last entry, or the last one that was purged.
    pub(crate) fn last(&self) -> Option<LogId> {
        self.entries
            .values()
            .next_back()
            .map(|entry| entry.log_id)
            .or(self.purged)
    }

    fn next_index(&self) -> u64 {
        self.last().map_or(0, |last| last.index + 1)
    }

    fn truncate(&mut self, after: Option<u64>) {
        self.entries.split_off(&after.map_or(0, |after| after + 1));
    }

    fn purge(&mut self, upto: LogId) {
        self.entries = self.entries.split_off(&(upto.index + 1));
        self.purged = Some(upto);
    }

    /// The frames of a journal that says just this.
    pub(crate) fn frames(&self) -> Vec<Vec<u8>> {
        let entry = |entry| Frame::Append(vec![StoredEntry::from(entry)]).to_bytes();
        let purged = self.purged.map(|purged| Frame::Purged(purged.into()));
        let vote = self.vote.as_ref().map(|vote| Frame::Vote(vote.into()));
        purged
            .iter()
            .chain(&vote)
            .map(Frame::to_bytes)
            .chain(self.entries.values().map(entry))
            .collect()
    }
}

/// Reads the log; openraft hands these to those who replicate and apply.
#[derive(Clone)]
pub(crate) struct LogReader(Arc<Mutex<LogContent>>);

impl LogReader {
    fn content(&self) -> MutexGuard<'_, LogContent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the log.
pub(crate) struct LogStore {
    journal: Journal<JournalFile>,
    reader: LogReader,
}

impl LogStore {
    pub(crate) fn new(journal: Journal<JournalFile>, content: LogContent) -> Self {
        LogStore {
            journal,
            reader: LogReader(Arc::new(Mutex::new(content))),
        }
    }

    /// On disk first, then in memory.
    async fn write(&mut self, frame: Frame) -> io::Result<()> {
        let bytes = frame.to_bytes();
        self.write_bytes(frame, bytes).await
    }

    async fn write_bytes(&mut self, frame: Frame, bytes: Vec<u8>) -> io::Result<()> {
        corvid_env::trace::note("quorum", &bytes);
        self.journal.append(&bytes).await?;
        self.reader.content().take(frame).map_err(io::Error::other)
    }

    /// Entries that came together share a frame and its sync, as far as a frame goes.
    async fn write_entries(&mut self, entries: Vec<StoredEntry>) -> io::Result<()> {
        let mut waiting = vec![entries];
        while let Some(mut entries) = waiting.pop() {
            let bytes = Frame::append_bytes(&entries);
            if bytes.len() > FRAME_WANTED && entries.len() > 1 {
                let rest = entries.split_off(entries.len() / 2);
                waiting.extend([rest, entries]);
            } else if !entries.is_empty() {
                self.write_bytes(Frame::Append(entries), bytes).await?;
            }
        }
        Ok(())
    }
}

/// More than this in one frame only if one entry has it.
const FRAME_WANTED: usize = 8 << 20;

impl RaftLogReader<TypeConfig> for LogReader {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, io::Error> {
        Ok(self
            .content()
            .entries
            .range(range)
            .map(|(_, entry)| entry.clone())
            .collect())
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        Ok(self.content().vote)
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = LogReader;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, io::Error> {
        let content = self.reader.content();
        Ok(LogState {
            last_purged_log_id: content.purged,
            last_log_id: content.last(),
        })
    }

    async fn get_log_reader(&mut self) -> LogReader {
        self.reader.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        self.write(Frame::Vote(vote.into())).await
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<StoredEntry> = entries.into_iter().map(|entry| StoredEntry::from(&entry)).collect();
        self.write_entries(entries).await?;
        callback.io_completed(Ok(()));
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> Result<(), io::Error> {
        self.write(Frame::Truncate {
            after: last.map(|last| last.index),
        })
        .await
    }

    async fn purge(&mut self, upto: LogId) -> Result<(), io::Error> {
        let frames = {
            let mut content = self.reader.content();
            content.purge(upto);
            content.frames()
        };
        corvid_env::trace::note("quorum", b"purge");
        self.journal.rewrite(&frames).await
    }
}
