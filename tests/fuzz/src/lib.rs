//! What must hold of any input: the oracles of the fuzz targets. See README.md.

pub mod hidden;
pub mod record;
pub mod wire;

/// What decompression may make of one section, in bytes.
pub const LIMIT: usize = 1 << 20;
