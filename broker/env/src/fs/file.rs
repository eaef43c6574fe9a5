//! An open file, a range of one, a mapping of one.

use std::fmt;
use std::io::{self, IoSlice};
use std::ops::Deref;

use crate::fault::{self, Fault};
use crate::{imp, trace};

/// An open file for reading and writing at given places. Clones share it.
#[derive(Clone)]
pub struct File {
    inner: imp::file::File,
}

impl File {
    pub(crate) fn new(inner: imp::file::File) -> Self {
        Self { inner }
    }

    /// Writes `bufs` one after the other from byte `at` on, in one system call; says how many bytes it wrote,
    /// which may be fewer than there are.
    pub fn write_at(&self, at: u64, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if let Some(fault) = fault::hit("fs.write") {
            return self.write_faulty(at, bufs, fault);
        }
        let written = self.inner.write_at(at, bufs)?;
        trace::file_write(self.inner.path_for_trace(), at, bufs, written);
        Ok(written)
    }

    /// Writes all of `bufs` from byte `at` on. The slices are used up on the way.
    pub fn write_all_at(&self, mut at: u64, mut bufs: &mut [IoSlice<'_>]) -> io::Result<()> {
        // Empty slices at the front go first, or a write of nothing would look like a disk that takes nothing.
        IoSlice::advance_slices(&mut bufs, 0);
        while !bufs.is_empty() {
            let written = self.write_at(at, bufs)?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            at += written as u64;
            IoSlice::advance_slices(&mut bufs, written);
        }
        Ok(())
    }

    /// Reads into `buf` from byte `at` on; says how many bytes, 0 at the end of the file.
    pub fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read_at(at, buf)
    }

    /// Fills `buf` from byte `at` on; a file that ends before is [`io::ErrorKind::UnexpectedEof`].
    pub fn read_exact_at(&self, mut at: u64, mut buf: &mut [u8]) -> io::Result<()> {
        while !buf.is_empty() {
            let read = self.read_at(at, buf)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            at += read as u64;
            buf = &mut buf[read..];
        }
        Ok(())
    }

    /// Reserves room for `len` bytes from byte `at` on without changing the file's length. It is advice: a file
    /// system that can't do this is no error, a full one is.
    pub fn preallocate(&self, at: u64, len: u64) -> io::Result<()> {
        self.inner.preallocate(at, len)
    }

    /// Sets the file's length, cutting it or filling it up with zeros.
    pub fn truncate(&self, len: u64) -> io::Result<()> {
        self.inner.truncate(len)?;
        trace::file_operation("truncate", self.inner.path_for_trace(), &len.to_be_bytes());
        Ok(())
    }

    /// The file's length in bytes.
    pub fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    /// Whether the file has no bytes.
    pub fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Makes what was written before this call, and the length, durable (`fdatasync`).
    ///
    /// The real one blocks its thread: callers run on a thread of their own ([`crate::task::spawn_thread`]). The
    /// simulated one takes simulated time. After an error nobody knows what is on the disk, and a second call would
    /// say nothing about it: never call it again, treat the directory as failed.
    pub async fn sync_data(&self) -> io::Result<()> {
        match fault::hit("fs.sync_data") {
            None => self.inner.sync_data().await?,
            Some(Fault::Skip) => {}
            Some(fault) => return Err(fault.into_error("fs.sync_data")),
        }
        trace::file_operation("sync_data", self.inner.path_for_trace(), &[]);
        Ok(())
    }

    /// Maps the file's bytes as they are now into memory, for reading. Only for files that nobody writes to any more
    /// (indexes and segments that are sealed): a file that is cut while mapped would kill the process.
    pub fn map(&self) -> io::Result<Mapping> {
        Ok(Mapping { inner: self.inner.map()? })
    }

    /// Whether `len` bytes from `at` on seem to be in memory, so that reading them won't wait for the disk. Advice:
    /// it looks at samples, and the kernel may drop them right after.
    pub fn resident(&self, at: u64, len: u64) -> bool {
        self.inner.resident(at, len)
    }

    #[cfg(not(corvid_sim))]
    pub(crate) fn inner(&self) -> &imp::file::File {
        &self.inner
    }

    #[cold]
    fn write_faulty(&self, at: u64, bufs: &[IoSlice<'_>], fault: Fault) -> io::Result<usize> {
        if let Fault::Cut(keep) = fault {
            let mut whole: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).collect();
            whole.truncate(keep);
            // The process dies now: whether this last write failed as well makes no difference.
            let _ = self.inner.write_at(at, &[IoSlice::new(&whole)]);
            fault::kill();
        }
        Err(fault.into_error("fs.write"))
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({:?})", self.inner)
    }
}

/// `len` bytes of a file from `offset` on: what a fetch answers with instead of the bytes themselves.
#[derive(Clone, Debug)]
pub struct FileRange {
    /// The file.
    pub file: File,
    /// The first byte.
    pub offset: u64,
    /// How many bytes.
    pub len: u64,
}

/// A file's bytes in memory, read-only. In simulation it is a copy of them.
pub struct Mapping {
    inner: imp::mapping::Mapping,
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.inner
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mapping({} bytes)", self.len())
    }
}
