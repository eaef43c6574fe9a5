//! The host: what all plugins share.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corvid_env::fs::Dir;
use corvid_env::task;
use wasmtime::Linker;

use crate::compile::{Modules, compile_error};
use crate::engine::engine;
use crate::error::{HostError, LoadError};
use crate::exports;
use crate::imports;
use crate::instance::Blueprint;
use crate::meter::Metering;
use crate::plugin::Plugin;
use crate::pool::Pool;
use crate::sandbox::{Build, Sandbox};
use crate::selftest;
use crate::state::GuestState;
use crate::table::Tables;
use crate::ticker::Ticker;
use crate::voice::Voice;

/// The engine that runs plugins, and the compiler and cache that make them.
pub struct PluginHost {
    linker: Linker<GuestState>,
    metering: Metering,
    workers: usize,
    defaults: Limits,
    ticker: Arc<Ticker>,
    modules: Modules,
    /// How many calls may be on the pool of threads at once.
    pool: Pool,
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
    /// The tables that it may open.
    pub tables: Tables,
}

impl PluginHost {
    /// Makes the engine.
    pub fn new(config: HostConfig) -> Result<Arc<Self>, HostError> {
        Self::with_metering(config, Metering::of_this_build())
    }

    pub(crate) fn with_metering(config: HostConfig, metering: Metering) -> Result<Arc<Self>, HostError> {
        let engine = engine(metering)?;
        let linker = imports::linker(&engine).map_err(|error| HostError::Engine(format!("{error:#}")))?;
        let workers = config.workers.max(1);
        Ok(Arc::new(Self {
            linker,
            metering,
            workers,
            defaults: config.defaults,
            ticker: Arc::new(Ticker::new(engine.clone())),
            modules: Modules::new(engine, config.compiler, config.cache),
            pool: Pool::new(workers),
        }))
    }

    /// The limits of a plugin that names none.
    pub fn defaults(&self) -> Limits {
        self.defaults
    }

    #[cfg(test)]
    pub(crate) fn ticker(&self) -> &Ticker {
        &self.ticker
    }

    /// Removes compiled modules from the disk that no plugin uses, beyond a few. Called once what is bound is loaded.
    pub async fn prune_cache(&self) {
        self.modules.prune().await;
    }

    /// Makes a plugin of a module: compiles it, or takes it from the cache, checks its imports and exports,
    /// starts it with its configuration and tries each of its hooks on a few records.
    pub async fn load(&self, spec: LoadSpec) -> Result<Arc<Plugin>, LoadError> {
        let (module, digest) = self.modules.get(&spec.wasm).await?;
        let hooks = exports::check(&module)?;
        let linked = self.linker.instantiate_pre(&module);
        let blueprint = Blueprint {
            module: linked.map_err(|error| compile_error(&error))?,
            metering: self.metering,
            ticker: self.ticker.clone(),
            voice: Arc::new(Voice::new(&spec.name)),
            tables: spec.tables,
            memory: spec.limits.memory_bytes,
        };
        let LoadSpec {
            config,
            limits,
            generation,
            ..
        } = spec;
        let build = Build {
            blueprint,
            module,
            hooks,
            config,
            limits,
            idle_max: self.workers,
        };
        if self.metering == Metering::Epochs {
            self.ticker.start();
        }
        // A plugin may take its time to start, and this thread has others to serve.
        let sandbox = task::offload(move || {
            Sandbox::start(build, |instance, hooks| selftest::run(instance, hooks, limits.deadline))
        });
        let sandbox = Arc::new(sandbox.await?);
        Ok(Arc::new(Plugin {
            sandbox,
            digest,
            generation,
            pool: self.pool.for_another(self.workers),
        }))
    }
}

impl fmt::Debug for PluginHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginHost")
            .field("metering", &self.metering)
            .finish_non_exhaustive()
    }
}
