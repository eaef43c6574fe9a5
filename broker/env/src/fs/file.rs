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
        trace::file_truncate(self.inner.path_for_trace(), len);
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
            Some(Fault::Skip) => {
                // It still takes its time, or a simulated run would go round and round within one millisecond.
                #[cfg(corvid_sim)]
                self.inner.sync_skipped().await;
            }
            Some(fault) => return Err(self.fail_sync(fault)),
        }
        trace::file_operation("sync_data", self.inner.path_for_trace(), &[]);
        Ok(())
    }

    /// As [`File::sync_data`], for code that is not `async`: recovery, which must make a cut durable before anything is
    /// written behind it. In simulation it takes no time.
    pub fn sync_data_blocking(&self) -> io::Result<()> {
        match fault::hit("fs.sync_data") {
            None => self.inner.sync_data_blocking()?,
            Some(Fault::Skip) => {}
            Some(fault) => return Err(self.fail_sync(fault)),
        }
        trace::file_operation("sync_data", self.inner.path_for_trace(), &[]);
        Ok(())
    }

    /// Maps the file's bytes as they are now into memory, for reading. Only for files that nobody writes to any more
    /// (indexes and segments that are sealed): a file that is cut while mapped would kill the process.
    pub fn map(&self) -> io::Result<Mapping> {
        Ok(Mapping {
            inner: self.inner.map()?,
        })
    }

    /// Whether `len` bytes from `at` on seem to be in memory, so that reading them won't wait for the disk. Advice:
    /// it looks at samples, and the kernel may drop them right after.
    pub fn resident(&self, at: u64, len: u64) -> bool {
        self.inner.resident(at, len)
    }

    /// The file below, for what a socket sends of it.
    #[cfg(not(corvid_sim))]
    pub(crate) fn inner(&self) -> &imp::file::File {
        &self.inner
    }

    #[cold]
    #[cfg_attr(
        not(corvid_sim),
        expect(clippy::unused_self, reason = "the simulated file forgets its pages")
    )]
    fn fail_sync(&self, fault: Fault) -> io::Error {
        #[cfg(corvid_sim)]
        self.inner.sync_failed();
        fault.into_error("fs.sync_data")
    }

    #[cold]
    fn write_faulty(&self, at: u64, bufs: &[IoSlice<'_>], fault: Fault) -> io::Result<usize> {
        let front = |keep| -> Vec<u8> { bufs.iter().flat_map(|buf| buf.iter().copied()).take(keep).collect() };
        if let Fault::Short(keep) = fault {
            return self.inner.write_at(at, &[IoSlice::new(&front(keep))]);
        }
        if let Fault::Cut(keep) = fault {
            // The process dies now: whether this last write failed as well makes no difference.
            let _ = self.inner.write_at(at, &[IoSlice::new(&front(keep))]);
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

#[cfg(test)]
#[cfg(not(corvid_sim))]
mod tests {
    use super::*;
    use crate::fs::Dir;

    fn file() -> (tempfile::TempDir, File) {
        let root = tempfile::tempdir().unwrap();
        let file = Dir::open(root.path()).unwrap().create("f").unwrap();
        (root, file)
    }

    /// The kernel takes 1,024 slices at most in one call and writes the front only.
    #[test]
    fn a_short_write_is_continued_where_it_ended() {
        let (_root, file) = file();
        let text: Vec<u8> = (0..5_000_u32).flat_map(u32::to_be_bytes).collect();
        let mut slices: Vec<IoSlice<'_>> = text.chunks(4).map(IoSlice::new).collect();
        assert!(file.write_at(7, &slices).unwrap() < text.len());
        slices.insert(0, IoSlice::new(b""));
        file.write_all_at(7, &mut slices).unwrap();
        let mut read = vec![0; text.len()];
        file.read_exact_at(7, &mut read).unwrap();
        assert_eq!(read, text);
        file.write_all_at(0, &mut [IoSlice::new(b""), IoSlice::new(b"")])
            .unwrap();
    }

    #[test]
    fn reserving_room_does_not_change_the_length_and_cutting_does() {
        let (_root, file) = file();
        file.preallocate(0, 1 << 20).unwrap();
        assert!(file.is_empty().unwrap());
        file.write_all_at(0, &mut [IoSlice::new(b"0123456789")]).unwrap();
        file.truncate(4).unwrap();
        assert_eq!(file.len().unwrap(), 4);
        let mut more = [0; 5];
        assert_eq!(file.read_at(0, &mut more).unwrap(), 4);
        assert_eq!(file.read_at(4, &mut more).unwrap(), 0);
        assert_eq!(
            file.read_exact_at(0, &mut more).unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
    }

    #[tokio::test]
    async fn a_mapping_shows_the_bytes_and_what_was_just_written_is_in_memory() {
        let (_root, file) = file();
        assert_eq!(file.map().unwrap().len(), 0);
        file.write_all_at(0, &mut [IoSlice::new(&vec![7; 200_000])]).unwrap();
        file.sync_data().await.unwrap();
        assert_eq!(*file.map().unwrap(), vec![7; 200_000]);
        assert!(file.resident(0, 200_000) && file.resident(5, 0));
    }
}
