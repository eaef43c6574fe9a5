//! The inside of a batch, if it is one that can be compacted.

use std::borrow::Cow;

use corvid_record::{Batch, Record, Records};

/// A batch's records, walked once.
#[derive(Debug)]
pub(super) struct Opened<'b> {
    section: Cow<'b, [u8]>,
    count: u32,
}

/// What a batch may decompress to.
const SECTION_BYTES_MAX: usize = 128 << 20;

impl<'b> Opened<'b> {
    /// `None` if the records can't be read, or are at offsets that the batch doesn't have: a topic that was not compacted took
    /// whatever its producers sent, and a record that claims a later offset would replace what is really there.
    pub fn of(batch: &Batch<'b>) -> Option<Self> {
        let opened = Self {
            section: batch.records_section(SECTION_BYTES_MAX).ok()?,
            count: batch.record_count(),
        };
        let mut records = Records::new(&opened.section, opened.count);
        let mut least = 0;
        for record in records.by_ref() {
            let delta = record.ok()?.offset_delta;
            if delta < least || delta > batch.last_offset_delta() {
                return None;
            }
            least = delta + 1;
        }
        records.finish().ok()?;
        Some(opened)
    }

    /// The records, in their order.
    pub fn records(&self) -> impl Iterator<Item = Record<'_>> {
        Records::new(&self.section, self.count).map_while(Result::ok)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use corvid_record::{BatchBuilder, Compression, RecordParts, crc32c};

    use super::*;

    fn batch(delta: i32) -> Bytes {
        let mut builder = BatchBuilder::new(Compression::None);
        builder.push(&RecordParts {
            offset_delta: delta,
            key: Some(b"k"),
            ..RecordParts::default()
        });
        builder.finish(None).unwrap()
    }

    /// With a last offset that is not the record's, and a checksum that fits.
    fn claiming(bytes: &Bytes, last: i32) -> Bytes {
        let mut bytes = bytes.to_vec();
        bytes[23..27].copy_from_slice(&last.to_be_bytes());
        let crc = crc32c(&bytes[21..]);
        bytes[17..21].copy_from_slice(&crc.to_be_bytes());
        bytes.into()
    }

    /// The bug: a record says that it is at an offset far behind its batch, and all that its key gets later is compacted away.
    #[test]
    fn a_record_outside_of_its_batch_is_not_taken_at_its_word() {
        let opens = |bytes: &Bytes| Opened::of(&Batch::parse(bytes).unwrap()).is_some();
        assert!(opens(&batch(3)));
        assert!(!opens(&claiming(&batch(3), 2)));
        let mut torn = batch(0).to_vec();
        torn.truncate(torn.len() - 1);
        let length = torn.len() as i32 - 12;
        torn[8..12].copy_from_slice(&length.to_be_bytes());
        assert!(!opens(&torn.into()));
    }
}
