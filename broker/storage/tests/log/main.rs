//! What a log promises, one behaviour a file.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these are tests, on the real machine"
)]

#[path = "../support.rs"]
mod support;

mod appending;
mod compaction;
mod epochs;
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
mod torn_tail;
mod truncation;
