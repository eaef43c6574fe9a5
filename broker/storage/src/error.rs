//! What can go wrong, as values. None of them knows a Kafka error code.

use std::io;
use std::path::PathBuf;

use corvid_env::fs::LockError;
use corvid_record::hidden::LinkPosition;
use corvid_record::{BatchError, LeaderEpoch, Offset, ProducerEpoch, Sequence};

/// An append that did not happen: nothing of it is in the log, now or after a restart.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The appender's leader epoch is older than the log's.
    #[error("leader epoch {given} is fenced: the log is at {current}")]
    FencedEpoch {
        /// The appender's epoch.
        given: LeaderEpoch,
        /// The newest epoch that the log knows.
        current: LeaderEpoch,
    },
    /// A producer with a newer epoch has taken over this producer id.
    #[error("producer epoch {given} is fenced: the producer id is at {current}")]
    InvalidProducerEpoch {
        /// The batch's producer epoch.
        given: ProducerEpoch,
        /// The newest one seen.
        current: ProducerEpoch,
    },
    /// The batch does not follow the producer's last one: something in between is missing.
    #[error("out of order: expected sequence {expected}, got {got}")]
    OutOfOrderSequence {
        /// The sequence that would be next.
        expected: Sequence,
        /// The batch's base sequence.
        got: Sequence,
    },
    /// The batch is older than the last five of its producer: it is in the log, at an offset nobody remembers.
    #[error("a duplicate of a batch older than the last five of its producer")]
    DuplicateOlder,
    /// The link is not where its appender believed.
    #[error("the link has moved: it is at {actual:?}")]
    LinkMoved {
        /// Where the link is.
        actual: LinkPosition,
    },
    /// A link's batch must carry its link's stamp, with a position that goes forward.
    #[error("the batch does not carry a later stamp of its link")]
    NotALinkBatch,
    /// What stands before the batch must be an outbox entry.
    #[error("what is to stand before the batch is not its outbox entry: {0}")]
    NotAnEntry(String),
    /// There must be one batch, and nothing behind it.
    #[error("{0} bytes are left over behind the batch")]
    LeftOver(usize),
    /// The batch, or the batch with its outbox entry, is larger than a segment can address.
    #[error("a write of {bytes} bytes is more than a segment can hold")]
    TooLarge {
        /// The size of the write.
        bytes: u64,
    },
    /// The log has had nearly all offsets that there are.
    #[error("the batch needs more offsets than are left: {left}")]
    NoOffsets {
        /// How many are left.
        left: i64,
    },
    /// The bytes are not one whole batch.
    #[error("not a batch: {0}")]
    Corrupt(#[from] BatchError),
    /// The disk is full. The log goes on by itself when there is room again.
    #[error("the disk is full")]
    NoSpace,
    /// A sync of this directory has failed: nothing may be appended to it any more.
    #[error("the log directory has failed: {0}")]
    Poisoned(String),
    /// This log has failed: an unfinished write could not be taken back.
    #[error("the log has failed: {0}")]
    Failed(String),
    /// The log was deleted, or its directory was shut down.
    #[error("the log is closed")]
    Closed,
    /// The system refused the write; it was taken back.
    #[error("the append could not be written: {0}")]
    Io(#[source] io::Error),
}

/// A read that gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The offset is not in the log.
    #[error("the offset is out of range: the log has {start} to {end}")]
    OutOfRange {
        /// The first offset that can be read.
        start: Offset,
        /// The offset behind the last one.
        end: Offset,
    },
    /// What is on the disk is not what was written there.
    #[error("{file} is corrupt: {why}")]
    Corrupt {
        /// The file.
        file: String,
        /// What is wrong, and where.
        why: String,
    },
    /// The system refused the read.
    #[error("reading {file}: {error}")]
    Io {
        /// The file.
        file: String,
        /// What the system said.
        error: io::Error,
    },
}

/// A directory or log that can't be opened. The bytes stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory is in use, or can't be locked.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The directory belongs to another cluster or node.
    #[error("{path} belongs to {key} {found}, not to {expected}; is this the right data directory?", path = path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Which property differs.
        key: &'static str,
        /// What the directory says.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A sync of this directory has failed in an earlier run.
    #[error("{path}: a sync failed here ({reason}), so nobody knows what the disk holds; replace the disk, or, after checking it and restarting the machine, remove the file `{marker}` in it", path = path.display(), marker = crate::names::POISONED)]
    Poisoned {
        /// The directory.
        path: PathBuf,
        /// What was recorded when it failed.
        reason: String,
    },
    /// A file was written by a newer release, or by something else.
    #[error("{file} has format version {found}; this release reads up to {supported}")]
    Version {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version that this release reads.
        supported: u32,
    },
    /// Bytes that were once good are not any more. The log is left alone, for repair by hand or from a replica.
    #[error("{log} is quarantined: {file} is corrupt at byte {position}, offset {offset} (flushed up to {flushed}): {why}; nothing was changed", log = log.display())]
    Quarantined {
        /// The log's directory.
        log: PathBuf,
        /// The file.
        file: String,
        /// Where in the file.
        position: u64,
        /// The first offset that is in doubt.
        offset: Offset,
        /// Up to where the log was known to be flushed.
        flushed: Offset,
        /// What is wrong there.
        why: String,
    },
    /// A name that no log can have.
    #[error("`{0}` is not the name of a log: expected <topic>-<partition>")]
    BadName(String),
    /// A sync failed in this run, or the directory was shut down.
    #[error("the log directory takes no work any more: {0}")]
    Closed(String),
    /// The system refused.
    #[error("{path}: {error}", path = path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// A change of the log that could not be made: truncation, retention, compaction, deletion, shutdown.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// A sync of this directory has failed: nothing is changed in it any more.
    #[error("the log directory has failed: {0}")]
    Poisoned(String),
    /// The log has failed.
    #[error("the log has failed: {0}")]
    Failed(String),
    /// The log was deleted, or its directory was shut down.
    #[error("the log is closed")]
    Closed,
    /// The offset is not in the log.
    #[error("the offset is out of range: the log has {start} to {end}")]
    OutOfRange {
        /// The first offset that is in the log.
        start: Offset,
        /// The offset behind the last one.
        end: Offset,
    },
    /// Something that had to be read could not be.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The system refused.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl ReadError {
    /// What the system, or a look at the bytes, said of a file.
    pub(crate) fn of_file(name: &str, error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::InvalidData {
            return Self::Corrupt {
                file: name.to_owned(),
                why: error.to_string(),
            };
        }
        Self::Io {
            file: name.to_owned(),
            error,
        }
    }
}
