//! Why the quorum did not start, or did not take a batch.

use corvid_env::fs::LockError;
use corvid_metadata::{Conflict, NodeId, SnapshotError};

/// Why the controller did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process has the directory.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// The disk.
    #[error("metadata directory {directory}: {error}")]
    Io {
        /// Which directory.
        directory: String,
        /// What the system said.
        #[source]
        error: std::io::Error,
    },
    /// A file of the quorum is not what was written, and not just a torn tail.
    #[error("metadata directory {directory}: {file} is damaged at byte {position}: {reason}")]
    Damaged {
        /// Which directory.
        directory: String,
        /// Which file.
        file: String,
        /// Where the trouble begins.
        position: u64,
        /// What was found.
        reason: String,
    },
    /// The snapshot can't be read.
    #[error("metadata directory {directory}: {error}")]
    Snapshot {
        /// Which directory.
        directory: String,
        /// Why not.
        #[source]
        error: SnapshotError,
    },
    /// Written by a later release.
    #[error(
        "metadata directory {directory}: {file} has format {version}, this release reads up to {known}; start a newer release"
    )]
    UnknownFormat {
        /// Which directory.
        directory: String,
        /// Which file.
        file: String,
        /// Its format.
        version: u32,
        /// The newest that this release reads.
        known: u32,
    },
    /// The directory belongs to another node.
    #[error("metadata directory {directory} belongs to node {found}, this is node {node}")]
    OtherNode {
        /// Which directory.
        directory: String,
        /// Whose it is.
        found: NodeId,
        /// Who asked.
        node: NodeId,
    },
    /// The quorum did not come up.
    #[error("the metadata quorum did not start: {0}")]
    Quorum(String),
}

/// Why a batch was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// It contradicts what was committed before it. Nothing of it was applied.
    #[error("{0}")]
    Conflict(#[from] Conflict),
    /// More than one entry of the log may hold. Nothing of it was applied.
    #[error("the change has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Its size as JSON.
        bytes: usize,
        /// The most that there may be.
        limit: usize,
    },
    /// Another node leads the quorum.
    #[error("this node does not lead the metadata quorum")]
    NotLeader {
        /// Who does, if that is known.
        leader: Option<NodeId>,
    },
    /// The controller is shut down, or its disk has failed; whether the batch is in is not known.
    #[error("the metadata quorum is unavailable: {0}")]
    Unavailable(String),
}
