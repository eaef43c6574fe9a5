//! What a simulated run did, in order: every file operation, and what upper layers note of themselves.
//!
//! Two runs of one seed must give the same bytes. On the real machine all of this compiles to nothing.

use std::io::IoSlice;
use std::path::Path;

/// Appends an event of an upper layer (a frame, a raft entry, …) to the run's trace.
#[inline]
pub fn note(kind: &'static str, bytes: &[u8]) {
    #[cfg(corvid_sim)]
    crate::sim::trace::append(kind, "", bytes);
    #[cfg(not(corvid_sim))]
    let _ = (kind, bytes);
}

#[inline]
pub(crate) fn file_operation(what: &'static str, path: &Path, detail: &[u8]) {
    #[cfg(corvid_sim)]
    crate::sim::trace::append(what, &path.to_string_lossy(), detail);
    #[cfg(not(corvid_sim))]
    let _ = (what, path, detail);
}

#[inline]
pub(crate) fn file_write(path: &Path, at: u64, bufs: &[IoSlice<'_>], written: usize) {
    #[cfg(corvid_sim)]
    crate::sim::trace::append_write(path, at, bufs, written);
    #[cfg(not(corvid_sim))]
    let _ = (path, at, bufs, written);
}

#[inline]
pub(crate) fn file_truncate(path: &Path, len: u64) {
    #[cfg(corvid_sim)]
    crate::sim::trace::append_truncate(path, len);
    #[cfg(not(corvid_sim))]
    let _ = (path, len);
}
