//! Appending.

use std::io;

use bytes::Bytes;
use corvid_env::clock::{self, WallTime};
use corvid_env::fault;
use corvid_record::hidden::{self, HiddenError, LinkStamp};
use corvid_record::{Batch, Offset, ProducerId, Timestamp, patch};

use super::Log;
use super::state::{Condition, State};
use crate::append::{Append, AppendKind, Appended};
use crate::config::Durability;
use crate::disk_space::is_out_of_space;
use crate::error::AppendError;
use crate::facts::BatchFacts;
use crate::hidden_list::HiddenKind;
use crate::producer_state::{BatchMark, SequenceError, Verdict};
use crate::segment::{Piece, SEGMENT_BYTES_MAX, WriteError, WritePieces};

/// What can be known of an append without the log.
struct Prepared {
    batch: Bytes,
    facts: BatchFacts,
    entry: Option<(Bytes, BatchFacts)>,
    append_time: Option<Timestamp>,
    now: WallTime,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// It is in the file.
    All,
    /// The system took a part of it only, which was cut off again: it is to go to a new segment.
    Nothing,
}

/// How often an append is written, where the system takes a part of it only, before it fails.
pub(super) const WRITES_MAX: usize = 8;

impl Log {
    /// Appends a batch, behind its outbox entry if it has one. Offsets are assigned here.
    ///
    /// On an error nothing of it is in the log.
    pub fn append(&self, append: Append) -> Result<Appended, AppendError> {
        if let Some(reason) = self.shared.poisoned() {
            return Err(AppendError::Poisoned(reason.to_owned()));
        }
        let (epoch, kind) = (append.epoch, append.kind);
        let prepared = Prepared::new(append, self.stamps_time())?;
        let mut state = self.state.lock();
        let appended = self.append_locked(&mut state, epoch, kind, &prepared);
        let flush = appended.is_ok() && (state.config.durability == Durability::Disk || !state.flush.files.is_empty());
        let failed = matches!(appended, Err(AppendError::Failed(_)));
        self.unlock(state);
        self.tell_appended(&appended, flush, failed);
        appended
    }

    fn append_locked(
        &self,
        state: &mut State,
        epoch: corvid_record::LeaderEpoch,
        kind: AppendKind,
        prepared: &Prepared,
    ) -> Result<Appended, AppendError> {
        state.check_open()?;
        let current = state.derived.epochs.latest();
        if epoch < current {
            return Err(AppendError::FencedEpoch { given: epoch, current });
        }
        if let Some(mark) = check(state, kind, &prepared.facts)? {
            return Ok(duplicate(&mark, state.visible_start));
        }
        let admitted = match kind {
            AppendKind::MakesRoom => self.shared.space.admits_what_makes_room(),
            AppendKind::Client | AppendKind::Link { .. } | AppendKind::Internal => self.shared.space.admits(),
        };
        if !admitted {
            return Err(AppendError::NoSpace);
        }
        prepared.check_offsets(state.active.next)?;
        let batch = self.place_and_write(state, epoch, prepared)?;
        self.publish_end(state);
        Ok(Appended {
            base_offset: batch.base_offset,
            last_offset: batch.last_offset(),
            end: batch.next_offset(),
            duplicate: false,
            log_append_time: prepared.append_time,
            log_start: state.visible_start,
        })
    }

    /// Writes the append to the active segment, or to a new one where that has no room for it, or took only a part of it.
    fn place_and_write(
        &self,
        state: &mut State,
        epoch: corvid_record::LeaderEpoch,
        prepared: &Prepared,
    ) -> Result<BatchFacts, AppendError> {
        for _ in 0..WRITES_MAX {
            self.make_room(state, prepared)?;
            let checkpoint = checkpoint_if_first(state, prepared.now)?;
            let pieces = prepared.place(checkpoint.as_ref(), state.active.next, epoch);
            if self.write(state, &pieces)? == Written::Nothing {
                continue;
            }
            for piece in pieces.iter() {
                state.note(&self.dir, &piece.facts, prepared.now);
            }
            return Ok(pieces.batch.as_ref().expect("it was placed").facts);
        }
        Err(AppendError::Io(io::ErrorKind::WriteZero.into()))
    }

    /// The answer for a batch that is one of the last five of its producer.
    pub fn find_duplicate(&self, batch: &Batch<'_>) -> Option<Appended> {
        let facts = BatchFacts::of(batch);
        let state = self.state.lock();
        let mark = state.derived.producers.find(&facts)?;
        Some(duplicate(&mark, state.visible_start))
    }

    /// Whether batches of this producer are known, in any epoch: then the log says which sequence is next.
    pub fn knows_producer(&self, id: ProducerId) -> bool {
        self.state.lock().derived.producers.get(id).is_some()
    }

    /// Writes the batches behind the last one, all or nothing.
    pub(super) fn write(&self, state: &mut State, pieces: &WritePieces<'_>) -> Result<Written, AppendError> {
        // On a full disk, room that is taken ahead would be the reserve's.
        let preallocate_to = match self.shared.space.is_full() {
            true => 0,
            false => state.config.segment_bytes,
        };
        let written = state.active.write(pieces, preallocate_to);
        match written {
            Ok(()) => {}
            Err(WriteError::Short) => return Ok(Written::Nothing),
            Err(WriteError::TakenBack(error)) => return Err(self.write_error(error)),
            Err(WriteError::Stuck { error, cut }) => {
                let why = format!("a write failed ({error}) and what it left could not be cut off ({cut})");
                state.condition = Condition::Failed(why.clone());
                return Err(AppendError::Failed(why));
            }
        }
        // Only dying makes sense here: the batches are in the file.
        let _ = fault::hit("log.after_write");
        Ok(Written::All)
    }

    /// What to answer when the system refuses a write.
    pub(super) fn write_error(&self, error: io::Error) -> AppendError {
        if is_out_of_space(&error) {
            self.shared.space.filled();
            return AppendError::NoSpace;
        }
        AppendError::Io(error)
    }

    fn make_room(&self, state: &mut State, prepared: &Prepared) -> Result<(), AppendError> {
        let (bytes, offsets) = (prepared.bytes(), prepared.offsets());
        if bytes > SEGMENT_BYTES_MAX / 2 {
            return Err(AppendError::TooLarge { bytes });
        }
        let due = state.roll_is_due(prepared.now);
        if due || !state.active.has_room(bytes, offsets, state.config.segment_bytes) {
            self.roll(state)?;
        }
        Ok(())
    }

    fn tell_appended(&self, appended: &Result<Appended, AppendError>, flush: bool, failed: bool) {
        match appended {
            Ok(appended) if !appended.duplicate => {
                if flush {
                    self.enqueue();
                }
                self.listener(|listener| listener.written(appended.end));
            }
            Err(_) if failed => self.tell_failed(),
            Ok(_) | Err(_) => {}
        }
    }
}

impl Prepared {
    fn new(append: Append, stamp_time: bool) -> Result<Self, AppendError> {
        let now = clock::wall_clock();
        let append_time = (stamp_time && append.kind == AppendKind::Client).then_some(Timestamp(now.0));
        let (batch, entry) = match append_time {
            Some(time) => stamp(time, &append.batch, append.entry.as_ref())?,
            None => (append.batch, append.entry),
        };
        let facts = facts_of(&batch)?;
        let entry = match entry {
            Some(entry) => Some((entry_facts(&entry)?, entry)).map(|(facts, entry)| (entry, facts)),
            None => None,
        };
        Ok(Self {
            batch,
            facts,
            entry,
            append_time,
            now,
        })
    }

    fn bytes(&self) -> u64 {
        u64::from(self.facts.bytes) + self.entry.as_ref().map_or(0, |(_, facts)| u64::from(facts.bytes))
    }

    /// How many offsets the write takes, a checkpoint before it included.
    fn offsets(&self) -> i64 {
        1 + self.facts.offsets() + self.entry.as_ref().map_or(0, |(_, facts)| facts.offsets())
    }

    /// Whatever is in a log, a link may take: its stamp must be able to say so.
    fn check_offsets(&self, next: Offset) -> Result<(), AppendError> {
        let left = LinkStamp::MAX_POSITION.0 - next.0;
        if self.offsets() > left {
            return Err(AppendError::NoOffsets { left });
        }
        Ok(())
    }

    fn place<'a>(
        &'a self,
        checkpoint: Option<&'a (Bytes, BatchFacts)>,
        mut next: Offset,
        epoch: corvid_record::LeaderEpoch,
    ) -> WritePieces<'a> {
        let mut place = |bytes: &'a [u8], facts: &BatchFacts| {
            let piece = Piece::place(bytes, facts, next, epoch);
            next = piece.facts.next_offset();
            piece
        };
        WritePieces {
            checkpoint: checkpoint.map(|(bytes, facts)| place(bytes, facts)),
            entry: self.entry.as_ref().map(|(bytes, facts)| place(bytes, facts)),
            batch: Some(place(&self.batch, &self.facts)),
        }
    }
}

/// The batch that repeats the links' positions: the first of every segment, as long as there are links.
pub(super) fn checkpoint_if_first(state: &State, now: WallTime) -> Result<Option<(Bytes, BatchFacts)>, AppendError> {
    if !state.active.is_empty() || state.derived.links.is_empty() {
        return Ok(None);
    }
    let bytes = state
        .derived
        .links
        .checkpoint(Timestamp(now.0))
        .map_err(|error| AppendError::Failed(error.to_string()))?;
    let facts = BatchFacts::of(&Batch::parse(&bytes)?);
    Ok(Some((bytes, facts)))
}

/// Whether the batch may be appended, by who appends it; the mark of a duplicate.
fn check(state: &State, kind: AppendKind, facts: &BatchFacts) -> Result<Option<BatchMark>, AppendError> {
    match kind {
        AppendKind::Client => match state.derived.producers.check(facts) {
            Ok(Verdict::New) => Ok(None),
            Ok(Verdict::Duplicate(mark)) => Ok(Some(mark)),
            Err(SequenceError::OldEpoch { given, current }) => {
                Err(AppendError::InvalidProducerEpoch { given, current })
            }
            Err(SequenceError::OutOfOrder { expected, got }) => Err(AppendError::OutOfOrderSequence { expected, got }),
            Err(SequenceError::OlderDuplicate) => Err(AppendError::DuplicateOlder),
        },
        AppendKind::Link { source, expected } => state.derived.links.check(source, expected, facts).map(|()| None),
        AppendKind::Internal | AppendKind::MakesRoom => Ok(None),
    }
}

fn duplicate(mark: &BatchMark, log_start: Offset) -> Appended {
    Appended {
        base_offset: mark.base_offset(),
        last_offset: mark.last_offset,
        end: mark.last_offset.next(),
        duplicate: true,
        log_append_time: None,
        log_start,
    }
}

fn facts_of(bytes: &[u8]) -> Result<BatchFacts, AppendError> {
    let batch = Batch::parse(bytes)?;
    match bytes.len() - batch.size() {
        0 => Ok(BatchFacts::of(&batch)),
        left => Err(AppendError::LeftOver(left)),
    }
}

fn entry_facts(bytes: &[u8]) -> Result<BatchFacts, AppendError> {
    let facts = facts_of(bytes)?;
    if facts.hidden.is_some_and(HiddenKind::is_entry) {
        return Ok(facts);
    }
    Err(AppendError::NotAnEntry("it is another kind of batch".to_owned()))
}

/// The batch with the time of its append, and the entry that knows it by its new checksum.
fn stamp(time: Timestamp, batch: &[u8], entry: Option<&Bytes>) -> Result<(Bytes, Option<Bytes>), AppendError> {
    Batch::parse(batch)?;
    let mut stamped = batch.to_vec();
    patch::set_max_timestamp_append_time(time, &mut stamped);
    let Some(entry) = entry else {
        return Ok((stamped.into(), None));
    };
    let crc = Batch::parse(&stamped)?.crc();
    let mut entry = entry.to_vec();
    let not_an_entry = |error: HiddenError| AppendError::NotAnEntry(error.to_string());
    hidden::set_mate_crc(&mut entry, crc).map_err(not_an_entry)?;
    Ok((stamped.into(), Some(entry.into())))
}

#[cfg(test)]
mod tests {
    use corvid_record::LeaderEpoch;

    use super::*;
    use crate::testing::{batch_of, log_of_small_segments, open_directory};

    /// The bug: a log goes on beyond the last position that a link's stamp can hold, and its link stands still for ever.
    #[tokio::test]
    async fn what_would_end_beyond_a_links_last_position_is_refused() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = open_directory(temporary.path()).await;
        let log = log_of_small_segments(&directory, 1);
        let last = LinkStamp::MAX_POSITION;
        log.state.lock().active.next = Offset(last.0 - 4);
        let append = |count| {
            log.append(Append {
                epoch: LeaderEpoch(1),
                entry: None,
                batch: batch_of(0, count),
                kind: AppendKind::Client,
            })
        };
        assert_eq!(append(3).unwrap().end, Offset(last.0 - 1));
        assert!(matches!(append(1), Err(AppendError::NoOffsets { left: 1 })));
    }
}
