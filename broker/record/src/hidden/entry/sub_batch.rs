//! A part of an entry: a batch, and where or when it is to go.
//!
//! | field | |
//! |---|---|
//! | 16 bytes, `i32` | topic id, partition |
//! | `u8` | flags: 1 = held |
//! | only if held: `i64` `i64` `u32` | due time in ms, the first offset it was held under (−1: this one), attempts so far |
//! | only if held: `u32`, bytes | the policy's decision |
//! | `u32` | how many origins: none, or one for each record |
//! | `i32` each | the record's offset less the mate's base offset |
//! | `u32` | bytes of the offset headers; each: `u8` encoding (0 text, 1 big-endian), `u16` length, key |
//! | `u32`, bytes | a whole v2 batch |

use super::{OffsetEncoding, Target};
use crate::hidden::HiddenError;
use crate::hidden::cursor::Cursor;
use crate::{Batch, Offset, Timestamp};

pub(super) const HELD: u8 = 1 << 0;
pub(super) const TEXT: u8 = 0;
pub(super) const BIG_ENDIAN: u8 = 1;

/// A part of an entry, in place.
#[derive(Debug, Clone, Copy)]
pub struct SubBatchView<'a> {
    target: Target,
    hold: Option<HoldView<'a>>,
    origins: Origins<'a>,
    offset_headers: OffsetHeaders<'a>,
    batch: Batch<'a>,
}

/// Until when a sub-batch is held, and why, in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldView<'a> {
    /// When it is due, by the leader's clock.
    pub due: Timestamp,
    /// The offset it was first held under, if it was held again since: releases are in order of
    /// (due time, first offset).
    pub first_offset: Option<Offset>,
    /// How many attempts the record has behind it.
    pub attempts: u32,
    /// What the policy decided, as it wrote it.
    pub decision: &'a [u8],
}

impl<'a> SubBatchView<'a> {
    /// Where it is to go; for a held one, its own partition.
    pub fn target(&self) -> Target {
        self.target
    }

    /// Until when it is held; `None` if it goes at once.
    pub fn hold(&self) -> Option<HoldView<'a>> {
        self.hold
    }

    /// Each record's offset less the mate's base offset; empty, or one for each record.
    pub fn origins(&self) -> Origins<'a> {
        self.origins
    }

    /// The headers that each record gets when it is delivered, behind its own, each with the
    /// offset that the client was told: the mate's base offset and the record's origin.
    pub fn offset_headers(&self) -> OffsetHeaders<'a> {
        self.offset_headers
    }

    /// The records: a whole batch with one record or more.
    pub fn batch(&self) -> Batch<'a> {
        self.batch
    }

    /// Reads the sub-batch at the front of `value`.
    pub(super) fn read(value: &mut Cursor<'a>) -> Result<Self, HiddenError> {
        let topic_id = value.array("a target")?;
        let partition = value.i32("a target")?;
        let flags = value.u8("a sub-batch's flags")?;
        if flags & !HELD != 0 {
            return Err(HiddenError::Invalid {
                what: "a sub-batch's flags",
            });
        }
        let hold = if flags == HELD {
            Some(HoldView::read(value)?)
        } else {
            None
        };
        let origins = Origins {
            bytes: value.elements(4, "the origins")?,
        };
        let offset_headers = OffsetHeaders::read(value)?;
        let bytes = value.bytes("a sub-batch")?;
        let batch = Batch::parse(bytes)?;
        let target = Target { topic_id, partition };
        Self {
            target,
            hold,
            origins,
            offset_headers,
            batch,
        }
        .check(bytes)
    }

    fn check(self, bytes: &[u8]) -> Result<Self, HiddenError> {
        let invalid = |what| Err(HiddenError::Invalid { what });
        let (records, origins) = (self.batch.record_count() as usize, self.origins.len());
        if self.target.partition < 0 {
            return invalid("a target");
        }
        if self.batch.size() != bytes.len() || records == 0 || self.batch.attributes().control {
            return invalid("a sub-batch");
        }
        if origins != records && (origins != 0 || !self.offset_headers.is_empty()) {
            return invalid("the number of origins");
        }
        Ok(self)
    }
}

impl<'a> HoldView<'a> {
    fn read(value: &mut Cursor<'a>) -> Result<Self, HiddenError> {
        let due = Timestamp(value.i64("a hold")?);
        let first_offset = match value.i64("a hold")? {
            -1 => None,
            offset @ 0.. => Some(Offset(offset)),
            ..-1 => {
                return Err(HiddenError::Invalid {
                    what: "a hold's first offset",
                });
            }
        };
        let attempts = value.u32("a hold")?;
        let decision = value.bytes("a hold's decision")?;
        Ok(Self {
            due,
            first_offset,
            attempts,
            decision,
        })
    }
}

/// Where the records of a sub-batch come from; see [`SubBatchView::origins`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origins<'a> {
    bytes: &'a [u8],
}

impl<'a> Origins<'a> {
    /// How many there are: none, or one for each record.
    pub fn len(&self) -> usize {
        self.bytes.len() / 4
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The offset deltas, in the order of the records.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = i32> + use<'a> {
        self.bytes
            .chunks_exact(4)
            .map(|delta| i32::from_be_bytes(delta.try_into().expect("chunks of 4 bytes")))
    }
}

/// A header that says an offset, in place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetHeaderView<'a> {
    /// The header's key.
    pub key: &'a [u8],
    /// How its value says the offset.
    pub encoding: OffsetEncoding,
}

impl OffsetHeaderView<'_> {
    /// The header's value for this offset.
    pub fn value(&self, offset: Offset) -> Vec<u8> {
        match self.encoding {
            OffsetEncoding::Text => offset.to_string().into_bytes(),
            OffsetEncoding::BigEndian => offset.0.to_be_bytes().to_vec(),
        }
    }
}

/// The headers that say an offset; see [`SubBatchView::offset_headers`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffsetHeaders<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> OffsetHeaders<'a> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The headers in their order.
    pub fn iter(&self) -> impl Iterator<Item = OffsetHeaderView<'a>> + use<'a> {
        let mut rest = Cursor::new(self.bytes);
        std::iter::from_fn(move || {
            let more = !rest.rest().is_empty();
            more.then(|| read_offset_header(&mut rest).expect("walked when the entry was read"))
        })
    }

    fn read(value: &mut Cursor<'a>) -> Result<Self, HiddenError> {
        let bytes = value.bytes("the offset headers")?;
        let mut rest = Cursor::new(bytes);
        let mut count = 0;
        while !rest.rest().is_empty() {
            read_offset_header(&mut rest)?;
            count += 1;
        }
        Ok(Self { count, bytes })
    }
}

fn read_offset_header<'a>(rest: &mut Cursor<'a>) -> Result<OffsetHeaderView<'a>, HiddenError> {
    let encoding = match rest.u8("an offset header")? {
        TEXT => OffsetEncoding::Text,
        BIG_ENDIAN => OffsetEncoding::BigEndian,
        2.. => {
            return Err(HiddenError::Invalid {
                what: "an offset header's encoding",
            });
        }
    };
    let key = rest.short_bytes("an offset header")?;
    Ok(OffsetHeaderView { key, encoding })
}
