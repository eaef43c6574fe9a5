//! What clients never see: outbox entries, link checkpoints, link stamps, batches without records.
//!
//! **An outbox entry** says what of a produce goes elsewhere, or comes back later. It stands right
//! before its *mate*, the batch with the records that stay, and counts only if that mate follows
//! (then it is *armed*). **A link** takes the entries of one partition to another; what it appends
//! there carries a **link stamp** in its producer fields, so that records and position are one
//! batch. **A checkpoint** repeats the positions of all links, so that they outlive the log's start.
//!
//! Entries and checkpoints are control batches of types that Kafka does not have, with one record:
//! the key is Kafka's (`i16` version, `i16` type), the value begins with an `i16` format version of
//! our own. All numbers are big-endian. They go to followers, never to clients.
//!
//! Invariant: what is read here may be anything. A damaged batch is an error, never a panic.

mod checkpoint;
mod control;
mod cursor;
mod entry;
mod error;
mod link;
#[cfg(test)]
mod tests;

pub use checkpoint::Checkpoint;
pub use control::{FIRST_TYPE, HiddenKind, LINK_CHECKPOINT, OUTBOX_ENTRY, is_hidden, kind, may_change_holds};
pub use entry::builder::{EntryBuilder, Hold, OffsetHeader, SubBatch};
pub use entry::mate::{Mate, set_mate_crc};
pub use entry::sub_batch::{HoldView, OffsetHeaderView, OffsetHeaders, Origins, SubBatchView};
pub use entry::{Decider, EntryView, OffsetEncoding, Target};
pub use error::{EntryError, HiddenError, StampError};
pub use link::{LinkPosition, LinkStamp, SourceId};
