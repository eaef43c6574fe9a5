//! A module loaded by the command line, as a node would load it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corvid::embedded;
use corvid::settings::read_file;
use corvid_env::fs::Dir;
use corvid_metadata::PluginLimits;
use corvid_metadata::policy::{SCRIPT_BYTES_MAX, SCRIPT_LIMITS, SCRIPT_PLUGIN, script_config};
use corvid_pipeline::MODULE_BYTES_MAX;
use corvid_plugin_host::{Limits, LoadError, LoadSpec, Plugin, Table, Tables};

use super::super::units::{duration, size};
use super::super::{Exit, Failure, compiled};
use super::check::json;
use super::project::Project;
use super::samples;

/// What is in a table: the last value of each key.
pub type Contents = BTreeMap<Bytes, Bytes>;

/// Which module, and with what.
#[derive(clap::Args)]
pub struct Sandbox {
    /// The module, the folder of its project, a script (.rhai), or builtin:NAME for one that is built in; by default the project in this folder
    file: Option<PathBuf>,
    /// The configuration that it is started with, as JSON; of a script, what it sees as `config`
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = json)]
    pub config: String,
    /// The CPU time that a call may take; by default 20ms, and 250ms of a script
    #[arg(long, value_parser = duration)]
    deadline: Option<Duration>,
    /// The memory that an instance may have; by default 16MiB, and 32MiB of a script
    #[arg(long, value_parser = size)]
    memory: Option<usize>,
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
        let script = script(file)?;
        let is_script = script.is_some();
        let (wasm, config, defaults) = match script {
            Some(text) => {
                let own = serde_json::from_str(&self.config).expect("it was checked when it was given");
                let interpreter = module(Path::new(&format!("{BUILTIN}{SCRIPT_PLUGIN}")))?;
                (interpreter, script_config(&text, &own).to_string(), SCRIPT_LIMITS)
            }
            None => (module(file)?, self.config.clone(), PluginLimits::default()),
        };
        // What the binary carries stays the same from one command to the next.
        let host = match is_script || builtin(file).is_some() {
            true => compiled::host()?,
            false => compiled::host_without_cache()?,
        };
        let spec = LoadSpec {
            name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            wasm,
            config,
            limits: self.limits(defaults),
            generation: 1,
            tables: self.tables()?,
        };
        let refused =
            |error: LoadError| Failure::failed(format!("{shown}: {error}")).hint("a node would refuse it, too");
        host.load(spec).await.map_err(refused)
    }

    /// What is in the tables that are named, after all records of their files.
    pub fn contents(&self) -> Result<Vec<(String, Contents)>, Failure> {
        let filled = |(name, file): &(String, PathBuf)| {
            let mut contents = Contents::new();
            for record in samples::read(file)? {
                match (record.key, record.value) {
                    (Some(key), Some(value)) => drop(contents.insert(key, value)),
                    (Some(key), None) => drop(contents.remove(&key)),
                    (None, _) => {}
                }
            }
            Ok((name.clone(), contents))
        };
        self.tables.iter().map(filled).collect()
    }

    fn tables(&self) -> Result<Tables, Failure> {
        if self.tables.is_empty() {
            return Ok(Tables::Unbound);
        }
        let granted = self.contents()?.into_iter().map(|(name, contents)| {
            let table = Table::default();
            for (key, value) in &contents {
                table.set(key, Some(value));
            }
            (name, Arc::new(table))
        });
        Ok(Tables::Granted(granted.collect()))
    }

    fn limits(&self, defaults: PluginLimits) -> Limits {
        let others = Limits::default();
        let deadline = defaults.deadline_ms.map(Duration::from_millis);
        let memory = defaults.memory_bytes.map(|bytes| bytes as usize);
        Limits {
            deadline: self.deadline.or(deadline).unwrap_or(others.deadline),
            memory_bytes: self.memory.or(memory).unwrap_or(others.memory_bytes),
        }
    }
}

fn named_file(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text
        .split_once('=')
        .ok_or("expected a table's name and a file: limits=limits.jsonl")?;
    Ok((name.to_owned(), file.into()))
}

/// How a plugin of the binary is named.
const BUILTIN: &str = "builtin:";

fn builtin(file: &Path) -> Option<&str> {
    file.to_str()?.strip_prefix(BUILTIN)
}

/// The text, if the file is a script.
fn script(file: &Path) -> Result<Option<String>, Failure> {
    if file.extension().is_none_or(|extension| extension != "rhai") {
        return Ok(None);
    }
    let wrong = |why: String| Failure::wrong(format!("{}: {why}", file.display()));
    let bytes = read_file(file, SCRIPT_BYTES_MAX as u64).map_err(|error| wrong(error.to_string()))?;
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| wrong("it is not UTF-8".to_owned()))
}

/// The module of a file, or of `builtin:NAME`.
pub(super) fn module(file: &Path) -> Result<Bytes, Failure> {
    let shown = file.display().to_string();
    if let Some(name) = builtin(file) {
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
    if file.extension().is_some_and(|extension| extension == "rhai") {
        return Err(Failure::wrong(format!("{shown} is a script, and no module"))
            .hint("`corvid config check FILE` tries the scripts of a settings file"));
    }
    Ok(bytes.into())
}
