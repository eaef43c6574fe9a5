//! What a partition's batch must be before anything is done with it: Kafka's checks, in its order.

use bytes::Bytes;
use corvid_env::clock::WallTime;
use corvid_metadata::TopicSettings;
use corvid_metadata::config::TimestampType;
use corvid_record::{Batch, BatchError, ClientBatchError, Compression};

use crate::room::{DECOMPRESSED_BYTES_MAX, RECORD_BYTES_MIN};

/// Why a client's bytes are not appended. All are the client's fault, and final.
#[derive(Debug, thiserror::Error)]
pub enum BatchRefused {
    /// No bytes at all, or more than one batch.
    #[error("a produce carries exactly one batch for a partition, not {found}")]
    NotOneBatch {
        /// "none", or "more than one".
        found: &'static str,
    },
    /// Not a batch, or its checksum is wrong.
    #[error(transparent)]
    Corrupt(#[from] BatchError),
    /// A batch that only the broker may write.
    #[error(transparent)]
    NotForClients(#[from] ClientBatchError),
    /// Larger than `max.message.bytes`.
    #[error("the batch has {bytes} bytes, max.message.bytes is {limit}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The topic's limit.
        limit: u32,
    },
    /// More records than a compressed batch may hold: each would take an offset, whether it is there or not.
    #[error("the batch claims {count} records, a compressed one has {RECORDS_MAX} at most")]
    TooManyRecords {
        /// The field.
        count: u32,
    },
    /// Too far from the broker's clock.
    #[error("timestamp {timestamp} is too far in the {direction}; the topic allows {allowed_ms} ms")]
    Timestamp {
        /// The record's time, ms since the epoch.
        timestamp: i64,
        /// "past" or "future".
        direction: &'static str,
        /// The topic's bound.
        allowed_ms: u64,
    },
    /// Transactions are not served yet.
    #[error("transactions are not supported by this release")]
    Transactional,
}

impl BatchRefused {
    /// Whether the batch may have been taken before: a setting or the clock may have changed since, and the batch has not.
    pub(crate) fn may_be_in_the_log(&self) -> bool {
        match self {
            Self::TooLarge { .. } | Self::Timestamp { .. } => true,
            Self::NotOneBatch { .. }
            | Self::Corrupt(_)
            | Self::NotForClients(_)
            | Self::TooManyRecords { .. }
            | Self::Transactional => false,
        }
    }
}

/// What fits into a compressed batch that is opened. Of others, their own bytes bound the count.
const RECORDS_MAX: u32 = (DECOMPRESSED_BYTES_MAX / RECORD_BYTES_MIN) as u32;

/// Checks a client's bytes down to the header of the batch and its checksum. Nothing is decompressed.
pub fn check<'a>(bytes: &'a Bytes, settings: &TopicSettings, now: WallTime) -> Result<Batch<'a>, BatchRefused> {
    if bytes.is_empty() {
        return Err(BatchRefused::NotOneBatch { found: "none" });
    }
    let batch = Batch::parse(bytes)?;
    if batch.size() != bytes.len() {
        return Err(BatchRefused::NotOneBatch { found: "more than one" });
    }
    if batch.size() as u64 > u64::from(settings.max_message_bytes) {
        return Err(BatchRefused::TooLarge {
            bytes: batch.size(),
            limit: settings.max_message_bytes,
        });
    }
    batch.verify_crc()?;
    batch.check_from_client()?;
    if batch.compression() != Compression::None && batch.record_count() > RECORDS_MAX {
        return Err(BatchRefused::TooManyRecords {
            count: batch.record_count(),
        });
    }
    if batch.attributes().transactional {
        return Err(BatchRefused::Transactional);
    }
    check_time(&batch, settings, now)?;
    Ok(batch)
}

/// The header's largest timestamp stands for all: a client that understates it harms only its own look-ups.
fn check_time(batch: &Batch<'_>, settings: &TopicSettings, now: WallTime) -> Result<(), BatchRefused> {
    let timestamp = batch.max_timestamp().0;
    if settings.timestamp_type == TimestampType::LogAppendTime || timestamp < 0 {
        return Ok(());
    }
    let refused = |direction, allowed_ms| {
        Err(BatchRefused::Timestamp {
            timestamp,
            direction,
            allowed_ms,
        })
    };
    let ahead = timestamp.saturating_sub(now.0);
    if ahead > 0 && ahead.unsigned_abs() > settings.timestamp_after_max_ms {
        return refused("future", settings.timestamp_after_max_ms);
    }
    let behind = now.0.saturating_sub(timestamp);
    if behind > 0 && behind.unsigned_abs() > settings.timestamp_before_max_ms {
        return refused("past", settings.timestamp_before_max_ms);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use corvid_record::{BatchBuilder, RecordParts, Timestamp, crc32c};

    use super::*;

    /// A batch of one record that claims to be of `count`, with a checksum that fits.
    fn claiming(codec: Compression, count: u32) -> Bytes {
        let mut builder = BatchBuilder::new(codec);
        builder.push(&RecordParts {
            timestamp: Timestamp(1_000),
            ..RecordParts::default()
        });
        let mut bytes = builder.finish(None).unwrap().to_vec();
        bytes[23..27].copy_from_slice(&(count - 1).to_be_bytes());
        bytes[57..61].copy_from_slice(&count.to_be_bytes());
        let crc = crc32c(&bytes[21..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        bytes.into()
    }

    /// The bug: a few thousand batches of a hundred bytes, each of which claims two billion records, use up all offsets of a log.
    #[test]
    fn a_compressed_batch_claims_no_more_records_than_fit() {
        let settings = TopicSettings::default_for("orders");
        let check = |count| check(&claiming(Compression::Gzip, count), &settings, WallTime(1_000)).map(drop);
        assert!(check(1).is_ok());
        assert!(check(RECORDS_MAX).is_ok());
        let refused = check(RECORDS_MAX + 1);
        assert!(matches!(refused, Err(BatchRefused::TooManyRecords { count }) if count == RECORDS_MAX + 1));
    }
}
