//! What a batch must be when it comes from a client, beyond being a sound batch.

use crate::{Batch, ProducerId, TimestampType};

/// Why a sound batch is none that a client may send. All are INVALID_RECORD in Kafka, but for
/// [`ClientBatchError::LogAppendTime`], which is INVALID_TIMESTAMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientBatchError {
    /// There is no record in it.
    #[error("the batch has no records")]
    Empty,
    /// Its offsets have gaps: only the broker may leave some.
    #[error("the batch has {count} records for {offsets} offsets")]
    Gaps {
        /// How many records it claims.
        count: u32,
        /// How many offsets it takes.
        offsets: i64,
    },
    /// Control records are the broker's.
    #[error("clients may not write control records")]
    Control,
    /// A producer id without a sequence.
    #[error("producer {producer_id} sent no sequence")]
    NoSequence {
        /// The producer.
        producer_id: ProducerId,
    },
    /// A producer id that is reserved for the broker's own stamps.
    #[error("producer id {producer_id} is reserved for the broker")]
    ReservedProducerId {
        /// The id.
        producer_id: ProducerId,
    },
    /// Only the broker says that timestamps are append times.
    #[error("a producer may not set the timestamp type to LogAppendTime")]
    LogAppendTime,
}

impl Batch<'_> {
    /// Checks what Kafka's `LogValidator` asks of a client's batch, as far as its header tells;
    /// and that its producer id is not one of the broker's own.
    pub fn check_from_client(&self) -> Result<(), ClientBatchError> {
        let (count, offsets) = (self.record_count(), i64::from(self.last_offset_delta()) + 1);
        let (attributes, producer_id) = (self.attributes(), self.producer_id());
        if count == 0 {
            return Err(ClientBatchError::Empty);
        }
        if i64::from(count) != offsets {
            return Err(ClientBatchError::Gaps { count, offsets });
        }
        if attributes.control {
            return Err(ClientBatchError::Control);
        }
        if producer_id.is_reserved() {
            return Err(ClientBatchError::ReservedProducerId { producer_id });
        }
        if producer_id.is_some() && self.base_sequence().0 < 0 {
            return Err(ClientBatchError::NoSequence { producer_id });
        }
        if attributes.timestamp_type == TimestampType::LogAppendTime {
            return Err(ClientBatchError::LogAppendTime);
        }
        Ok(())
    }
}
