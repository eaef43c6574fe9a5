//! Control batches of our own: their types, and what all of them share.

use bytes::Bytes;

use crate::builder::{BatchBuilder, BuildError};
use crate::hidden::HiddenError;
use crate::{Batch, Compression, Records, Timestamp};

/// The control type of an outbox entry.
pub const OUTBOX_ENTRY: i16 = 1001;
/// The control type of a link checkpoint.
pub const LINK_CHECKPOINT: i16 = 1002;
/// Control types from here on are ours (Kafka has 0 to 6), and hidden, whether they are known or not.
pub const FIRST_TYPE: i16 = 1000;

/// The version of a control record's key. Its layout is Kafka's: `i16` version, `i16` type.
const KEY_VERSION: i16 = 0;

/// Why clients do not see a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HiddenKind {
    /// An outbox entry: see [`crate::hidden::EntryView`].
    Entry,
    /// A link checkpoint: see [`crate::hidden::Checkpoint`].
    Checkpoint,
    /// A control batch of ours that this release doesn't know.
    Unknown(i16),
    /// A batch without records. Many clients go astray when they meet one.
    Empty,
}

/// Whether clients may not see the batch.
pub fn is_hidden(batch: &Batch<'_>) -> bool {
    kind(batch).is_some()
}

/// Why clients may not see the batch; `None` if they may.
pub fn kind(batch: &Batch<'_>) -> Option<HiddenKind> {
    if batch.record_count() == 0 {
        return Some(HiddenKind::Empty);
    }
    match control_type(batch)? {
        OUTBOX_ENTRY => Some(HiddenKind::Entry),
        LINK_CHECKPOINT => Some(HiddenKind::Checkpoint),
        other if other >= FIRST_TYPE => Some(HiddenKind::Unknown(other)),
        _kafkas => None,
    }
}

/// Whether the batch is an outbox entry that begins or ends holds: it holds, or it is the broker's own and may cancel some. One look at
/// its flags; whether it is sound is found when it is parsed.
pub fn may_change_holds(batch: &Batch<'_>) -> bool {
    control_type(batch) == Some(OUTBOX_ENTRY)
        && Records::new(batch.section(), 1)
            .next()
            .and_then(Result::ok)
            .and_then(|record| super::entry::flags_of(record.value?))
            .is_some_and(|flags| flags & (super::entry::HOLDS | super::entry::ARMED_ALONE) != 0)
}

/// The control type of the batch's first record, if it is a control batch.
pub fn control_type(batch: &Batch<'_>) -> Option<i16> {
    let attributes = batch.attributes();
    if !attributes.control || attributes.compression != Compression::None {
        return None;
    }
    let first = Records::new(batch.section(), 1).next()?.ok()?;
    let [_, _, high, low] = *first.key?.first_chunk::<4>()?;
    Some(i16::from_be_bytes([high, low]))
}

/// A control batch of ours with this value, which takes `offsets` offsets. The leader places it.
pub(super) fn build(control_type: i16, value: &[u8], timestamp: Timestamp, offsets: i32) -> Result<Bytes, BuildError> {
    let write = |out: &mut Vec<u8>| out.extend_from_slice(value);
    build_written(control_type, value.len(), write, timestamp, offsets)
}

/// The same with a value of `value_len` bytes that `write` appends: a large one is written once, where it stays.
pub(super) fn build_written(
    control_type: i16,
    value_len: usize,
    write: impl FnOnce(&mut Vec<u8>),
    timestamp: Timestamp,
    offsets: i32,
) -> Result<Bytes, BuildError> {
    let mut key = [0; 4];
    key[..2].copy_from_slice(&KEY_VERSION.to_be_bytes());
    key[2..].copy_from_slice(&control_type.to_be_bytes());
    if i32::try_from(value_len).is_err() {
        return Err(BuildError::TooLarge { bytes: value_len });
    }
    let mut builder = BatchBuilder::new(Compression::None).control(true);
    builder.push_written(timestamp, &key, value_len, write);
    builder.finish(Some(offsets - 1))
}

/// The value of a control batch of ours. It is the last thing in the batch but for one byte, the
/// number of headers.
pub(super) fn value<'a>(batch: &Batch<'a>, expected: i16) -> Result<&'a [u8], HiddenError> {
    if control_type(batch) != Some(expected) {
        return Err(HiddenError::NotThis { expected });
    }
    let mut records = Records::new(batch.section(), batch.record_count());
    let first = records.next().ok_or(HiddenError::Shape)??;
    records.finish()?;
    match first.value {
        Some(value) if first.headers.is_empty() => Ok(value),
        Some(_) | None => Err(HiddenError::Shape),
    }
}

/// Refuses a format that this release can't read.
pub(super) fn check_format(control_type: i16, found: i16, newest: i16) -> Result<(), HiddenError> {
    if (1..=newest).contains(&found) {
        return Ok(());
    }
    Err(HiddenError::UnknownFormat {
        control_type,
        found,
        newest,
    })
}
