//! The one file that names openraft's types: what they are here, how the quorum is configured, and
//! what its errors mean. The modules below implement openraft's traits in terms of it.

pub(crate) mod log_store;
mod network;
pub(crate) mod recovery;
pub(crate) mod snapshot_file;
pub(crate) mod state_machine;
pub(crate) mod stored;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use corvid_metadata::{Conflict, Image, NodeId, Record};
use openraft::errors::{ClientWriteError, RaftError};
use serde::{Deserialize, Serialize};

pub(crate) use network::NoPeers;
pub(crate) use openraft::async_runtime::WatchReceiver;
pub(crate) use openraft::storage::{EntryResponder, IOFlushed, RaftLogStorage, RaftStateMachine};
pub(crate) use openraft::{EmptyNode, LogState, OptionalSend, RaftLogReader, RaftSnapshotBuilder, ServerState};
pub(crate) use state_machine::StateMachine;

use crate::error::SubmitError;

#[cfg(not(corvid_sim))]
type Runtime = openraft::impls::TokioRuntime;
#[cfg(corvid_sim)]
type Runtime = openraft_rt::deterministic_rng::DeterministicRng<openraft::impls::TokioRuntime>;

openraft::declare_raft_types!(
    /// The types that the quorum is made of.
    pub(crate) TypeConfig:
        D = Batch,
        R = Outcome,
        NodeId = u64,
        Node = EmptyNode,
        AsyncRuntime = Runtime,
);

pub(crate) type Raft = openraft::Raft<TypeConfig, StateMachine>;
pub(crate) type Metrics = openraft::RaftMetrics<TypeConfig>;
pub(crate) type LeaderId = openraft::impls::leader_id_adv::LeaderId<u64, u64>;
pub(crate) type LogId = openraft::LogId<LeaderId>;
pub(crate) type Vote = openraft::Vote<LeaderId>;
pub(crate) type Payload = openraft::EntryPayload<Batch, u64, EmptyNode>;
pub(crate) type Entry = openraft::Entry<LeaderId, Payload>;
pub(crate) type Membership = openraft::Membership<u64, EmptyNode>;
pub(crate) type StoredMembership = openraft::StoredMembership<LeaderId, u64, EmptyNode>;
pub(crate) type SnapshotMeta = openraft::SnapshotMeta<LeaderId, u64, EmptyNode>;
pub(crate) type Snapshot = openraft::Snapshot<LeaderId, u64, EmptyNode, Vec<u8>>;

/// An entry's data: the records of one submission. Shared by the log, the state machine and disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Batch(pub(crate) Arc<Vec<Record>>);

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} records", self.0.len())
    }
}

/// What became of an entry. It stays in this process: openraft asks that answers can be serialized,
/// but sends them nowhere.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// The image that has the entry's records, or why it can't. `None` for entries without records.
    #[serde(skip)]
    pub(crate) image: Option<Result<Arc<Image>, Conflict>>,
}

/// How the quorum runs. With one voter there is nobody to tell that the leader lives, and nobody to
/// elect another: no heartbeats, no election timer, not even a tick.
pub(crate) fn config(snapshot_every: u64) -> Result<Arc<openraft::Config>, openraft::ConfigError> {
    let config = openraft::Config {
        cluster_name: "corvid".to_owned(),
        enable_tick: false,
        enable_heartbeat: false,
        enable_elect: false,
        // A start is a new term, so that no entry of an earlier life is taken for one of this.
        enable_leader_restore: Some(false),
        snapshot_policy: openraft::SnapshotPolicy::LogsSinceLast(snapshot_every.max(1)),
        max_in_snapshot_log_to_keep: 0,
        api_channel_size: Some(1024),
        notification_channel_size: Some(1024),
        ..openraft::Config::default()
    };
    config.validate().map(Arc::new)
}

/// A quorum of this node alone.
pub(crate) fn members(node: NodeId) -> BTreeSet<u64> {
    BTreeSet::from([raft_id(node)])
}

/// Openraft's number of a node.
pub(crate) fn raft_id(node: NodeId) -> u64 {
    u64::from(node.0.cast_unsigned())
}

/// The node with openraft's number.
pub(crate) fn node_id(id: u64) -> NodeId {
    NodeId((id as u32).cast_signed())
}

/// Runs what opens the quorum: in simulation openraft draws its random numbers from the run's
/// seed, and panics outside of this scope.
pub(crate) async fn scope<F: Future>(future: F) -> F::Output {
    #[cfg(corvid_sim)]
    {
        Runtime::scope(corvid_env::random::u64(), future).await
    }
    #[cfg(not(corvid_sim))]
    {
        future.await
    }
}

/// Writes one entry, and waits until it is committed and applied here.
pub(crate) async fn write(raft: &Raft, records: Vec<Record>) -> Result<Arc<Image>, SubmitError> {
    let written = raft.client_write(Batch(Arc::new(records))).await;
    match written.map_err(refused)?.data.image {
        Some(Ok(image)) => Ok(image),
        Some(Err(conflict)) => Err(SubmitError::Conflict(conflict)),
        None => Err(SubmitError::Unavailable(
            "the quorum answered for another entry".to_owned(),
        )),
    }
}

fn refused(error: RaftError<TypeConfig, ClientWriteError<TypeConfig>>) -> SubmitError {
    match error {
        RaftError::APIError(ClientWriteError::ForwardToLeader(forward)) => SubmitError::NotLeader {
            leader: forward.leader_id.map(node_id),
        },
        RaftError::APIError(other) => SubmitError::Unavailable(other.to_string()),
        RaftError::Fatal(fatal) => SubmitError::Unavailable(fatal.to_string()),
    }
}
