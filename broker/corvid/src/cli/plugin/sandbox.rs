//! A module loaded by the command line, as a node would load it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corvid::embedded;
use corvid::settings::read_file;
use corvid_env::fs::Dir;
use corvid_pipeline::MODULE_BYTES_MAX;
use corvid_plugin_host::{Compiler, HostConfig, Limits, LoadError, LoadSpec, Plugin, PluginHost, Table, Tables};

use super::super::units::{duration, size};
use super::super::{Exit, Failure};
use super::check::json;
use super::project::Project;
use super::samples;

/// Which module, and with what.
#[derive(clap::Args)]
pub struct Sandbox {
    /// The module, or the folder of its project, or builtin:NAME for one that is built in; by default the project in this folder
    file: Option<PathBuf>,
    /// The configuration that it is started with, as JSON
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = json)]
    pub config: String,
    /// The CPU time that a call may take
    #[arg(long, default_value = "20ms", value_parser = duration)]
    deadline: Duration,
    /// The memory that an instance may have
    #[arg(long, default_value = "16MiB", value_parser = size)]
    memory: usize,
    /// A table that it may look things up in, and a file of records with what is in it; without any, all tables are empty
    #[arg(long = "table", value_name = "NAME=FILE", value_parser = named_file)]
    tables: Vec<(String, PathBuf)>,
}

impl Sandbox {
    /// The project, if it is one that is meant, and not a module alone.
    pub fn project(&self) -> Result<Option<Project>, Failure> {
        match &self.file {
            None => Project::open(Path::new(".")).map(Some),
            Some(folder) if Dir::open(folder).is_ok() => Project::open(folder).map(Some),
            Some(_) => Ok(None),
        }
    }

    /// Compiles and starts the module, and tests it as a node would.
    pub async fn load(&self) -> Result<Arc<Plugin>, Failure> {
        match (self.project()?, &self.file) {
            (Some(project), _) => self.load_file(&project.module()).await,
            (None, Some(file)) => self.load_file(file).await,
            (None, None) => unreachable!("without a file it is the project here"),
        }
    }

    /// The same with another module: one that was just built.
    pub async fn load_file(&self, file: &Path) -> Result<Arc<Plugin>, Failure> {
        let shown = file.display();
        let wasm = module(file)?;
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
            tables: self.tables()?,
        };
        let refused =
            |error: LoadError| Failure::failed(format!("{shown}: {error}")).hint("a node would refuse it, too");
        host.load(spec).await.map_err(refused)
    }

    /// The tables, as they are after all records of their files.
    fn tables(&self) -> Result<Tables, Failure> {
        if self.tables.is_empty() {
            return Ok(Tables::Unbound);
        }
        let filled = |(name, file): &(String, PathBuf)| {
            let table = Table::default();
            for record in samples::read(file)? {
                if let Some(key) = &record.key {
                    table.set(key, record.value.as_deref());
                }
            }
            Ok((name.clone(), Arc::new(table)))
        };
        let filled: Result<Vec<_>, Failure> = self.tables.iter().map(filled).collect();
        Ok(Tables::Granted(filled?.into()))
    }
}

fn named_file(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text
        .split_once('=')
        .ok_or("expected a table's name and a file: limits=limits.jsonl")?;
    Ok((name.to_owned(), file.into()))
}

fn module(file: &Path) -> Result<Bytes, Failure> {
    let shown = file.display().to_string();
    if let Some(name) = shown.strip_prefix("builtin:") {
        let mut plugins = embedded::plugins();
        return plugins.remove(name).ok_or_else(|| {
            let names: Vec<String> = plugins.into_keys().collect();
            let failure = Failure::new(Exit::Missing, format!("no plugin `{name}` is built in"));
            failure.hint(format!("those are: {}", names.join(", ")))
        });
    }
    let read = read_file(file, MODULE_BYTES_MAX);
    let bytes =
        read.map_err(|error| Failure::wrong(format!("{shown}: {error}")).hint("`corvid plugin build` makes it"))?;
    Ok(bytes.into())
}
