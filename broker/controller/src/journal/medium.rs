//! What a journal is written on: a file of its directory, or, in tests, a disk that loses what
//! was not synced.

use std::future::Future;
use std::io::{self, IoSlice};

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

/// The real medium.
pub(crate) struct JournalFile {
    dir: Dir,
    file: Option<File>,
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
        JournalFile { dir, file: None }
    }

    fn file(&self) -> &File {
        self.file
            .as_ref()
            .expect("a journal creates its file before it writes to it")
    }
}

impl Medium for JournalFile {
    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file().write_all_at(at, &mut [IoSlice::new(bytes)])
    }

    async fn sync(&self) -> io::Result<()> {
        self.file().sync_data().await
    }

    async fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.dir.write_atomic(NAME, bytes).await?;
        self.file = Some(self.dir.open_file(NAME)?);
        Ok(())
    }
}
