//! The snapshot on disk: where it stands in the log, then the image.

use std::io;

use corvid_env::fs::Dir;
use serde::{Deserialize, Serialize};

use super::stored::{Members, StoredLogId};
use super::{Membership, SnapshotMeta, StoredMembership};
use crate::journal;

/// The snapshot's name in the quorum's directory.
pub(crate) const NAME: &str = "image.snapshot";

/// The largest snapshot that is read.
const READ_MAX: u64 = 1 << 30;

/// Where the snapshot is.
#[derive(Clone)]
pub(crate) struct SnapshotFile {
    dir: Dir,
}

/// The first frame of the file.
#[derive(Serialize, Deserialize)]
struct Head {
    last: Option<StoredLogId>,
    members: Members,
    members_at: Option<StoredLogId>,
}

impl SnapshotFile {
    pub(crate) fn new(dir: Dir) -> Self {
        SnapshotFile { dir }
    }

    /// Puts this snapshot in the place of the last one.
    pub(crate) async fn write(&self, meta: &SnapshotMeta, image: &[u8]) -> io::Result<()> {
        let head = Head {
            last: meta.last_log_id.map(StoredLogId::from),
            members: meta.last_membership.membership().into(),
            members_at: (*meta.last_membership.log_id()).map(StoredLogId::from),
        };
        let head = serde_json::to_vec(&head).expect("a head is plain data");
        let bytes = journal::encode(&[head, image.to_vec()]);
        self.dir.write_atomic(NAME, &bytes).await
    }

    /// The snapshot, if there is one.
    pub(crate) fn read(&self) -> Result<Option<(SnapshotMeta, Vec<u8>)>, SnapshotReadError> {
        if !self.dir.exists(NAME) {
            return Ok(None);
        }
        let bytes = self.dir.read(NAME, READ_MAX)?;
        let mut scanned = journal::scan(&bytes).map_err(SnapshotReadError::Damage)?;
        let image = scanned.payloads.pop();
        let (Some((_, image)), Some((_, head)), false) = (image, scanned.payloads.pop(), scanned.torn) else {
            return Err(SnapshotReadError::Malformed {
                position: scanned.end,
                reason: "it is cut off".to_owned(),
            });
        };
        let malformed = |error: serde_json::Error| SnapshotReadError::Malformed {
            position: 0,
            reason: error.to_string(),
        };
        let head: Head = serde_json::from_slice(&head).map_err(malformed)?;
        let membership = Membership::from(&head.members);
        let meta = SnapshotMeta {
            last_log_id: head.last.map(Into::into),
            last_membership: StoredMembership::new(head.members_at.map(Into::into), membership),
        };
        Ok(Some((meta, image)))
    }
}

/// Why a snapshot can't be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SnapshotReadError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{0:?}")]
    Damage(journal::Damage),
    #[error("{reason}")]
    Malformed { position: u64, reason: String },
}
