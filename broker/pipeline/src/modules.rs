//! The modules of plugins, by the SHA-256 of their bytes: those in the binary, and those that were deployed.

use std::collections::BTreeMap;
use std::io;

use bytes::Bytes;
use corvid_env::fs::Dir;
use corvid_metadata::Digest;

/// The largest module that is stored.
pub const MODULE_BYTES_MAX: u64 = 64 << 20;

/// Where modules are kept. A file is named by its digest and checked against it when it is read.
pub struct Modules {
    dir: Dir,
    builtin: BTreeMap<String, Bytes>,
    builtin_by_digest: BTreeMap<Digest, Bytes>,
    /// One is written at a time.
    keeping: tokio::sync::Mutex<()>,
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
        if !self.builtin_by_digest.contains_key(&digest) && !self.dir.exists(&name) {
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
        let name = file_name(digest);
        if !self.dir.exists(&name) {
            return Err(ModuleError::Missing(digest));
        }
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
}

/// The SHA-256 of a module's bytes: its name everywhere.
pub fn digest_of(bytes: &[u8]) -> Digest {
    use sha2::Digest as _;
    Digest(sha2::Sha256::digest(bytes).into())
}

fn file_name(digest: Digest) -> String {
    format!("{}.wasm", digest.hex())
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
