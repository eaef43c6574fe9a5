//! The plugins that bindings name, loaded once for each configuration.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use corvid_metadata::policy::Binding;
use corvid_metadata::{Digest, Image, PluginLimits, PluginRecord, Rollout};
use corvid_plugin_host::{Limits, LoadError, LoadSpec, Plugin, PluginHost};
use parking_lot::Mutex;

use crate::modules::{ModuleError, Modules};
use crate::tables::{self, Kept, TableKey, Tables};

/// What makes one loaded plugin different from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PluginKey {
    /// What bindings call it.
    pub name: String,
    /// Its module.
    pub module: Digest,
    /// Its configuration: JSON.
    pub config: String,
    /// Its limits: CPU time in ms, and memory in bytes.
    limits: (Option<u64>, Option<u64>),
    /// Which deployment.
    pub generation: u64,
    /// What it may look things up in: what its binding grants, or, of a plugin by itself, anything, which is empty.
    pub tables: Option<Vec<TableKey>>,
}

/// What a binding is loaded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundKey {
    /// The active generation.
    pub active: PluginKey,
    /// The one that is tried, and how.
    pub trial: Option<(PluginKey, Rollout)>,
}

impl BoundKey {
    /// Both generations.
    pub fn all(&self) -> impl Iterator<Item = &PluginKey> {
        std::iter::once(&self.active).chain(self.trial.as_ref().map(|(key, _)| key))
    }
}

/// Why a binding's plugin is not there.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// No plugin has this name.
    #[error("no plugin is named \"{0}\"")]
    Unknown(String),
    /// A table is not there.
    #[error("plugin \"{name}\": {reason}")]
    Table {
        /// The plugin.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// Its module is not there.
    #[error("plugin \"{name}\": {error}")]
    Module {
        /// The plugin.
        name: String,
        /// What is wrong.
        #[source]
        error: ModuleError,
    },
    /// It does not load, or fails its self-test.
    #[error("plugin \"{name}\": {error}")]
    Load {
        /// The plugin.
        name: String,
        /// What is wrong.
        #[source]
        error: LoadError,
    },
}

/// Loaded plugins, shared by all bindings that mean the same.
pub struct Plugins {
    host: Arc<PluginHost>,
    modules: Arc<Modules>,
    tables: Tables,
    loaded: Mutex<BTreeMap<PluginKey, Loaded>>,
}

/// A plugin, and what keeps its tables current.
struct Loaded {
    plugin: Arc<Plugin>,
    tables: Vec<Arc<Kept>>,
}

impl Plugins {
    /// None are loaded yet.
    pub fn new(host: Arc<PluginHost>, modules: Arc<Modules>, tables: Tables) -> Self {
        Self {
            host,
            modules,
            tables,
            loaded: Mutex::default(),
        }
    }

    /// What plugins look things up in.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// What the loaded plugins of these keys look things up in.
    pub(crate) fn tables_of<'a>(&self, keys: impl Iterator<Item = &'a PluginKey>) -> Vec<Arc<Kept>> {
        let loaded = self.loaded.lock();
        let mut tables: Vec<Arc<Kept>> = Vec::new();
        for kept in keys.filter_map(|key| loaded.get(key)).flat_map(|loaded| &loaded.tables) {
            if !tables.iter().any(|known| Arc::ptr_eq(known, kept)) {
                tables.push(kept.clone());
            }
        }
        tables
    }

    /// Where modules are kept.
    pub fn modules(&self) -> &Arc<Modules> {
        &self.modules
    }

    /// What `binding` comes to with the plugins of `image`.
    pub fn key(image: &Image, binding: &Binding) -> Result<PluginKey, PluginError> {
        let record = image
            .plugin(&binding.plugin)
            .ok_or_else(|| PluginError::Unknown(binding.plugin.clone()))?;
        bound(image, binding, record)
    }

    /// What the plugin's candidate comes to at `binding`, if one is tried.
    pub fn trial_key(image: &Image, binding: &Binding) -> Option<(PluginKey, Rollout)> {
        let candidate = image.candidate(&binding.plugin)?;
        // Without its tables the active generation isn't there either, and says so.
        let key = bound(image, binding, &candidate.plugin).ok()?;
        Some((key, candidate.rollout.clone()))
    }

    /// What a plugin by itself comes to: for a check before anything is bound.
    pub fn key_of_record(name: &str, record: &PluginRecord) -> PluginKey {
        key(name, record, None, PluginLimits::default(), None)
    }

    /// The plugin, loaded, configured and tested. What is loaded already is shared.
    pub async fn load(&self, key: &PluginKey) -> Result<Arc<Plugin>, PluginError> {
        if let Some(loaded) = self.loaded.lock().get(key) {
            return Ok(loaded.plugin.clone());
        }
        let tables: Vec<_> = key
            .tables
            .iter()
            .flatten()
            .map(|table| self.tables.get(table))
            .collect();
        let wasm = self.modules.get(key.module).map_err(|error| PluginError::Module {
            name: key.name.clone(),
            error,
        })?;
        let defaults = self.host.defaults();
        let spec = LoadSpec {
            name: key.name.clone(),
            wasm,
            config: key.config.clone(),
            limits: Limits {
                deadline: key.limits.0.map_or(defaults.deadline, Duration::from_millis),
                memory_bytes: key.limits.1.map_or(defaults.memory_bytes, |bytes| bytes as usize),
            },
            generation: key.generation,
            tables: granted(key, &tables),
        };
        let plugin = self.host.load(spec).await.map_err(|error| PluginError::Load {
            name: key.name.clone(),
            error,
        })?;
        if let Err(error) = self.modules.keep(key.module).await {
            tracing::warn!(plugin = key.name, %error, "no copy of a module of the binary is kept: it may be missing after an upgrade");
        }
        let mut loaded = self.loaded.lock();
        let loaded = loaded.entry(key.clone()).or_insert(Loaded { plugin, tables });
        Ok(loaded.plugin.clone())
    }

    /// Forgets all that nobody but this cache holds.
    pub fn forget_unused(&self) {
        self.loaded
            .lock()
            .retain(|_, loaded| Arc::strong_count(&loaded.plugin) > 1);
    }

    /// Removes compiled modules from the disk that nobody is likely to ask for again.
    pub async fn prune_cache(&self) {
        self.host.prune_cache().await;
    }

    /// Removes modules from the disk that no generation of a plugin has which is active, tried, or may be rolled back to. What they
    /// decided is written with the records, and needs them no more.
    pub fn prune_modules(&self, image: &Image) {
        match self.modules.prune(&image.modules_named()) {
            Ok(pruned) => {
                for module in pruned {
                    tracing::info!(digest = %module.digest, bytes = module.bytes, "a module that no generation has any more is removed");
                }
            }
            Err(error) => tracing::warn!(%error, "modules that no generation has any more can't be removed"),
        }
    }

    /// Every loaded plugin.
    pub fn loaded(&self) -> Vec<Arc<Plugin>> {
        self.loaded
            .lock()
            .values()
            .map(|loaded| loaded.plugin.clone())
            .collect()
    }
}

fn bound(image: &Image, binding: &Binding, record: &PluginRecord) -> Result<PluginKey, PluginError> {
    let (name, config) = (&binding.plugin, binding.config.as_ref());
    let tables = tables::keys(image, binding).map_err(|reason| PluginError::Table {
        name: name.clone(),
        reason,
    })?;
    Ok(key(name, record, config, binding.limits, Some(tables)))
}

fn granted(key: &PluginKey, tables: &[Arc<Kept>]) -> corvid_plugin_host::Tables {
    let Some(keys) = &key.tables else {
        return corvid_plugin_host::Tables::Unbound;
    };
    let named = keys
        .iter()
        .zip(tables)
        .map(|(key, kept)| (key.name.clone(), kept.table().clone()));
    corvid_plugin_host::Tables::Granted(named.collect())
}

fn key(
    name: &str,
    record: &PluginRecord,
    config: Option<&serde_json::Value>,
    limits: PluginLimits,
    tables: Option<Vec<TableKey>>,
) -> PluginKey {
    let config = record.config_with(config);
    let limits = record.limits_with(limits);
    PluginKey {
        name: name.to_owned(),
        module: record.module,
        // No configuration is an empty one: a plugin reads keys, not nothing.
        config: if config.is_null() {
            "{}".to_owned()
        } else {
            config.to_string()
        },
        limits: (limits.deadline_ms, limits.memory_bytes),
        generation: record.generation,
        tables,
    }
}
