//! A partition's log on disk: appended to, read as file ranges, recovered after a crash.
//!
//! [`LogDirectory`] is one disk: one lock, one flusher thread, one fate when a sync fails. [`Log`] is one partition.
//! `README.md` beside this crate draws the protocol across a crash: what is durable when, and what recovery
//! makes of the rest.
//!
//! # Invariants
//! - **Layout**: names and formats are Kafka's; what is ours has a magic number and a version (`names`).
//! - **Prefix**: a batch is written only behind whole batches. A short write is cut off and never gone on with: its batch goes to a new
//!   segment; a log that can't cut has failed.
//! - **Pair**: an outbox entry and its mate are in one write and in one segment.
//! - **Flushed** is raised by a completed sync of the bytes *and* of all that is needed to find them, never by hope; its durable
//!   copy never runs ahead of it, and is lowered before a truncation.
//! - **A failed sync is never retried**: the directory is poisoned, durably.
//! - **Hidden** batches (outbox entries, link checkpoints, batches without records) never reach a `Which::Visible` read, also
//!   not after any crash.
//! - **Derived state** (indexes, producers, links, epochs, hidden lists) is made by one piece of code from the batches' headers,
//!   whether they are appended or recovered.
//! - What is absent: no network, no Kafka error code, no metadata, no knowledge of what a batch means beyond its header. CRCs of
//!   what is appended are checked by whoever received it; what is on the disk is checked here.
//!
//! # Callers
//! `replication` (partitions), and through it delivery, coordinator and the API; the binary opens the directory.
//!
//! # Locks
//! One lock for each log, held for an append or for finding where a read begins, never across a read of the disk or a sync.
//! Under it only the directory's small locks are taken (queue, open files, slots), one at a time. The listener is called without any.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "tests start runtimes and read clocks of their own"
    )
)]

mod append;
mod batch_reader;
mod bytes_reader;
pub mod checkpoint_file;
mod compaction;
mod config;
mod directory;
mod disk_space;
mod epochs;
mod error;
mod facts;
mod flush_queue;
mod flushed_file;
mod flusher;
mod hidden_list;
mod index;
mod links;
mod log;
mod names;
mod open_files;
mod producer_state;
mod read;
mod recovery;
mod retention;
mod segment;
mod shared;
#[cfg(test)]
mod testing;

pub use append::{Append, AppendKind, Appended};
pub use config::{Cleanup, Durability, LogConfig, LogDirectoryConfig, TimestampType};
pub use directory::LogDirectory;
pub use error::{AppendError, ChangeError, OpenError, ReadError};
pub use log::{Compacted, DeletedSegment, Log, LogListener, ProducerInfo, Reason};
pub use read::{Entries, EntryAt, Slices, Which};
pub use retention::TrustedClock;
