//! The modules of plugins, by the SHA-256 of their bytes: those in the binary, and those that were deployed.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use bytes::Bytes;
use corvid_env::fs::Dir;
use corvid_env::{clock, fault};
use corvid_metadata::Digest;
use parking_lot::Mutex;

/// The largest module that is stored.
pub const MODULE_BYTES_MAX: u64 = 64 << 20;

/// Where modules are kept. A file is named by its digest and checked against it when it is read.
pub struct Modules {
    dir: Dir,
    builtin: BTreeMap<String, Bytes>,
    builtin_by_digest: BTreeMap<Digest, Bytes>,
    /// One is written at a time.
    keeping: tokio::sync::Mutex<()>,
    /// Of those that nothing of the metadata names, since when nobody has asked for them. Held while one is removed: who asks
    /// afterwards sees that it is not there.
    unnamed: Mutex<BTreeMap<Digest, clock::Instant>>,
}

/// How long a module is kept that nothing of the metadata names: whoever deploys one sends it first, or looks whether it is there, and
/// names it afterwards.
const UNNAMED_FOR: Duration = Duration::from_hours(1);

/// A module that was removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pruned {
    /// Its digest.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
}

/// Why a module cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// Nobody has given it to this node.
    #[error("module {0} is not on this node: apply the file that names it again")]
    Missing(Digest),
    /// The file is not what its name says.
    #[error("the stored module {expected} is damaged: it has the digest {found}; remove it and apply again")]
    Damaged {
        /// What the file is named.
        expected: Digest,
        /// What is in it.
        found: Digest,
    },
    /// Larger than is stored.
    #[error("the module has {bytes} bytes, the limit is {MODULE_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The disk said no.
    #[error("the module cannot be stored or read: {0}")]
    Io(#[from] io::Error),
}

impl Modules {
    /// The modules in `dir`, and those of the binary by their names.
    pub fn new(dir: Dir, builtin: BTreeMap<String, Bytes>) -> Self {
        let builtin_by_digest = builtin
            .values()
            .map(|bytes| (digest_of(bytes), bytes.clone()))
            .collect();
        Self {
            dir,
            builtin,
            builtin_by_digest,
            keeping: tokio::sync::Mutex::default(),
            unnamed: Mutex::default(),
        }
    }

    /// A plugin of the binary.
    pub fn builtin(&self, name: &str) -> Option<&Bytes> {
        self.builtin.get(name)
    }

    /// The names of the binary's plugins.
    pub fn builtin_names(&self) -> impl Iterator<Item = &str> {
        self.builtin.keys().map(String::as_str)
    }

    /// Keeps a module; durable when this returns.
    pub async fn put(&self, bytes: &[u8]) -> Result<Digest, ModuleError> {
        if bytes.len() as u64 > MODULE_BYTES_MAX {
            return Err(ModuleError::TooLarge { bytes: bytes.len() });
        }
        let digest = digest_of(bytes);
        let name = file_name(digest);
        if !self.builtin_by_digest.contains_key(&digest) && !self.is_there(digest) {
            self.dir.write_atomic(&name, bytes).await?;
        }
        Ok(digest)
    }

    /// Keeps a copy of a module of the binary that is in use: bindings name it by its digest, and the next release's binary may have
    /// another one.
    pub(crate) async fn keep(&self, digest: Digest) -> io::Result<()> {
        let name = file_name(digest);
        let _one_at_a_time = self.keeping.lock().await;
        match self.builtin_by_digest.get(&digest) {
            Some(bytes) if !self.dir.exists(&name) => self.dir.write_atomic(&name, bytes).await,
            Some(_) | None => Ok(()),
        }
    }

    /// The module with this digest.
    pub fn get(&self, digest: Digest) -> Result<Bytes, ModuleError> {
        if let Some(bytes) = self.builtin_by_digest.get(&digest) {
            return Ok(bytes.clone());
        }
        if !self.is_there(digest) {
            return Err(ModuleError::Missing(digest));
        }
        let name = file_name(digest);
        let bytes = self.dir.read(&name, MODULE_BYTES_MAX)?;
        let found = digest_of(&bytes);
        if found != digest {
            return Err(ModuleError::Damaged {
                expected: digest,
                found,
            });
        }
        Ok(bytes.into())
    }

    /// Whether there is a file of it, which stays for a while if there is: somebody wants it.
    fn is_there(&self, digest: Digest) -> bool {
        let mut unnamed = self.unnamed.lock();
        let is_there = self.dir.exists(&file_name(digest));
        if is_there {
            unnamed.insert(digest, clock::now());
        }
        is_there
    }

    /// Removes the files of modules that are not among the `named`, and that nobody has asked for in a while. Returns them.
    ///
    /// A module of the binary may go, too, once nothing names it: its file is for the time when the binary is another one.
    pub fn prune(&self, named: &BTreeSet<Digest>) -> io::Result<Vec<Pruned>> {
        let now = clock::now();
        // A test doesn't wait.
        let wait = match fault::hit("modules.unnamed") {
            Some(_) => Duration::ZERO,
            None => UNNAMED_FOR,
        };
        let files: BTreeMap<Digest, u64> = self
            .dir
            .list()?
            .into_iter()
            .filter_map(|file| Some((digest_of_file(&file.name)?, file.len)))
            .collect();
        let mut unnamed = self.unnamed.lock();
        unnamed.retain(|digest, _| files.contains_key(digest) && !named.contains(digest));
        let mut pruned = Vec::new();
        for (digest, bytes) in files.into_iter().filter(|(digest, _)| !named.contains(digest)) {
            let since = *unnamed.entry(digest).or_insert(now);
            if now.saturating_duration_since(since) >= wait {
                self.dir.remove(&file_name(digest))?;
                unnamed.remove(&digest);
                pruned.push(Pruned { digest, bytes });
            }
        }
        Ok(pruned)
    }
}

/// The SHA-256 of a module's bytes: its name everywhere.
pub fn digest_of(bytes: &[u8]) -> Digest {
    use sha2::Digest as _;
    Digest(sha2::Sha256::digest(bytes).into())
}

fn file_name(digest: Digest) -> String {
    format!("{}.wasm", digest.hex())
}

/// `None` for what is not ours.
fn digest_of_file(name: &str) -> Option<Digest> {
    let digest: Digest = format!("sha256:{}", name.strip_suffix(".wasm")?).parse().ok()?;
    (file_name(digest) == name).then_some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bug: a topic takes no records after an upgrade, because the binary's module is another one now.
    #[tokio::test]
    async fn a_module_of_the_binary_outlives_its_release() {
        let place = tempfile::tempdir().unwrap();
        let dir = || Dir::open(place.path()).unwrap();
        let release = |module: &'static [u8]| BTreeMap::from([("mask".to_owned(), Bytes::from_static(module))]);
        let digest = digest_of(b"old");
        Modules::new(dir(), release(b"old")).keep(digest).await.unwrap();
        let upgraded = Modules::new(dir(), release(b"new"));
        assert_eq!(upgraded.get(digest).unwrap(), b"old"[..]);
        assert_eq!(upgraded.get(digest_of(b"new")).unwrap(), b"new"[..]);
    }

    /// The bugs: every version of a plugin that there ever was stays on the disk; or one goes that was sent, and is about to be named.
    #[tokio::test(start_paused = true)]
    async fn what_nothing_names_goes_after_a_while() {
        let place = tempfile::tempdir().unwrap();
        let modules = Modules::new(Dir::open(place.path()).unwrap(), BTreeMap::new());
        let named = modules.put(b"named").await.unwrap();
        let old = modules.put(b"old").await.unwrap();
        let sent = modules.put(b"sent").await.unwrap();
        std::fs::write(place.path().join("notes.wasm"), "not ours").unwrap();
        let prune = || {
            let pruned = modules.prune(&BTreeSet::from([named])).unwrap();
            pruned.into_iter().map(|module| module.digest).collect::<Vec<_>>()
        };
        assert_eq!(prune(), []);
        tokio::time::advance(UNNAMED_FOR / 2).await;
        // Who deploys it again, or looks whether it is there, finds it there when it is named.
        modules.put(b"sent").await.unwrap();
        tokio::time::advance(UNNAMED_FOR / 2).await;
        assert_eq!(prune(), [old]);
        assert!(matches!(modules.get(old), Err(ModuleError::Missing(_))));
        modules.get(sent).unwrap();
        tokio::time::advance(UNNAMED_FOR).await;
        assert_eq!(prune(), [sent]);
        assert!(modules.get(named).is_ok() && place.path().join("notes.wasm").exists());
        // What was named until now has its while, too.
        assert_eq!(modules.prune(&BTreeSet::new()).unwrap(), []);
        tokio::time::advance(UNNAMED_FOR).await;
        assert_eq!(
            modules.prune(&BTreeSet::new()).unwrap(),
            [Pruned {
                digest: named,
                bytes: 5
            }]
        );
    }

    #[tokio::test]
    async fn a_module_is_what_its_digest_says_or_an_error() {
        let place = tempfile::tempdir().unwrap();
        let modules = Modules::new(Dir::open(place.path()).unwrap(), BTreeMap::new());
        let digest = modules.put(b"module").await.unwrap();
        assert_eq!(modules.get(digest).unwrap(), b"module"[..]);
        std::fs::write(place.path().join(file_name(digest)), b"other").unwrap();
        assert!(matches!(modules.get(digest), Err(ModuleError::Damaged { .. })));
        assert!(matches!(modules.get(digest_of(b"x")), Err(ModuleError::Missing(_))));
    }
}
