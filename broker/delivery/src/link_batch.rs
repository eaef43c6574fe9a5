//! From a sub-batch of an outbox entry to the batch that a link appends at the target.

use bytes::Bytes;
use corvid_record::hidden::{EntryView, LinkPosition, LinkStamp, SourceId, StampError, SubBatchView};
use corvid_record::{BatchBuilder, BatchError, BuildError, Header, Offset, RecordError, Records, patch};

/// A sub-batch that cannot be delivered: what is in the log is not what a leader writes there.
#[derive(Debug, thiserror::Error)]
pub enum LinkBatchError {
    /// The position does not fit into a stamp.
    #[error(transparent)]
    Stamp(#[from] StampError),
    /// The batch does not decompress.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The records cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The batch with its added headers is no batch.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// How far a sub-batch is decompressed, to add headers: more than any client's batch holds.
const DECOMPRESSED_BYTES_MAX: usize = 256 << 20;

/// The batch to append at the target: the records, the headers that name their offset at the source, and the
/// link's stamp with its position after this entry.
pub(crate) fn build(
    entry: &EntryView<'_>,
    sub_batch: &SubBatchView<'_>,
    source: SourceId,
    position: LinkPosition,
) -> Result<Bytes, LinkBatchError> {
    let stamp = LinkStamp::at(source, position).pack()?;
    let mut bytes = match entry.origin() {
        Some(origin) if !sub_batch.offset_headers().is_empty() => with_offsets(sub_batch, origin.0)?,
        _ => sub_batch.batch().bytes().to_vec(),
    };
    patch::set_producer(stamp, &mut bytes);
    Ok(bytes.into())
}

fn with_offsets(sub_batch: &SubBatchView<'_>, origin: i64) -> Result<Vec<u8>, LinkBatchError> {
    let batch = sub_batch.batch();
    let section = batch.records_section(DECOMPRESSED_BYTES_MAX)?;
    let mut builder = BatchBuilder::new(batch.compression()).base_timestamp(batch.base_timestamp());
    for (record, delta) in Records::new(&section, batch.record_count()).zip(sub_batch.origins().iter()) {
        let record = record?;
        let offset = Offset(origin + i64::from(delta));
        let named: Vec<_> = sub_batch
            .offset_headers()
            .iter()
            .map(|header| (header.key, header.value(offset)))
            .collect();
        let headers: Vec<Header<'_>> = named.iter().map(|(key, value)| (*key, Some(&value[..]))).collect();
        builder.push_with_headers(
            record.offset_delta,
            batch.timestamp_of(record.timestamp_delta),
            &record,
            &headers,
        );
    }
    Ok(builder.finish(None)?.to_vec())
}
