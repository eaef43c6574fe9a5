//! Compiled modules on disk.
//!
//! The directory is as trusted as the broker's binary: who can write to it can have code run. The checksum is
//! against accidents (a torn write, a bad disk, a file from elsewhere), not against such a writer.
//! Whatever is wrong with the cache, the answer is to compile again.

use corvid_env::fs::Dir;
use wasmtime::{Engine, Module};

use super::artifact::Label;
use super::trusted;

/// The most bytes of an artifact: a few times those of the largest module.
const ARTIFACT_MAX: u64 = 256 << 20;

/// A directory of artifacts.
#[derive(Clone)]
pub(super) struct Cache {
    dir: Dir,
}

impl Cache {
    pub(super) fn new(dir: Dir) -> Self {
        Self { dir }
    }

    /// The module, if it is there and sound.
    pub(super) fn load(&self, engine: &Engine, label: &Label) -> Option<Module> {
        let name = label.file_name();
        if !self.dir.exists(&name) {
            return None;
        }
        let read = self.dir.read(&name, ARTIFACT_MAX).map_err(|error| error.to_string());
        let loaded = read.and_then(|sealed| trusted::load(engine, label, &sealed).map_err(|broken| broken.to_string()));
        loaded
            .inspect_err(|why| tracing::warn!("compiling again: cached module {name}: {why}"))
            .ok()
    }

    /// Keeps an artifact for the next start.
    pub(super) async fn store(&self, label: &Label, sealed: &[u8]) {
        let name = label.file_name();
        if let Err(error) = self.dir.write_atomic(&name, sealed).await {
            tracing::warn!("the compiled module {name} can't be cached: {error}");
        }
    }
}
