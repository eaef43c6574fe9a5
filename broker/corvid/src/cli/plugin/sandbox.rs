//! A module loaded by the command line, as a node would load it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corvid::settings::read_file;
use corvid_pipeline::MODULE_BYTES_MAX;
use corvid_plugin_host::{Compiler, HostConfig, Limits, LoadError, LoadSpec, Plugin, PluginHost};

use super::super::Failure;
use super::super::units::{duration, size};
use super::check::json;
use super::project::Project;

/// Which module, and with what.
#[derive(clap::Args)]
pub struct Sandbox {
    /// The module; by default that of the project in this folder
    file: Option<PathBuf>,
    /// The configuration that it is started with, as JSON
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = json)]
    config: String,
    /// The CPU time that a call may take
    #[arg(long, default_value = "20ms", value_parser = duration)]
    deadline: Duration,
    /// The memory that an instance may have
    #[arg(long, default_value = "16MiB", value_parser = size)]
    memory: usize,
}

impl Sandbox {
    /// The module's file.
    pub fn file(&self) -> Result<PathBuf, Failure> {
        match &self.file {
            Some(file) => Ok(file.clone()),
            None => Ok(Project::open(Path::new("."))?.module()),
        }
    }

    /// Compiles and starts it, and tests it as a node would.
    pub async fn load(&self) -> Result<Arc<Plugin>, Failure> {
        let file = self.file()?;
        let shown = file.display();
        let wasm: Bytes = read_file(&file, MODULE_BYTES_MAX)
            .map_err(|error| Failure::wrong(format!("{shown}: {error}")).hint("`corvid plugin build` makes it"))?
            .into();
        let limits = Limits {
            deadline: self.deadline,
            memory_bytes: self.memory,
        };
        let config = HostConfig {
            cache: None,
            compiler: Compiler::InProcess,
            workers: 1,
            defaults: limits,
        };
        let host = PluginHost::new(config).map_err(|error| Failure::failed(error.to_string()))?;
        let spec = LoadSpec {
            name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            wasm,
            config: self.config.clone(),
            limits,
            generation: 1,
        };
        let refused =
            |error: LoadError| Failure::failed(format!("{shown}: {error}")).hint("a node would refuse it, too");
        host.load(spec).await.map_err(refused)
    }
}
