//! From settings to what `apply` takes: desired state, and the modules it names.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use corvid_admin::Application;
use corvid_metadata::Digest;
use corvid_metadata::desired::{Desired, DesiredPlugin};
use corvid_metadata::policy::{SCRIPT_BYTES_MAX, SCRIPT_PLUGIN, script_config};
use corvid_pipeline::MODULE_BYTES_MAX;

pub use corvid_pipeline::digest_of;

use super::plugins::{ModuleSource, PluginEntry};
use super::{ScriptSource, Settings, split};

/// A file of settings: what its relative paths count from, and under which name its keys are remembered.
#[derive(Debug, Clone)]
pub struct Named<'a> {
    /// Its folder.
    pub folder: &'a Path,
    /// Whose the applied keys are: the whole path, so that two teams' `corvid.toml` don't undo each other.
    pub name: String,
}

impl<'a> Named<'a> {
    /// A file by its path.
    pub fn of(path: &'a Path) -> Self {
        let whole = std::path::absolute(path);
        Self {
            folder: path.parent().unwrap_or(Path::new("")),
            name: whole.as_deref().unwrap_or(path).to_string_lossy().into_owned(),
        }
    }
}

/// A file that is named, and not there.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    /// A module.
    #[error("plugin `{plugin}`: {} cannot be read: {error}; build it with `corvid plugin build`, or correct `file` in [plugins.{plugin}]", path.display())]
    Module {
        /// The plugin.
        plugin: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A script.
    #[error("plugin `{plugin}`: {} cannot be read: {error}; correct its `script_file`", path.display())]
    Script {
        /// The plugin.
        plugin: String,
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
}

/// All files that are named, and not there.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.told().join("\nerror: "))]
pub struct Unreadable(pub Vec<ApplicationError>);

impl Unreadable {
    /// Each by itself.
    pub fn told(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }
}

impl Settings {
    /// Reads the modules of `file`'s plugins, and puts together what is to be applied.
    pub fn application(&self, file: &Named<'_>) -> Result<Application, Unreadable> {
        let mut modules = BTreeMap::new();
        let mut plugins = BTreeMap::new();
        let mut unreadable = Vec::new();
        for (name, entry) in &self.plugins {
            let read = module(name, entry, file.folder)
                .and_then(|(digest, bytes)| Ok((digest, bytes, desired(name, digest, entry, file.folder)?)));
            match read {
                Ok((digest, bytes, desired)) => {
                    modules.extend(bytes.map(|bytes| (digest, bytes)));
                    plugins.insert(name.clone(), desired);
                }
                Err(error) => unreadable.push(error),
            }
        }
        if !unreadable.is_empty() {
            return Err(Unreadable(unreadable));
        }
        Ok(Application {
            desired: Desired {
                owner: file.name.clone(),
                topics: self.topics.clone(),
                plugins,
            },
            modules,
        })
    }
}

fn desired(
    plugin: &str,
    module: Digest,
    entry: &PluginEntry,
    folder: &Path,
) -> Result<DesiredPlugin, ApplicationError> {
    let (builtin, config) = match &entry.source {
        ModuleSource::Builtin(name) => (Some(name.clone()), entry.config.clone()),
        ModuleSource::File(_) | ModuleSource::Digest(_) => (None, entry.config.clone()),
        ModuleSource::Script(source) => {
            let script = script_text(plugin, source, folder)?;
            (Some(SCRIPT_PLUGIN.to_owned()), script_config(&script, &entry.config))
        }
    };
    Ok(DesiredPlugin {
        module,
        builtin,
        config,
        limits: entry.limits,
    })
}

/// The text of a script, wherever it is.
pub fn script_text(plugin: &str, source: &ScriptSource, folder: &Path) -> Result<String, ApplicationError> {
    let file = match source {
        ScriptSource::Text { text, .. } => return Ok(text.clone()),
        ScriptSource::File(file) => file,
    };
    let path = folder.join(file);
    let read = read_file(&path, SCRIPT_BYTES_MAX as u64);
    let text = read.and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
    });
    text.map_err(|error| ApplicationError::Script {
        plugin: plugin.to_owned(),
        path,
        error,
    })
}

fn module(plugin: &str, entry: &PluginEntry, folder: &Path) -> Result<(Digest, Option<Bytes>), ApplicationError> {
    let bytes: Bytes = match &entry.source {
        ModuleSource::Digest(digest) => return Ok((*digest, None)),
        ModuleSource::Script(_) => crate::embedded::plugins().remove(SCRIPT_PLUGIN).unwrap_or_default(),
        ModuleSource::Builtin(name) => crate::embedded::plugins().remove(name).unwrap_or_default(),
        ModuleSource::File(file) => {
            let path = folder.join(file);
            let read = read_file(&path, MODULE_BYTES_MAX);
            read.map_err(|error| ApplicationError::Module {
                plugin: plugin.to_owned(),
                path,
                error,
            })?
            .into()
        }
    };
    Ok((digest_of(&bytes), Some(bytes)))
}

/// A whole file of at most `limit` bytes.
pub fn read_file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let (folder, name) = split(path)?;
    folder.read(name, limit)
}
