//! The next letters of a partition.

use bytes::Bytes;
use corvid_record::{Batch, Compression, Offset, Record, Records, batches};
use corvid_replication::Partition;
use corvid_storage::Which;

use super::known::Known;
use super::{Order, RedriveError, Stays};
use crate::room::DECOMPRESSED_BYTES_MAX;
use crate::story::{Story, is_storys};

/// How much is read at once, and how many bytes of letters are taken at once; one letter at least.
const PAGE_BYTES: u32 = 1 << 20;

/// A record again: what it was before it was a letter.
#[derive(Debug)]
pub(super) struct Letter {
    pub offset: Offset,
    pub story: Story,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    /// Its own headers, without the story.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
    /// How it was compressed.
    pub codec: Compression,
}

/// Letters that are meant, and what was passed on the way to them.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub letters: Vec<Letter>,
    bytes: usize,
    /// Where the next page begins.
    pub next: Offset,
    /// Whether that is behind the last letter.
    pub at_end: bool,
    /// Letters that are meant and have left already.
    pub already: u64,
    /// Letters that are not meant.
    pub others: u64,
    /// The first of each batch that cannot be opened.
    pub unreadable: Vec<Stays>,
}

impl Page {
    /// Reads from `from` on. Blocks on the disk.
    pub fn read(letters: &Partition, from: Offset, order: &Order, known: &Known) -> Result<Self, RedriveError> {
        let mut page = Self {
            next: from.max(letters.visible_start()),
            ..Self::default()
        };
        let end = order
            .until
            .map_or(letters.visible_end(), |until| until.min(letters.visible_end()));
        if page.next < end {
            let limit = letters.high_watermark();
            let bytes = letters
                .log()
                .read_bytes(page.next, limit, PAGE_BYTES, true, Which::Visible)?;
            for batch in batches(&bytes) {
                let batch = batch.map_err(|error| damaged(page.next, &error))?;
                if !page.take(&batch, end, order, known) {
                    break;
                }
            }
        }
        page.at_end = page.next >= end;
        Ok(page)
    }

    /// Whether the page has room for more. Anyone may write to a dead-letter topic: a batch with nonsense in it stays, and those behind it
    /// go.
    fn take(&mut self, batch: &Batch<'_>, end: Offset, order: &Order, known: &Known) -> bool {
        match self.take_records(batch, end, order, known) {
            Ok(has_room) => has_room,
            Err(error) => {
                self.unreadable.push(Stays {
                    offset: self.next.max(batch.base_offset()),
                    reason: format!("the batch cannot be opened: {error}"),
                });
                self.next = batch.next_offset();
                true
            }
        }
    }

    fn take_records(&mut self, batch: &Batch<'_>, end: Offset, order: &Order, known: &Known) -> Result<bool, String> {
        let base = batch.base_offset();
        let section = batch
            .records_section(DECOMPRESSED_BYTES_MAX)
            .map_err(|error| error.to_string())?;
        for record in Records::new(&section, batch.record_count()) {
            let record = record.map_err(|error| error.to_string())?;
            let offset = base + i64::from(record.offset_delta);
            if offset < self.next {
                continue;
            }
            if offset >= end {
                self.next = end;
                return Ok(false);
            }
            if self.letters.len() >= order.letters_max.max(1) || self.bytes >= PAGE_BYTES as usize {
                return Ok(false);
            }
            self.next = offset.next();
            self.look_at(offset, &record, batch.compression(), order, known);
        }
        self.next = self.next.max(batch.next_offset());
        Ok(true)
    }

    fn look_at(&mut self, offset: Offset, record: &Record<'_>, codec: Compression, order: &Order, known: &Known) {
        let story = Story::of(record.headers.iter());
        if !order.filter.fits(offset.0, record.key, &story) {
            self.others += 1;
        } else if known.has(offset) {
            self.already += 1;
        } else {
            let own = |part: &[u8]| Bytes::copy_from_slice(part);
            let headers = record.headers.iter().filter(|(key, _)| !is_storys(key));
            self.bytes += record.raw.len();
            self.letters.push(Letter {
                offset,
                story,
                key: record.key.map(own),
                value: record.value.map(own),
                headers: headers.map(|(key, value)| (own(key), value.map(own))).collect(),
                codec,
            });
        }
    }
}

fn damaged(offset: Offset, error: &dyn std::fmt::Display) -> RedriveError {
    RedriveError::Damaged {
        offset,
        reason: error.to_string(),
    }
}
