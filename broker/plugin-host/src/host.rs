//! The host: what all plugins share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corvid_env::fs::Dir;

use crate::error::{HostError, LoadError};
use crate::plugin::Plugin;

/// The engine that runs plugins, and the compiler and cache that make them.
pub struct PluginHost {
    _todo: (),
}

/// How a host works.
#[derive(Debug)]
pub struct HostConfig {
    /// Where compiled modules are kept. Only this broker may be able to write there: what is found with
    /// the right name and checksum is run. `None` compiles anew at every start.
    pub cache: Option<Dir>,
    /// Where modules are compiled.
    pub compiler: Compiler,
    /// How many threads call hooks: as many idle instances a plugin keeps, and as many calls the pool
    /// runs at once.
    pub workers: usize,
    /// The limits of a plugin that names none.
    pub defaults: Limits,
}

/// Where modules are compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// Here: for tests, simulation and the command line. Leaves its memory behind.
    InProcess,
    /// In a child process under limits of time and memory, which calls [`compile_main`](crate::compile_main).
    Child {
        /// The program: the broker's own binary.
        exe: PathBuf,
        /// The arguments that make it call `compile_main`.
        args: Vec<String>,
    },
}

/// The limits of a plugin's calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The CPU time that a call may take.
    pub deadline: Duration,
    /// The memory that an instance may have, in bytes.
    pub memory_bytes: usize,
}

impl Default for Limits {
    /// 20 ms of CPU time and 16 MiB.
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(20),
            memory_bytes: 16 << 20,
        }
    }
}

/// What to load.
#[derive(Debug, Clone)]
pub struct LoadSpec {
    /// The plugin's name, in logs, metrics and dead letters.
    pub name: String,
    /// The module.
    pub wasm: Bytes,
    /// Its configuration: UTF-8 JSON.
    pub config: String,
    /// The limits of its calls.
    pub limits: Limits,
    /// Which deployment of the plugin this is.
    pub generation: u64,
}

impl PluginHost {
    /// Makes the engine.
    pub fn new(_config: HostConfig) -> Result<Arc<Self>, HostError> {
        todo!()
    }

    /// The limits of a plugin that names none.
    pub fn defaults(&self) -> Limits {
        todo!()
    }

    /// Makes a plugin of a module: compiles it, or takes it from the cache, checks its imports and exports,
    /// starts it with its configuration and tries each of its hooks on a few records.
    pub async fn load(&self, _spec: LoadSpec) -> Result<Arc<Plugin>, LoadError> {
        todo!()
    }
}
