//! What is on disk when a node starts: read and checked before openraft sees it, so that an error
//! says which file is wrong, where, and how.

use std::io;

use corvid_env::fs::{Dir, DirLock};
use corvid_metadata::{Image, NodeId};

use super::log_store::LogContent;
use super::snapshot_file::{self, SnapshotFile, SnapshotReadError};
use super::stored::{Frame, Members};
use super::{Payload, SnapshotMeta, node_id, raft_id};
use crate::error::StartError;
use crate::journal::{self, Damage, Journal, JournalFile, scan};

/// The quorum's files, opened.
pub(crate) struct Recovered {
    /// Two processes that append to one log would destroy it.
    pub(crate) lock: DirLock,
    pub(crate) journal: Journal<JournalFile>,
    pub(crate) snapshots: SnapshotFile,
    pub(crate) on_disk: OnDisk,
}

/// What the files say.
pub(crate) struct OnDisk {
    pub(crate) content: LogContent,
    pub(crate) snapshot: Option<(SnapshotMeta, Image)>,
}

/// Opens the files of a directory, or founds them in an empty one.
pub(crate) async fn recover(dir: &Dir, node: NodeId) -> Result<Recovered, StartError> {
    let lock = dir.lock()?;
    let on_disk = read(dir, node)?;
    let journal = Journal::found(JournalFile::new(dir.clone()), &on_disk.content.frames()).await;
    let journal = journal.map_err(|error| Errors::of(dir).io(error))?;
    Ok(Recovered {
        lock,
        journal,
        snapshots: SnapshotFile::new(dir.clone()),
        on_disk,
    })
}

/// Reads and checks the files, and changes nothing.
pub(crate) fn read(dir: &Dir, node: NodeId) -> Result<OnDisk, StartError> {
    let errors = Errors::of(dir);
    let snapshot = read_snapshot(&SnapshotFile::new(dir.clone()), &errors)?;
    let content = read_journal(dir, &errors)?;
    let meta = snapshot.as_ref().map(|(meta, _)| meta);
    check_meet(&content, meta, &errors)?;
    check_owner(&content, meta, node, &errors)?;
    Ok(OnDisk { content, snapshot })
}

fn read_snapshot(snapshots: &SnapshotFile, errors: &Errors) -> Result<Option<(SnapshotMeta, Image)>, StartError> {
    let read = snapshots.read().map_err(|error| match error {
        SnapshotReadError::Io(error) => errors.io(error),
        SnapshotReadError::Damage(damage) => errors.damage(snapshot_file::NAME, &damage),
        SnapshotReadError::Malformed { position, reason } => errors.malformed(snapshot_file::NAME, position, reason),
    })?;
    let Some((meta, bytes)) = read else { return Ok(None) };
    let image = Image::from_snapshot(&bytes).map_err(|error| StartError::Snapshot {
        directory: errors.directory.clone(),
        error,
    })?;
    Ok(Some((meta, image)))
}

fn read_journal(dir: &Dir, errors: &Errors) -> Result<LogContent, StartError> {
    let mut content = LogContent::default();
    let Some(bytes) = JournalFile::read(dir).map_err(|error| errors.io(error))? else {
        return Ok(content);
    };
    let scanned = scan(&bytes).map_err(|damage| errors.damage(journal::NAME, &damage))?;
    if scanned.torn {
        let cut = bytes.len() as u64 - scanned.end;
        tracing::warn!(
            bytes = cut,
            "the last write to the metadata log was torn by a crash, and is cut off"
        );
    }
    for (position, payload) in &scanned.payloads {
        let malformed = |reason: String| errors.malformed(journal::NAME, *position, reason);
        let frame: Frame = serde_json::from_slice(payload).map_err(|error| malformed(error.to_string()))?;
        content.take(frame).map_err(|reason| malformed(reason.to_owned()))?;
    }
    Ok(content)
}

/// The log goes on where the snapshot ends, or before it.
fn check_meet(content: &LogContent, snapshot: Option<&SnapshotMeta>, errors: &Errors) -> Result<(), StartError> {
    let covered = snapshot.and_then(|meta| meta.last_log_id);
    match content.purged {
        Some(purged) if covered.is_none_or(|covered| covered.index < purged.index) => {
            let reason = format!(
                "the log begins behind entry {}, and no snapshot reaches that far",
                purged.index
            );
            Err(errors.malformed(journal::NAME, 0, reason))
        }
        _ => Ok(()),
    }
}

/// The members of a directory include the node that it belongs to.
fn check_owner(
    content: &LogContent,
    snapshot: Option<&SnapshotMeta>,
    node: NodeId,
    errors: &Errors,
) -> Result<(), StartError> {
    let in_log = content.entries.values().rev().find_map(|entry| match &entry.payload {
        Payload::Membership(membership) => Some(Members::from(membership)),
        Payload::Blank | Payload::Normal(_) => None,
    });
    let in_snapshot = || snapshot.map(|meta| Members::from(meta.last_membership.membership()));
    let members = in_log.or_else(in_snapshot).unwrap_or_default();
    if members.voters().any(|voter| voter == raft_id(node)) {
        return Ok(());
    }
    match members.voters().next() {
        Some(voter) => Err(StartError::OtherNode {
            directory: errors.directory.clone(),
            found: node_id(voter),
            node,
        }),
        None => Ok(()),
    }
}

/// Errors of one directory.
struct Errors {
    directory: String,
}

impl Errors {
    fn of(dir: &Dir) -> Self {
        Errors {
            directory: dir.path().display().to_string(),
        }
    }

    fn io(&self, error: io::Error) -> StartError {
        StartError::Io {
            directory: self.directory.clone(),
            error,
        }
    }

    fn malformed(&self, file: &str, position: u64, reason: String) -> StartError {
        StartError::Damaged {
            directory: self.directory.clone(),
            file: file.to_owned(),
            position,
            reason,
        }
    }

    fn damage(&self, file: &str, damage: &Damage) -> StartError {
        match damage {
            Damage::NotALog => self.malformed(
                file,
                0,
                "it does not begin as one of the quorum's files does".to_owned(),
            ),
            Damage::UnknownFormat(version) => StartError::UnknownFormat {
                directory: self.directory.clone(),
                file: file.to_owned(),
                version: *version,
                known: journal::FORMAT,
            },
            Damage::Broken { position, next } => {
                let reason = format!(
                    "its checksum is wrong, but a valid frame follows at byte {next}: this is no torn write, the disk has damaged it"
                );
                self.malformed(file, *position, reason)
            }
        }
    }
}
