//! Records of groups to batches of the log and back.

use bytes::Bytes;
use corvid_env::clock::WallTime;
use corvid_record::{Batch, BatchBuilder, Compression, RecordParts, Records, Timestamp};

use crate::error::LogError;
use crate::schema::Record;

/// How much one compressed batch may hold: more than any coordinator writes, and no bomb.
const MAX_SECTION_BYTES: usize = 64 << 20;

/// One batch with these records; the log places it.
pub(crate) fn encode(records: &[Record], now: WallTime) -> Result<Bytes, LogError> {
    let timestamp = Timestamp(now.0);
    let mut builder = BatchBuilder::new(Compression::None);
    for (offset_delta, record) in (0..).zip(records) {
        let (key, value) = record.encode();
        builder.push(&RecordParts {
            offset_delta,
            timestamp,
            key: Some(&key),
            value: value.as_deref(),
            headers: &[],
        });
    }
    builder.finish(None).map_err(|_| LogError::TooLarge)
}

/// Hands the records of a batch to `each`; those that can't be read as [`Record::Unknown`].
///
/// Control batches hold none. A transaction's may yet be aborted, and nobody writes them here: unknown, too.
pub(crate) fn decode(batch: &Batch<'_>, mut each: impl FnMut(Record)) -> Result<(), LogError> {
    let attributes = batch.attributes();
    if attributes.control {
        return Ok(());
    }
    let corrupt = |what: String| LogError::Corrupt {
        at: batch.base_offset().0,
        what,
    };
    let section = batch
        .records_section(MAX_SECTION_BYTES)
        .map_err(|error| corrupt(error.to_string()))?;
    let mut records = Records::new(&section, batch.record_count());
    for record in records.by_ref() {
        let record = record.map_err(|error| corrupt(error.to_string()))?;
        let read = match record.key {
            Some(key) if !attributes.transactional => Record::decode(key, record.value),
            _ => Ok(Record::Unknown),
        };
        each(read.unwrap_or_else(|error| {
            let at = batch.base_offset().0 + i64::from(record.offset_delta);
            tracing::warn!(at, %error, "a record of __consumer_offsets can't be read and is skipped");
            Record::Unknown
        }));
    }
    records.finish().map_err(|error| corrupt(error.to_string()))
}
