//! Memory-mapped files. The one `unsafe` of this crate.

#![allow(unsafe_code, reason = "a memory map is only as constant as the file below it")]

use std::fs::File;
use std::io;
use std::ops::Deref;

use memmap2::Mmap;

/// A whole file in memory, read-only.
pub(crate) struct Mapping {
    map: Mmap,
}

impl Mapping {
    pub(crate) fn new(file: &File) -> io::Result<Self> {
        // SAFETY: the bytes must not change while they are borrowed. Callers map sealed files only, which this
        // process writes no more; the data directory is locked against other processes of ours.
        let map = unsafe { Mmap::map(file)? };
        Ok(Self { map })
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}
