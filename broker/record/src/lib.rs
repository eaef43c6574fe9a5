//! Record batches of Kafka's format v2: looked at, iterated, built, compressed; and the batches
//! of our own that stand beside them in a log.
//!
//! ```
//! use corvid_record::{Batch, BatchBuilder, Compression, RecordParts, Records};
//!
//! let mut builder = BatchBuilder::new(Compression::Zstd);
//! builder.push(&RecordParts { key: Some(b"k"), value: Some(b"v"), ..RecordParts::default() });
//! let bytes = builder.finish(None)?;
//!
//! let batch = Batch::parse(&bytes)?; // A view: nothing is copied or decompressed.
//! batch.verify_crc()?;
//! let section = batch.records_section(1 << 20)?; // At most so much may come out.
//! for record in Records::new(&section, batch.record_count()) {
//!     assert_eq!(record?.value, Some(&b"v"[..]));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Invariants
//! - Bytes are hostile until they are checked: wrong ones are an error, and never a panic.
//! - Nothing is allocated by a count or length that the bytes claim; whoever decompresses says how
//!   much may come out.
//! - To look at a header allocates nothing. Who accepts all of a batch passes its bytes on as they
//!   are.
//! - Headers are an ordered multimap, and null is not empty: nothing that is read and written again
//!   loses either.
//! - No I/O, no clock, no randomness, no other format than v2.
//!
//! # Callers
//! Storage (views, placing, link positions), the pipeline (what hooks read, what they leave), links
//! (entries, stamps), the coordinator (its own batches), the API (what producers send).
//!
//! # Modules
//! `batch`: the view, its layout and its errors. `record`: records and headers. [`builder`]: making
//! batches, and what is left of them. [`compression`]: the codecs. [`patch`]: what the leader sets
//! in place. [`hidden`]: what clients never see. [`ids`]: newtypes. `varint`, `crc`: the
//! small things.

mod batch;
pub mod builder;
pub mod compression;
mod crc;
pub mod hidden;
pub mod ids;
pub mod patch;
mod record;
#[cfg(test)]
mod testing;
mod varint;

pub use batch::attributes::{Attributes, TimestampType};
pub use batch::client::ClientBatchError;
pub use batch::error::BatchError;
pub use batch::layout::HEADER_SIZE;
pub use batch::{Batch, Batches, batches, size_at_front};
pub use builder::rebuild::{Rebuild, rebuild};
pub use builder::{BatchBuilder, BuildError, RecordParts};
pub use compression::{CompressError, Compression, DecompressError};
pub use crc::crc32c;
pub use ids::{LeaderEpoch, Offset, Producer, ProducerEpoch, ProducerId, Sequence, Timestamp};
pub use record::headers::{Header, HeaderIter, Headers};
pub use record::{Record, RecordError, Records};
pub use varint::VarintError;
