//! From a sub-batch of an outbox entry to the batch that a link appends at the target.

use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};
use corvid_record::hidden::{EntryView, StampError, SubBatchView};
use corvid_record::{BatchBuilder, BatchError, BuildError, Header, Offset, Producer, RecordError, Records, patch};
use corvid_replication::PartitionId;

use crate::targets::partition_of;

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

/// A part of an entry on its way to a target.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub target: PartitionId,
    pub records: u32,
    batch: Contents,
}

#[derive(Debug)]
enum Contents {
    /// As it is in the entry, there.
    InPlace(Range<usize>),
    /// With headers that name the records' offsets.
    Built(Vec<u8>),
}

impl Parcel {
    /// What a sub-batch of an entry, whose bytes are `whole`, sends.
    pub fn new(entry: &EntryView<'_>, sub_batch: &SubBatchView<'_>, whole: &[u8]) -> Result<Self, LinkBatchError> {
        let bytes = sub_batch.batch().bytes();
        let batch = match entry.origin() {
            Some(origin) if !sub_batch.offset_headers().is_empty() => {
                Contents::Built(with_offsets(sub_batch, origin.0)?)
            }
            _ => {
                let begin = bytes.as_ptr().addr() - whole.as_ptr().addr();
                Contents::InPlace(begin..begin + bytes.len())
            }
        };
        Ok(Self {
            target: partition_of(sub_batch.target()),
            records: sub_batch.batch().record_count(),
            batch,
        })
    }

    /// The batch to append at the target: the records, and the link's stamp with its position after this entry. What is in
    /// place in the entry's bytes is stamped there.
    pub fn stamped(self, whole: &mut BytesMut, taken: &mut usize, stamp: Producer) -> Bytes {
        match self.batch {
            Contents::Built(mut bytes) => {
                patch::set_producer(stamp, &mut bytes);
                bytes.into()
            }
            Contents::InPlace(range) => {
                whole.advance(range.start - *taken);
                *taken = range.end;
                let mut bytes = whole.split_to(range.len());
                patch::set_producer(stamp, &mut bytes);
                bytes.freeze()
            }
        }
    }
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
