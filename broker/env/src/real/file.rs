//! Files of the machine: positioned reads and writes, one system call each.

use std::fs::{self, OpenOptions};
use std::io::{self, IoSlice, IoSliceMut};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::{Errno, ReadWriteFlags, pread, preadv2, pwritev, retry_on_intr};

use super::mapping::Mapping;

/// How a file is opened; for reading and writing, unless it says otherwise.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It must not exist yet.
    CreateNew,
    /// It must exist.
    Existing,
    /// It must exist, and may be one that this process must not write.
    ReadOnly,
    /// It is created, or emptied.
    Truncated,
}

#[derive(Clone, Debug)]
pub(crate) struct File {
    file: Arc<fs::File>,
}

impl File {
    pub(crate) fn open(path: &Path, mode: Mode) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        match mode {
            Mode::CreateNew => options.create_new(true),
            Mode::Existing => &mut options,
            Mode::ReadOnly => options.write(false),
            Mode::Truncated => options.create(true).truncate(true),
        };
        Ok(Self {
            file: Arc::new(options.open(path)?),
        })
    }

    pub(crate) fn write_at(&self, at: u64, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(retry_on_intr(|| pwritev(&*self.file, bufs, at))?)
    }

    pub(crate) fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        Ok(retry_on_intr(|| pread(&*self.file, &mut *buf, at))?)
    }

    pub(crate) fn preallocate(&self, at: u64, len: u64) -> io::Result<()> {
        match retry_on_intr(|| fallocate(&*self.file, FallocateFlags::KEEP_SIZE, at, len)) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn truncate(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    pub(crate) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    #[expect(clippy::unused_async, reason = "the simulated one takes simulated time")]
    pub(crate) async fn sync_data(&self) -> io::Result<()> {
        self.sync_data_blocking()
    }

    pub(crate) fn sync_data_blocking(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    pub(crate) fn map(&self) -> io::Result<Mapping> {
        Mapping::new(&self.file)
    }

    /// One byte in every [`SAMPLE_STEP`], and the last: the probe copies what it reads, so it reads single bytes.
    pub(crate) fn resident(&self, at: u64, len: u64) -> bool {
        let Some(last) = len.checked_sub(1) else { return true };
        let samples = (0..=last).step_by(SAMPLE_STEP);
        samples.chain([last]).all(|offset| self.byte_resident(at + offset))
    }

    fn byte_resident(&self, at: u64) -> bool {
        let mut byte = [0];
        let probe = preadv2(
            &*self.file,
            &mut [IoSliceMut::new(&mut byte)],
            at,
            ReadWriteFlags::NOWAIT,
        );
        // Any other error, and a file system without the flag, will show itself in the read that follows.
        !matches!(probe, Err(Errno::AGAIN))
    }

    pub(crate) fn std(&self) -> &fs::File {
        &self.file
    }

    #[expect(clippy::unused_self, reason = "the simulated one knows its path")]
    pub(crate) fn path_for_trace(&self) -> &'static Path {
        Path::new("")
    }
}

/// What was written or read at once is in memory at once or not, in pieces of about this size.
const SAMPLE_STEP: usize = 256 * 1024;
