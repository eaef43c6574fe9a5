//! What a journal is written on: a file of its directory, or, in tests, a disk that loses what
//! was not synced.

use std::future::Future;
use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicU64, Ordering};

use corvid_env::fs::{Dir, File};

/// Bytes that are durable once synced.
pub(crate) trait Medium: Send + Sync + 'static {
    /// Writes at a position; not durable yet.
    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes all of it durable.
    fn sync(&self) -> impl Future<Output = io::Result<()>> + Send;

    /// Puts other content in the place of all there is: durable when it returns, and whole or not
    /// at all after a crash.
    fn replace(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;
}

/// The name of the quorum's log in its directory.
pub(crate) const NAME: &str = "quorum.log";

/// The longest log that is read. It holds the changes since the last snapshot, a few megabytes.
const READ_MAX: u64 = 4 << 30;

/// So many bytes behind the end of the log have their blocks, or half as many at least. A log that finds no room has failed; on a
/// disk that records have filled, topics must still be deleted and settings changed.
pub(crate) const AHEAD_BYTES: u64 = 4 << 20;

/// The real medium.
pub(crate) struct JournalFile {
    dir: Dir,
    file: Option<File>,
    /// Up to here the file has its blocks.
    reserved: AtomicU64,
}

impl JournalFile {
    /// The content of the log in this directory, if there is one.
    pub(crate) fn read(dir: &Dir) -> io::Result<Option<Vec<u8>>> {
        if dir.exists(NAME) {
            dir.read(NAME, READ_MAX).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The log in this directory, to be founded or replaced.
    pub(crate) fn new(dir: Dir) -> Self {
        JournalFile {
            dir,
            file: None,
            reserved: AtomicU64::new(0),
        }
    }

    fn file(&self) -> &File {
        self.file
            .as_ref()
            .expect("a journal creates its file before it writes to it")
    }

    /// Sees to it that there are blocks behind `end`. A disk that is full leaves those that there are.
    fn reserve(&self, end: u64) {
        // Relaxed: there is one writer.
        if end + AHEAD_BYTES / 2 <= self.reserved.load(Ordering::Relaxed) {
            return;
        }
        match self.file().preallocate(end, AHEAD_BYTES) {
            Ok(()) => self.reserved.store(end + AHEAD_BYTES, Ordering::Relaxed),
            Err(error) => tracing::debug!(%error, "no blocks can be reserved for the quorum's log"),
        }
    }
}

impl Medium for JournalFile {
    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.reserve(at + bytes.len() as u64);
        self.file().write_all_at(at, &mut [IoSlice::new(bytes)])
    }

    async fn sync(&self) -> io::Result<()> {
        self.file().sync_data().await
    }

    async fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.dir.write_atomic(NAME, bytes).await?;
        self.file = Some(self.dir.open_file(NAME)?);
        self.reserved = AtomicU64::new(0);
        self.reserve(bytes.len() as u64);
        Ok(())
    }
}
