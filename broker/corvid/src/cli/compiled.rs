//! What the command line compiles of the binary's own plugins: the user's cache keeps it for the next command.

use std::path::PathBuf;
use std::sync::Arc;

use corvid_env::fs::Dir;
use corvid_plugin_host::{Compiler, HostConfig, Limits, PluginHost};

use super::Failure;

/// A host for plugins that the binary carries: the interpreter of scripts takes seconds to compile.
pub fn host() -> Result<Arc<PluginHost>, Failure> {
    with(cache())
}

/// A host for modules that change from one command to the next.
pub fn host_without_cache() -> Result<Arc<PluginHost>, Failure> {
    with(None)
}

fn with(cache: Option<Dir>) -> Result<Arc<PluginHost>, Failure> {
    let config = HostConfig {
        cache,
        compiler: Compiler::InProcess,
        workers: 1,
        defaults: Limits::default(),
    };
    PluginHost::new(config).map_err(|error| Failure::failed(error.to_string()))
}

fn cache() -> Option<Dir> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = variable("XDG_CACHE_HOME").or_else(|| Some(variable("HOME")?.join(".cache")))?;
    // A folder that cannot be had is no reason not to go on.
    Dir::create_all(folder.join("corvid/plugins")).ok()
}
