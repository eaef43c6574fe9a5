//! A partition of `__consumer_offsets`, as the coordinator's log.

use std::sync::Arc;

use bytes::Bytes;
use corvid_record::{LeaderEpoch, Offset};
use corvid_replication::{AppendError, Partition};
use corvid_storage::{self as storage, AppendKind, ReadError, Which};

use crate::error::LogError;
use crate::log::{Committed, OffsetsLog};

/// The partition that a shard of groups lives in.
pub struct PartitionLog(pub Arc<Partition>);

impl OffsetsLog for PartitionLog {
    fn leader_epoch(&self) -> LeaderEpoch {
        self.0.leader_epoch()
    }

    fn start(&self) -> Offset {
        self.0.log().start()
    }

    fn end(&self) -> Offset {
        self.0.log().end()
    }

    fn read(&self, from: Offset, max_bytes: u32) -> Result<Bytes, LogError> {
        let log = self.0.log();
        log.read_bytes(from, log.end(), max_bytes, true, Which::All)
            .map_err(|error| of_read(from, &error))
    }

    fn append(&self, batch: Bytes) -> Result<Offset, LogError> {
        match self.0.append(batch, AppendKind::Internal) {
            Ok(appended) => Ok(appended.end),
            Err(error) => Err(of_append(error)),
        }
    }

    fn committed(&self, end: Offset) -> Committed<'_> {
        Box::pin(async move { self.0.committed(end).await.map_err(|_closed| LogError::NotLeader) })
    }
}

fn of_read(from: Offset, error: &ReadError) -> LogError {
    match error {
        ReadError::OutOfRange { .. } | ReadError::Io { .. } => LogError::Unavailable(error.to_string()),
        ReadError::Corrupt { .. } => LogError::Corrupt {
            at: from.0,
            what: error.to_string(),
        },
    }
}

fn of_append(error: AppendError) -> LogError {
    match error {
        AppendError::Log(storage::AppendError::FencedEpoch { .. } | storage::AppendError::Closed) => {
            LogError::NotLeader
        }
        AppendError::Log(storage::AppendError::TooLarge { .. }) => LogError::TooLarge,
        AppendError::NotEnoughReplicas { .. } | AppendError::Refused(_) | AppendError::Log(_) => {
            LogError::Unavailable(error.to_string())
        }
    }
}
