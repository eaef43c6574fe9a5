//! From the errors of the layers below to Kafka's codes: the one place that knows both.

use corvid_controller::SubmitError;
use corvid_coordinator::GroupError;
use corvid_pipeline::{AssembleError, BatchRefused, ProduceError, SectionError};
use corvid_record::{BatchError, BuildError, ClientBatchError};
use corvid_replication::AppendError;
use corvid_storage as storage;
use corvid_wire::kafka::ResponseError;

use crate::fetch_sessions::SessionError;

/// The code of a produce that was not appended.
pub fn of_produce(error: &ProduceError) -> ResponseError {
    match error {
        ProduceError::Batch(refused) => of_batch(refused),
        // Retriable in every client, and without a storm of metadata requests.
        ProduceError::Plugin { .. } | ProduceError::NotReady(_) | ProduceError::Backlog { .. } => {
            ResponseError::NotEnoughReplicas
        }
        // Some clients take it apart then, and send smaller ones.
        ProduceError::Records(SectionError::TooManyRecords { .. })
        | ProduceError::Assemble(AssembleError::TooManyHolds | AssembleError::Build(BuildError::TooLarge { .. })) => {
            ResponseError::MessageTooLarge
        }
        // Records that cannot be read, or of which the hooks made no batch: trying again cannot help.
        ProduceError::Records(_) | ProduceError::Assemble(_) => ResponseError::InvalidRecord,
        ProduceError::Append(error) => of_append(error),
    }
}

fn of_batch(refused: &BatchRefused) -> ResponseError {
    match refused {
        BatchRefused::Corrupt(error) => of_corrupt(error),
        BatchRefused::NotForClients(ClientBatchError::LogAppendTime) | BatchRefused::Timestamp { .. } => {
            ResponseError::InvalidTimestamp
        }
        BatchRefused::NotOneBatch { .. } | BatchRefused::NotForClients(_) | BatchRefused::TooManyRecords { .. } => {
            ResponseError::InvalidRecord
        }
        BatchRefused::TooLarge { .. } => ResponseError::MessageTooLarge,
        BatchRefused::Transactional => ResponseError::InvalidTxnState,
    }
}

fn of_corrupt(error: &BatchError) -> ResponseError {
    match error {
        BatchError::Magic { .. } | BatchError::BadCount { .. } | BatchError::BadOffsets { .. } => {
            ResponseError::InvalidRecord
        }
        BatchError::UnknownCodec { .. } => ResponseError::UnsupportedCompressionType,
        BatchError::Truncated { .. }
        | BatchError::BadLength { .. }
        | BatchError::Crc { .. }
        | BatchError::Decompress(_) => ResponseError::CorruptMessage,
    }
}

/// The code of an append that a partition refused.
pub fn of_append(error: &AppendError) -> ResponseError {
    match error {
        AppendError::NotEnoughReplicas { .. } => ResponseError::NotEnoughReplicas,
        AppendError::Refused(_) => ResponseError::InvalidRecord,
        AppendError::Log(error) => of_log(error),
    }
}

fn of_log(error: &storage::AppendError) -> ResponseError {
    match error {
        storage::AppendError::FencedEpoch { .. } | storage::AppendError::Closed => ResponseError::NotLeaderOrFollower,
        storage::AppendError::InvalidProducerEpoch { .. } => ResponseError::InvalidProducerEpoch,
        // Older than the last five: as Kafka, never "duplicate". Clients take that for success, and what is older than all
        // that the log remembers of a producer need not be in it.
        storage::AppendError::OutOfOrderSequence { .. } | storage::AppendError::DuplicateOlder => {
            ResponseError::OutOfOrderSequenceNumber
        }
        storage::AppendError::TooLarge { .. } => ResponseError::RecordListTooLarge,
        storage::AppendError::Corrupt(error) => of_corrupt(error),
        storage::AppendError::LeftOver(_) => ResponseError::InvalidRecord,
        // Trying again cannot help.
        storage::AppendError::NoOffsets { .. }
        | storage::AppendError::LinkMoved { .. }
        | storage::AppendError::NotALinkBatch
        | storage::AppendError::NotAnEntry(_) => ResponseError::UnknownServerError,
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

/// The code of what a group's coordinator refused.
pub fn of_group(error: GroupError) -> ResponseError {
    match error {
        GroupError::CoordinatorNotAvailable => ResponseError::CoordinatorNotAvailable,
        GroupError::NotCoordinator => ResponseError::NotCoordinator,
        GroupError::CoordinatorLoadInProgress => ResponseError::CoordinatorLoadInProgress,
        GroupError::InvalidGroupId => ResponseError::InvalidGroupId,
        GroupError::GroupIdNotFound => ResponseError::GroupIdNotFound,
        GroupError::NonEmptyGroup => ResponseError::NonEmptyGroup,
        GroupError::GroupSubscribedToTopic => ResponseError::GroupSubscribedToTopic,
        GroupError::GroupMaxSizeReached => ResponseError::GroupMaxSizeReached,
        GroupError::InvalidSessionTimeout => ResponseError::InvalidSessionTimeout,
        GroupError::InconsistentGroupProtocol => ResponseError::InconsistentGroupProtocol,
        GroupError::MemberIdRequired => ResponseError::MemberIdRequired,
        GroupError::UnknownMemberId => ResponseError::UnknownMemberId,
        GroupError::FencedInstanceId => ResponseError::FencedInstanceId,
        GroupError::IllegalGeneration => ResponseError::IllegalGeneration,
        GroupError::RebalanceInProgress => ResponseError::RebalanceInProgress,
        GroupError::OffsetMetadataTooLarge => ResponseError::OffsetMetadataTooLarge,
        GroupError::InvalidCommitOffsetSize => ResponseError::InvalidCommitOffsetSize,
        GroupError::Unwritable => ResponseError::UnknownServerError,
    }
}

/// 0, or the code of what a group's coordinator refused.
pub fn group_code(result: Result<(), GroupError>) -> i16 {
    result.map_or_else(|error| of_group(error).code(), |()| 0)
}

/// The code of a change that the metadata quorum did not take.
pub fn of_submit(error: &SubmitError) -> ResponseError {
    match error {
        SubmitError::Conflict(_) | SubmitError::TooLarge { .. } => ResponseError::InvalidRequest,
        SubmitError::NotLeader { .. } => ResponseError::NotController,
        SubmitError::Unavailable { .. } => ResponseError::RequestTimedOut,
    }
}
