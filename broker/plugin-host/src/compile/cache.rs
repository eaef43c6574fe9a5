//! Compiled modules on disk.
//!
//! The directory is as trusted as the broker's binary: who can write to it can have code run. The checksum is
//! against accidents (a torn write, a bad disk, a file from elsewhere), not against such a writer.
//! Whatever is wrong with the cache, the answer is to compile again.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use corvid_env::fs::Dir;
use parking_lot::Mutex;
use wasmtime::{Engine, Module};

use super::artifact::{ENDING, Label};
use super::trusted;

/// The most bytes of an artifact: a few times those of the largest module.
const ARTIFACT_MAX: u64 = 256 << 20;

/// How many artifacts are kept that no plugin uses: enough to go back to what ran before.
pub(super) const UNUSED_MAX: usize = 16;
/// How many bytes they may have together.
const UNUSED_BYTES_MAX: u64 = 64 << 20;

/// A directory of artifacts.
#[derive(Clone)]
pub(super) struct Cache {
    dir: Dir,
    /// The names of artifacts that were loaded or stored, the newest last.
    recent: Arc<Mutex<Vec<String>>>,
}

impl Cache {
    pub(super) fn new(dir: Dir) -> Self {
        let recent = Arc::default();
        Self { dir, recent }
    }

    /// Removes what is too much: of artifacts that are not `used`, those that other versions of the broker made first, then
    /// those that have not been asked for the longest. What cannot be removed stays.
    pub(super) fn prune(&self, used: &BTreeSet<String>, engine: &str) -> io::Result<()> {
        let recent = self.recent.lock().clone();
        let age = |name: &String| {
            recent
                .iter()
                .rev()
                .position(|other| other == name)
                .unwrap_or(usize::MAX)
        };
        let mut unused: Vec<_> = self
            .dir
            .list()?
            .into_iter()
            .filter(|entry| !entry.is_dir && entry.name.contains(ENDING) && !used.contains(&entry.name))
            .map(|entry| (!entry.name.ends_with(engine), age(&entry.name), entry.name, entry.len))
            .collect();
        unused.sort();
        let (mut kept, mut bytes) = (0, 0);
        for (foreign, _, name, len) in unused {
            kept += 1;
            bytes += len;
            // What was left half-written is foreign, too: its name doesn't end as others do.
            if foreign || kept > UNUSED_MAX || bytes > UNUSED_BYTES_MAX {
                tracing::debug!("cached module {name} is not used any more");
                self.dir.remove(&name)?;
            }
        }
        self.recent.lock().retain(|name| self.dir.exists(name));
        Ok(())
    }

    fn asked_for(&self, name: &str) {
        let mut recent = self.recent.lock();
        recent.retain(|other| other != name);
        recent.push(name.to_owned());
    }

    /// The module, if it is there and sound.
    pub(super) fn load(&self, engine: &Engine, label: &Label) -> Option<Module> {
        let name = label.file_name();
        self.asked_for(&name);
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
