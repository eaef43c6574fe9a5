//! What a log promises, one behaviour a file.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::case_sensitive_file_extension_comparisons,
    clippy::needless_for_each,
    reason = "these are tests, on the real machine"
)]

mod appending;
mod compaction;
mod epochs;
mod fixtures;
mod flushing;
mod hidden_batches;
mod identity;
mod links;
mod looking_up;
mod model;
mod outbox_pair;
mod producers;
mod recovery;
mod retention;
mod rolling;
mod rot;
mod support;
mod torn_tail;
mod truncation;
mod warnings;
