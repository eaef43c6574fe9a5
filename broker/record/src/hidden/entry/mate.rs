//! How an entry knows its mate.

use super::{MATE_AT, OUTBOX_ENTRY};
use crate::hidden::cursor::Cursor;
use crate::hidden::{EntryView, HiddenError, control};
use crate::{Batch, Producer, ProducerEpoch, ProducerId, Sequence, patch};

/// Bytes of a mate in an entry.
const SIZE: usize = 22;
/// Where the checksum stands within them.
const CRC_AT: usize = 18;

/// What an entry knows of its mate: enough that no other batch is taken for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mate {
    /// The client's producer fields.
    pub producer: Producer,
    /// How many records are left in it.
    pub record_count: u32,
    /// Its checksum, as it is in the log.
    pub crc: u32,
}

impl Mate {
    /// What there is to know of this batch.
    pub fn of(x: &Batch<'_>) -> Self {
        Self {
            producer: x.producer(),
            record_count: x.record_count(),
            crc: x.crc(),
        }
    }

    /// Reads a mate; without one, its place is all zero.
    pub(super) fn read(value: &mut Cursor<'_>, armed_alone: bool) -> Result<Option<Self>, HiddenError> {
        let field: [u8; SIZE] = value.array("the mate")?;
        if armed_alone {
            let none = field == [0; SIZE];
            return if none {
                Ok(None)
            } else {
                Err(HiddenError::Invalid { what: "the mate" })
            };
        }
        let mut field = Cursor::new(&field);
        let id = ProducerId(field.i64("the mate")?);
        let epoch = ProducerEpoch(field.i16("the mate")?);
        let base_sequence = Sequence(field.i32("the mate")?);
        let record_count = field.u32("the mate")?;
        let crc = field.u32("the mate")?;
        Ok(Some(Self {
            producer: Producer {
                id,
                epoch,
                base_sequence,
            },
            record_count,
            crc,
        }))
    }

    /// Appends the mate, or zeros in its place.
    pub(super) fn write(mate: Option<Self>, value: &mut Vec<u8>) {
        let Some(Self {
            producer,
            record_count,
            crc,
        }) = mate
        else {
            return value.extend_from_slice(&[0; SIZE]);
        };
        value.extend_from_slice(&producer.id.0.to_be_bytes());
        value.extend_from_slice(&producer.epoch.0.to_be_bytes());
        value.extend_from_slice(&producer.base_sequence.0.to_be_bytes());
        value.extend_from_slice(&record_count.to_be_bytes());
        value.extend_from_slice(&crc.to_be_bytes());
    }
}

/// Tells an entry that its mate's checksum has changed, because the leader set the append time
/// under its lock. The entry's own CRC is renewed.
pub fn set_mate_crc(entry: &mut [u8], crc: u32) -> Result<(), HiddenError> {
    let batch = Batch::parse(entry)?;
    if EntryView::parse(batch)?.armed_alone() {
        return Err(HiddenError::Invalid { what: "the mate" });
    }
    // Behind the value is one byte: the number of headers, 0.
    let value_at = batch.size() - 1 - control::value(&batch, OUTBOX_ENTRY)?.len();
    let (crc_at, size) = (value_at + MATE_AT + CRC_AT, batch.size());
    entry[crc_at..crc_at + 4].copy_from_slice(&crc.to_be_bytes());
    patch::renew_crc(&mut entry[..size]);
    Ok(())
}
