//! What is on disk when a node starts: read and checked before openraft sees it, so that an error
//! says which file is wrong, where, and how.

use std::io;

use corvid_env::fs::Dir;
use corvid_metadata::{Image, NodeId};

use super::log_store::LogContent;
use super::snapshot_file::{self, SnapshotFile, SnapshotReadError};
use super::stored::{Frame, Members};
use super::{Payload, SnapshotMeta, node_id, raft_id};
use crate::error::StartError;
use crate::journal::{self, Damage, Journal, JournalFile, scan};

/// The quorum's files, opened.
pub(crate) struct Recovered {
    pub(crate) journal: Journal<JournalFile>,
    pub(crate) content: LogContent,
    pub(crate) snapshots: SnapshotFile,
    pub(crate) snapshot: Option<(SnapshotMeta, Image)>,
}

/// Opens the files of a directory, or founds them in an empty one.
pub(crate) async fn recover(dir: &Dir, node: NodeId) -> Result<Recovered, StartError> {
    let errors = Errors {
        directory: dir.path().display().to_string(),
    };
    let snapshots = SnapshotFile::new(dir.clone());
    let snapshot = read_snapshot(&snapshots, &errors)?;
    let (journal, content) = open_journal(dir, &errors).await?;
    check_meet(&content, snapshot.as_ref().map(|(meta, _)| meta), &errors)?;
    check_owner(&content, snapshot.as_ref().map(|(meta, _)| meta), node, &errors)?;
    Ok(Recovered {
        journal,
        content,
        snapshots,
        snapshot,
    })
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

async fn open_journal(dir: &Dir, errors: &Errors) -> Result<(Journal<JournalFile>, LogContent), StartError> {
    let io = |error| errors.io(error);
    let file = JournalFile::open(dir.clone()).map_err(io)?;
    let Some(bytes) = JournalFile::read(dir).map_err(io)? else {
        return Ok((Journal::create(file).await.map_err(io)?, LogContent::default()));
    };
    let scanned = scan(&bytes).map_err(|damage| errors.damage(journal::NAME, &damage))?;
    if scanned.torn {
        let cut = bytes.len() as u64 - scanned.end;
        tracing::warn!(
            bytes = cut,
            "the last write to the metadata log was torn by a crash, and is cut off"
        );
    }
    let mut content = LogContent::default();
    for (position, payload) in &scanned.payloads {
        let malformed = |reason: String| errors.malformed(journal::NAME, *position, reason);
        let frame: Frame = serde_json::from_slice(payload).map_err(|error| malformed(error.to_string()))?;
        content.take(frame).map_err(|reason| malformed(reason.to_owned()))?;
    }
    Ok((Journal::open(file, &scanned).await.map_err(io)?, content))
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
