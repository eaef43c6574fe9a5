//! Why a partition takes no batch.

use std::sync::Arc;

use crate::refusals::Refusal;

/// An append that did not happen: nothing of it is in any log.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// acks=all was asked for, and too few replicas are in sync.
    #[error("{in_sync} of the {needed} in-sync replicas that min.insync.replicas asks for")]
    NotEnoughReplicas {
        /// How many are in sync.
        in_sync: usize,
        /// How many the topic wants.
        needed: usize,
    },
    /// A plugin refused records of this batch, now or when an earlier copy of it came.
    #[error("refused by {}", .0.in_short())]
    Refused(Arc<Refusal>),
    /// The log said no.
    #[error(transparent)]
    Log(#[from] corvid_storage::AppendError),
}
