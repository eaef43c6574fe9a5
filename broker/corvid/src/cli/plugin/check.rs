//! `corvid plugin check`.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use corvid_pipeline::digest_of;
use corvid_plugin_host::{
    Compiler, HostConfig, Inspection, Limits, LoadError, LoadSpec, Plugin, PluginHost, Tables, inspect,
};
use serde::Serialize;

use super::super::kafka::block_on;
use super::super::output::{size as size_text, table};
use super::super::units::{duration, size};
use super::super::{Done, Failure, Output};
use super::project::Project;
use super::sandbox;
use super::timing::{self, Measured, Timing};

/// `corvid plugin check [FILE]`
#[derive(clap::Args)]
pub struct Args {
    /// The module, or builtin:NAME for one that is built in; by default that of the project in this folder
    file: Option<PathBuf>,
    /// The configuration that it is started with, as JSON
    #[arg(long, value_name = "JSON", value_parser = json)]
    config: Option<String>,
    /// The CPU time that a call may take
    #[arg(long, default_value = "20ms", value_parser = duration)]
    deadline: std::time::Duration,
    /// The memory that an instance may have
    #[arg(long, default_value = "16MiB", value_parser = size)]
    memory: usize,
}

/// What was found.
#[derive(Serialize)]
struct Report {
    file: String,
    bytes: usize,
    digest: String,
    abi: String,
    hooks: Vec<&'static str>,
    imports: Vec<String>,
    self_test: SelfTest,
    timings: Vec<Timing>,
}

/// Whether the plugin was started and tested.
#[derive(Serialize)]
struct SelfTest {
    run: bool,
    /// What the plugin said instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// Looks at the module, starts it, and times it.
pub fn run(args: &Args, output: Output) -> Done {
    let file = match &args.file {
        Some(file) => file.clone(),
        None => Project::open(Path::new("."))?.module(),
    };
    let wasm = sandbox::module(&file)?;
    let refused =
        |error: LoadError| Failure::failed(format!("{}: {error}", file.display())).hint("a node would refuse it, too");
    let inspection = inspect(&wasm).map_err(refused)?;
    let (why_not, measured) = match block_on(async { Ok(load(args, wasm.clone()).await) })? {
        Ok(plugin) => (None, block_on(async { Ok(timing::measure(&plugin).await) })?),
        Err(LoadError::Init(why)) if args.config.is_none() => (Some(why), Measured::default()),
        Err(error) => return Err(refused(error)),
    };
    let self_test = SelfTest {
        run: why_not.is_none(),
        why: why_not.clone(),
    };
    let report = report(&file, &wasm, &inspection, self_test, measured.timings);
    output.show(&report, show);
    match (why_not, measured.failed) {
        (None, None) => Ok(()),
        (Some(why), _) => Err(
            Failure::failed(format!("not tested: without a configuration the plugin says: {why}"))
                .hint("give it one, such as --config '{\"field\": \"region\"}'"),
        ),
        (None, Some(fault)) => Err(
            Failure::failed(format!("the plugin fails on plain JSON records: {fault}"))
                .hint("it should refuse or pass what it does not understand: a fault counts against the plugin"),
        ),
    }
}

async fn load(args: &Args, wasm: Bytes) -> Result<std::sync::Arc<Plugin>, LoadError> {
    let config = HostConfig {
        cache: None,
        compiler: Compiler::InProcess,
        workers: 1,
        defaults: Limits::default(),
    };
    let host = PluginHost::new(config).map_err(|error| LoadError::Compile(error.to_string()))?;
    let spec = LoadSpec {
        name: "check".to_owned(),
        wasm,
        config: args.config.clone().unwrap_or_else(|| "{}".to_owned()),
        limits: Limits {
            deadline: args.deadline,
            memory_bytes: args.memory,
        },
        generation: 1,
        tables: Tables::Unbound,
    };
    host.load(spec).await
}

fn report(file: &Path, wasm: &Bytes, inspection: &Inspection, self_test: SelfTest, timings: Vec<Timing>) -> Report {
    Report {
        file: file.display().to_string(),
        bytes: inspection.size,
        digest: digest_of(wasm).to_string(),
        abi: format!("1.{}", inspection.abi_minor),
        hooks: inspection.hooks.iter().map(corvid_plugin_host::Hook::name).collect(),
        imports: inspection
            .imports
            .iter()
            .map(|import| format!("{}.{}", import.module, import.name))
            .collect(),
        self_test,
        timings,
    }
}

fn show(report: &Report) -> String {
    let imports = if report.imports.is_empty() {
        "none".to_owned()
    } else {
        report.imports.join(", ")
    };
    let facts = format!(
        "{}\n  size       {} ({})\n  ABI        {}\n  hooks      {}\n  imports    {imports}\n  self-test  {}\n",
        report.file,
        size_text(report.bytes as u64),
        report.digest,
        report.abi,
        report.hooks.join(", "),
        if report.self_test.run { "passed" } else { "not run" },
    );
    if report.timings.is_empty() {
        return facts;
    }
    let mut times = table(["HOOK", "RECORD", "CPU TIME A RECORD"]);
    for timing in &report.timings {
        times.add_row([
            timing.hook.to_owned(),
            size_text(timing.record_bytes as u64),
            match (timing.ns_per_record, &timing.fault) {
                (Some(ns), _) => format!("{ns} ns"),
                (None, fault) => fault.clone().unwrap_or_else(|| "-".to_owned()),
            },
        ]);
    }
    format!("{facts}\n{}", times.trim_fmt())
}

/// A value of an option that has to be JSON.
pub fn json(text: &str) -> Result<String, String> {
    serde_json::from_str::<serde_json::Value>(text)
        .map(|_| text.to_owned())
        .map_err(|error| format!("expected JSON: {error}"))
}
