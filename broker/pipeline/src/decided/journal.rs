//! The journal of the notes: a line of JSON each, appended; written anew at each start.

use std::io::{self, IoSlice};

use corvid_env::fs::{Dir, File};
use corvid_env::task;
use corvid_metadata::{PartitionIndex, TopicId};
use corvid_replication::PartitionId;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::Deciders;

const NAME: &str = "decided.journal";
/// Far beyond what the bounds of the runs allow: what is larger was not written by a node.
const BYTES_MAX: u64 = 1 << 30;

/// A note of one partition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Line {
    topic: TopicId,
    partition: i32,
    #[serde(flatten)]
    pub note: Note,
}

/// What is noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub(super) enum Note {
    /// From here on these may decide, beside those before.
    Begin {
        /// The log's end.
        from: i64,
        /// Who.
        by: Deciders,
    },
    /// The window has closed: from here on the runs are exactly these.
    Settled {
        /// An offset.
        from: i64,
        /// By the offset that each begins with.
        runs: Vec<(i64, Deciders)>,
    },
    /// A window that was left open.
    Unsure {
        /// Where it began.
        from: i64,
        /// Where the next life of the node began.
        to: i64,
    },
}

/// The file.
pub(super) struct Journal {
    dir: Dir,
    /// `None`: not opened yet, or the disk has failed.
    open: Mutex<Option<Open>>,
}

struct Open {
    file: std::sync::Arc<File>,
    end: u64,
}

impl Line {
    pub fn new(partition: PartitionId, note: Note) -> Self {
        Self {
            topic: partition.topic,
            partition: partition.index.0,
            note,
        }
    }

    pub fn partition(&self) -> PartitionId {
        PartitionId {
            topic: self.topic,
            index: PartitionIndex(self.partition),
        }
    }
}

impl Journal {
    /// The journal in `dir`, and what it says. A line that is torn, or no note, is passed over.
    pub fn open(dir: Dir) -> (Self, Vec<Line>) {
        let bytes = match dir.exists(NAME) {
            true => dir.read(NAME, BYTES_MAX).unwrap_or_else(|error| {
                tracing::error!(%error, "the notes on what decided which records cannot be read: `corvid why` knows less");
                Vec::new()
            }),
            false => Vec::new(),
        };
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let lines = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let open = Mutex::new(None);
        (Self { dir, open }, lines)
    }

    /// Replaces the file. Until then, nothing is written.
    pub async fn rewrite(&self, lines: &[Line]) {
        let bytes: Vec<u8> = lines.iter().flat_map(encoded).collect();
        let replaced = match self.dir.write_atomic(NAME, &bytes).await {
            Ok(()) => self.dir.open_file(NAME),
            Err(error) => Err(error),
        };
        match replaced {
            Ok(file) => {
                *self.open.lock() = Some(Open {
                    file: file.into(),
                    end: bytes.len() as u64,
                });
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Appends a line. It survives a crash of the node; a power cut only after [`Journal::sync`].
    pub fn write(&self, line: &Line) {
        let failed = {
            let mut open = self.open.lock();
            let Some(open) = open.as_mut() else { return };
            let bytes = encoded(line);
            let written = open.file.write_all_at(open.end, &mut [IoSlice::new(&bytes)]);
            open.end += bytes.len() as u64;
            written.err()
        };
        if let Some(error) = failed {
            self.fail(&error);
        }
    }

    /// Makes what was appended durable.
    pub async fn sync(&self) {
        let Some(file) = self.open.lock().as_ref().map(|open| open.file.clone()) else {
            return;
        };
        if let Err(error) = task::offload(move || file.sync_data_blocking()).await {
            self.fail(&error);
        }
    }

    /// What a disk has refused once is not tried again.
    fn fail(&self, error: &io::Error) {
        *self.open.lock() = None;
        tracing::error!(%error, "what decides which records cannot be noted any more: `corvid why` knows less");
    }
}

fn encoded(line: &Line) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(line).expect("a note is plain data");
    bytes.push(b'\n');
    bytes
}
