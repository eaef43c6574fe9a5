//! What the frames of the journal say, in our own shape: openraft's types may change with its next
//! release, what is on disk may not.

use std::collections::BTreeSet;
use std::sync::Arc;

use corvid_metadata::Record;
use serde::{Deserialize, Serialize};

use super::{Batch, Entry, LeaderId, LogId, Membership, Payload, Vote};

/// One frame.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Frame {
    /// Entries, one behind the other.
    Append(Vec<StoredEntry>),
    /// Whom this node has voted for; the last one counts.
    Vote(StoredVote),
    /// Every entry behind this index is void; `None`: every entry.
    Truncate {
        /// The last index that stays.
        after: Option<u64>,
    },
    /// Entries up to here are in the snapshot, and gone from the log.
    Purged(StoredLogId),
}

/// A vote.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct StoredVote {
    term: u64,
    node: u64,
    committed: bool,
}

/// An entry's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredLogId {
    pub(crate) term: u64,
    pub(crate) node: u64,
    pub(crate) index: u64,
}

/// An entry.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredEntry {
    id: StoredLogId,
    what: Content,
}

/// What an entry says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Content {
    /// A leader's first entry.
    Blank,
    Records(Arc<Vec<Record>>),
    Members(Members),
}

/// Who votes, and who listens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Members {
    /// One set, or two while the members change.
    voters: Vec<BTreeSet<u64>>,
    nodes: BTreeSet<u64>,
}

impl Members {
    /// Every voter.
    pub(crate) fn voters(&self) -> impl Iterator<Item = u64> + '_ {
        self.voters.iter().flatten().copied()
    }
}

impl From<&Membership> for Members {
    fn from(membership: &Membership) -> Self {
        let nodes = membership.nodes().map(|(id, _)| *id).collect();
        Members {
            voters: membership.get_joint_config().clone(),
            nodes,
        }
    }
}

impl From<&Members> for Membership {
    fn from(members: &Members) -> Self {
        Membership::new_with_defaults(members.voters.clone(), members.nodes.iter().copied())
    }
}

impl From<LogId> for StoredLogId {
    fn from(id: LogId) -> Self {
        StoredLogId {
            term: id.leader_id.term,
            node: id.leader_id.node_id,
            index: id.index,
        }
    }
}

impl From<StoredLogId> for LogId {
    fn from(id: StoredLogId) -> Self {
        LogId {
            leader_id: LeaderId {
                term: id.term,
                node_id: id.node,
            },
            index: id.index,
        }
    }
}

impl From<&Vote> for StoredVote {
    fn from(vote: &Vote) -> Self {
        StoredVote {
            term: vote.leader_id.term,
            node: vote.leader_id.node_id,
            committed: vote.committed,
        }
    }
}

impl From<StoredVote> for Vote {
    fn from(vote: StoredVote) -> Self {
        let leader_id = LeaderId {
            term: vote.term,
            node_id: vote.node,
        };
        Vote {
            leader_id,
            committed: vote.committed,
        }
    }
}

impl From<&Entry> for StoredEntry {
    fn from(entry: &Entry) -> Self {
        let what = match &entry.payload {
            Payload::Blank => Content::Blank,
            Payload::Normal(batch) => Content::Records(Arc::clone(&batch.0)),
            Payload::Membership(membership) => Content::Members(membership.into()),
        };
        StoredEntry {
            id: entry.log_id.into(),
            what,
        }
    }
}

impl From<StoredEntry> for Entry {
    fn from(entry: StoredEntry) -> Self {
        let payload = match entry.what {
            Content::Blank => Payload::Blank,
            Content::Records(records) => Payload::Normal(Batch(records)),
            Content::Members(members) => Payload::Membership((&members).into()),
        };
        Entry {
            log_id: entry.id.into(),
            payload,
        }
    }
}

impl Frame {
    /// The payload of [`Frame::Append`], made from borrowed entries.
    pub(crate) fn append_bytes(entries: &[StoredEntry]) -> Vec<u8> {
        #[derive(Serialize)]
        #[serde(rename_all = "kebab-case")]
        enum Borrowed<'a> {
            Append(&'a [StoredEntry]),
        }
        serde_json::to_vec(&Borrowed::Append(entries)).expect("entries are plain data with text for keys")
    }

    /// The payload of the frame.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("frames are plain data with text for keys")
    }
}
