//! A directory, its names, its lock.

use std::fmt;
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::File;
use crate::{fault, imp, trace};

/// A directory by its path. Cloning is cheap.
#[derive(Clone)]
pub struct Dir {
    path: Arc<Path>,
}

/// One name in a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name, without the directory's path.
    pub name: String,
    /// Whether it is a directory.
    pub is_dir: bool,
    /// The length of a file in bytes; 0 for a directory.
    pub len: u64,
}

impl Dir {
    /// Opens `path`, creating it and what is missing above it. New names are durable when this returns.
    pub fn create_all(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        imp::dir::create_all(path)?;
        trace::file_operation("create_all", path, &[]);
        Self::open(path)
    }

    /// Opens a directory that exists.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        if !imp::dir::is_dir(path)? {
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                format!("{} is not a directory", path.display()),
            ));
        }
        Ok(Self { path: path.into() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is in it, sorted by name. Names that are not UTF-8 are none of ours and are left out.
    pub fn list(&self) -> io::Result<Vec<Entry>> {
        let mut entries = imp::dir::list(&self.path)?;
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// The directory `name` in this one, created if it is absent. A new name is durable after [`Dir::sync`].
    pub fn subdir(&self, name: &str) -> io::Result<Self> {
        let path = self.join(name)?;
        imp::dir::create(&path)?;
        trace::file_operation("subdir", &path, &[]);
        Ok(Self { path: path.into() })
    }

    /// Whether there is a file or directory of this name.
    pub fn exists(&self, name: &str) -> bool {
        self.join(name).is_ok_and(|path| imp::dir::exists(&path))
    }

    /// Creates a new file for reading and writing; an error if the name is taken.
    pub fn create(&self, name: &str) -> io::Result<File> {
        self.open_with("create", name, imp::file::Mode::CreateNew)
    }

    /// Opens an existing file for reading and writing.
    pub fn open_file(&self, name: &str) -> io::Result<File> {
        self.open_with("open", name, imp::file::Mode::Existing)
    }

    /// The whole file, which may have `max_len` bytes at most: a longer one is [`io::ErrorKind::FileTooLarge`].
    pub fn read(&self, name: &str, max_len: u64) -> io::Result<Vec<u8>> {
        let file = self.open_with("open", name, imp::file::Mode::ReadOnly)?;
        let len = file.len()?;
        if len > max_len {
            let path = self.path.join(name);
            let message = format!("{} has {len} bytes, expected at most {max_len}", path.display());
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        let mut bytes = vec![0; len as usize];
        file.read_exact_at(0, &mut bytes)?;
        Ok(bytes)
    }

    /// Renames `from` to `to`, replacing a file there; durable after [`Dir::sync`].
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fault::check("fs.rename")?;
        let (from, to) = (self.join(from)?, self.join(to)?);
        imp::dir::rename(&from, &to)?;
        trace::file_operation("rename", &from, to.as_os_str().as_encoded_bytes());
        Ok(())
    }

    /// Removes a file; durable after [`Dir::sync`].
    pub fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.join(name)?;
        imp::dir::remove(&path)?;
        trace::file_operation("remove", &path, &[]);
        Ok(())
    }

    /// Removes a directory and all that is in it; durable after [`Dir::sync`].
    pub fn remove_dir_all(&self, name: &str) -> io::Result<()> {
        let path = self.join(name)?;
        imp::dir::remove_all(&path)?;
        trace::file_operation("remove_all", &path, &[]);
        Ok(())
    }

    /// Makes the names in this directory durable. Blocks its thread, as [`File::sync_data`] does.
    pub fn sync(&self) -> io::Result<()> {
        match fault::hit("fs.sync_dir") {
            None => imp::dir::sync(&self.path)?,
            Some(fault::Fault::Skip) => {}
            Some(fault) => return Err(fault.into_error("fs.sync_dir")),
        }
        trace::file_operation("sync_dir", &self.path, &[]);
        Ok(())
    }

    /// Replaces the file `name` by `bytes`, durably, so that a crash leaves the old bytes or the new ones.
    ///
    /// It goes through `<name>.tmp`: two writers of one name must take turns. What a crash leaves under
    /// that name may be removed or overwritten. Blocks its thread, as [`File::sync_data`] does.
    pub async fn write_atomic(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = format!("{name}.tmp");
        let file = self.open_with("replace", &temporary, imp::file::Mode::Truncated)?;
        file.write_all_at(0, &mut [IoSlice::new(bytes)])?;
        file.sync_data().await?;
        drop(file);
        self.rename(&temporary, name)?;
        self.sync()
    }

    /// Takes the directory for this process alone, until the lock is dropped or the process ends.
    pub fn lock(&self) -> Result<DirLock, LockError> {
        match imp::dir::lock(&self.path, &self.path.join(LOCK_NAME)) {
            Ok(Ok(held)) => Ok(DirLock { _held: held }),
            Ok(Err(holder)) => Err(LockError::Taken {
                path: self.path.to_path_buf(),
                holder,
            }),
            Err(error) => Err(LockError::Io {
                path: self.path.to_path_buf(),
                error,
            }),
        }
    }

    /// Bytes that an unprivileged process may still write to this file system.
    pub fn available_bytes(&self) -> io::Result<u64> {
        imp::dir::available_bytes(&self.path)
    }

    fn open_with(&self, what: &'static str, name: &str, mode: imp::file::Mode) -> io::Result<File> {
        let path = self.join(name)?;
        let file = imp::file::File::open(&path, mode)?;
        trace::file_operation(what, &path, &[]);
        Ok(File::new(file))
    }

    fn join(&self, name: &str) -> io::Result<PathBuf> {
        let plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\0']);
        if plain {
            Ok(self.path.join(name))
        } else {
            let message = format!("{name:?} is not the name of a file");
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }
}

impl fmt::Debug for Dir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dir({})", self.path.display())
    }
}

/// The file that carries a directory's lock, as in Kafka.
const LOCK_NAME: &str = ".lock";

/// A directory that this process holds alone; dropping it lets go.
#[must_use = "the directory is let go when this is dropped"]
pub struct DirLock {
    _held: imp::dir::Held,
}

impl fmt::Debug for DirLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DirLock")
    }
}

/// Why a directory could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("the directory {} is in use by another process{}; stop that one, or choose another directory", path.display(), holder_text(*holder))]
    Taken {
        /// The directory.
        path: PathBuf,
        /// The process that has it, where its lock file says so.
        holder: Option<u32>,
    },
    /// The lock file could not be opened or locked.
    #[error("the directory {} can't be locked: {error}; choose one that this user may write to", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

fn holder_text(holder: Option<u32>) -> String {
    holder.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

#[cfg(test)]
#[cfg(not(corvid_sim))]
mod tests {
    use super::*;

    fn directory() -> (tempfile::TempDir, Dir) {
        let root = tempfile::tempdir().unwrap();
        let dir = Dir::open(root.path()).unwrap();
        (root, dir)
    }

    #[test]
    fn a_directory_is_made_with_all_above_it_and_lists_by_name() {
        let (_root, dir) = directory();
        let deep = Dir::create_all(dir.path().join("a/b/c")).unwrap();
        deep.create("2")
            .unwrap()
            .write_all_at(0, &mut [IoSlice::new(b"xyz")])
            .unwrap();
        deep.create("10").unwrap();
        deep.subdir("1").unwrap();
        deep.subdir("1").unwrap();
        let entry = |name: &str, is_dir, len| Entry {
            name: name.to_owned(),
            is_dir,
            len,
        };
        assert_eq!(
            deep.list().unwrap(),
            [entry("1", true, 0), entry("10", false, 0), entry("2", false, 3)]
        );
        assert_eq!(deep.create("2").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(deep.open_file("3").unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(Dir::open(deep.path().join("2")).is_err());
    }

    #[test]
    fn a_name_never_leaves_its_directory() {
        let (_root, dir) = directory();
        for name in ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\0b"] {
            assert_eq!(
                dir.create(name).unwrap_err().kind(),
                io::ErrorKind::InvalidInput,
                "{name:?}"
            );
            assert!(!dir.exists(name));
        }
    }

    #[test]
    fn a_file_longer_than_expected_is_not_read() {
        let (_root, dir) = directory();
        dir.create("f").unwrap().truncate(11).unwrap();
        assert_eq!(dir.read("f", 11).unwrap(), [0; 11]);
        assert_eq!(dir.read("f", 10).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[tokio::test]
    async fn an_atomic_write_replaces_the_file_and_leaves_nothing_else() {
        let (_root, dir) = directory();
        dir.write_atomic("meta", b"a long first version").await.unwrap();
        // What a crash in between leaves behind is no obstacle.
        dir.create("meta.tmp").unwrap().truncate(100).unwrap();
        dir.write_atomic("meta", b"second").await.unwrap();
        assert_eq!(dir.read("meta", 100).unwrap(), b"second");
        assert_eq!(dir.list().unwrap().len(), 1);
    }

    #[test]
    fn a_directory_is_taken_once_and_the_error_says_by_whom() {
        let (_root, dir) = directory();
        let held = dir.lock().unwrap();
        let error = dir.lock().unwrap_err();
        assert!(matches!(error, LockError::Taken { holder: Some(pid), .. } if pid == std::process::id()));
        assert!(error.to_string().contains("in use by another process"));
        drop(held);
        drop(dir.lock().unwrap());
    }
}
