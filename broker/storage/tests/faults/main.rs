//! What a log promises when the disk is full, lies, or the process dies at the worst moment.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::case_sensitive_file_extension_comparisons,
    clippy::needless_for_each,
    reason = "these are tests, on the real machine"
)]

#[path = "../log/support.rs"]
mod support;

mod arming;
mod dying;
mod failed_swap;
mod failed_sync;
mod full_disk;
mod short_writes;
