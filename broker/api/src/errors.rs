//! From the errors of the layers below to Kafka's codes: the one place that knows both.

use corvid_pipeline::{BatchRefused, ProduceError};
use corvid_record::{BatchError, ClientBatchError};
use corvid_replication::AppendError;
use corvid_storage as storage;
use corvid_wire::kafka::ResponseError;

use crate::fetch_sessions::SessionError;

/// The code of a produce that was not appended.
pub fn of_produce(error: &ProduceError) -> ResponseError {
    match error {
        ProduceError::Batch(refused) => of_batch(refused),
        ProduceError::Records(_) => ResponseError::InvalidRecord,
        // Retriable in every client, and without a storm of metadata requests.
        ProduceError::Plugin { .. } | ProduceError::NotReady(_) | ProduceError::Backlog { .. } | ProduceError::NoTarget(_) => {
            ResponseError::NotEnoughReplicas
        }
        ProduceError::Append(error) => of_append(error),
    }
}

fn of_batch(refused: &BatchRefused) -> ResponseError {
    match refused {
        BatchRefused::Corrupt(error) => of_corrupt(error),
        BatchRefused::NotForClients(ClientBatchError::LogAppendTime) | BatchRefused::Timestamp { .. } => {
            ResponseError::InvalidTimestamp
        }
        BatchRefused::NotOneBatch { .. } | BatchRefused::NotForClients(_) => ResponseError::InvalidRecord,
        BatchRefused::TooLarge { .. } => ResponseError::MessageTooLarge,
        BatchRefused::Transactional => ResponseError::InvalidTxnState,
    }
}

fn of_corrupt(error: &BatchError) -> ResponseError {
    match error {
        BatchError::Magic { .. } | BatchError::BadCount { .. } | BatchError::BadOffsets { .. } => ResponseError::InvalidRecord,
        BatchError::UnknownCodec { .. } => ResponseError::UnsupportedCompressionType,
        BatchError::Truncated { .. } | BatchError::BadLength { .. } | BatchError::Crc { .. } | BatchError::Decompress(_) => {
            ResponseError::CorruptMessage
        }
    }
}

/// The code of an append that a partition refused.
pub fn of_append(error: &AppendError) -> ResponseError {
    match error {
        AppendError::NotEnoughReplicas { .. } => ResponseError::NotEnoughReplicas,
        AppendError::Refused(_) => ResponseError::InvalidRecord,
        AppendError::Corrupt(error) => of_corrupt(error),
        AppendError::Log(error) => of_log(error),
    }
}

fn of_log(error: &storage::AppendError) -> ResponseError {
    match error {
        storage::AppendError::FencedEpoch { .. } | storage::AppendError::Closed => ResponseError::NotLeaderOrFollower,
        storage::AppendError::InvalidProducerEpoch { .. } => ResponseError::InvalidProducerEpoch,
        storage::AppendError::OutOfOrderSequence { .. } => ResponseError::OutOfOrderSequenceNumber,
        storage::AppendError::DuplicateOlder => ResponseError::DuplicateSequenceNumber,
        storage::AppendError::TooLarge { .. } => ResponseError::RecordListTooLarge,
        storage::AppendError::Corrupt(error) => of_corrupt(error),
        storage::AppendError::LinkMoved { .. } | storage::AppendError::NotALinkBatch => ResponseError::UnknownServerError,
        storage::AppendError::NoSpace
        | storage::AppendError::Poisoned(_)
        | storage::AppendError::Failed(_)
        | storage::AppendError::Io(_) => ResponseError::KafkaStorageError,
    }
}

/// The code of a read that gave nothing.
pub fn of_read(error: &storage::ReadError) -> ResponseError {
    match error {
        storage::ReadError::OutOfRange { .. } => ResponseError::OffsetOutOfRange,
        storage::ReadError::Corrupt { .. } | storage::ReadError::Io { .. } => ResponseError::KafkaStorageError,
    }
}

/// The code of a fetch whose session is not accepted.
pub fn of_session(error: SessionError) -> ResponseError {
    match error {
        SessionError::NotFound => ResponseError::FetchSessionIdNotFound,
        SessionError::InvalidEpoch => ResponseError::InvalidFetchSessionEpoch,
    }
}
