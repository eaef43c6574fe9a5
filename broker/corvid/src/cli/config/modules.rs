//! The modules of a settings file, loaded as a node would: in the sandbox, and without any node.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use corvid::embedded;
use corvid::settings::{ModuleSource, Named, PluginEntry, Settings, read_file};
use corvid_metadata::PluginLimits;
use corvid_pipeline::MODULE_BYTES_MAX;
use corvid_plugin_host::{Hook, HookSet, Limits, LoadSpec, PluginHost, Tables};
use serde_json::Value;

use super::super::kafka::block_on;
use super::super::{Failure, compiled};
use super::scripts::bindings;

/// Loads every plugin of the file that is no script and can be read, with every configuration, and asks whether it has the hooks of its places.
pub fn problems(settings: &Settings, file: &Named<'_>) -> Result<Vec<String>, Failure> {
    block_on(async { refused(settings, file).await })
}

async fn refused(settings: &Settings, file: &Named<'_>) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    for (name, entry) in &settings.plugins {
        let Some((host, wasm)) = module(entry, file)? else {
            continue;
        };
        let mut problems: Vec<(Option<String>, String)> = Vec::new();
        let mut hooks = None;
        for case in cases(settings, name, entry) {
            let topic = case.topic.clone();
            match host.load(spec(name, &wasm, case)).await {
                Ok(plugin) => hooks = Some(plugin.hooks()),
                Err(error) => {
                    let error = error.to_string();
                    // What is wrong with the plugin by itself is so wherever it is bound.
                    if problems.iter().all(|(_, told)| *told != error) {
                        problems.push((topic, error));
                    }
                }
            }
        }
        let misplaced = hooks.iter().flat_map(|hooks| misplaced(settings, name, *hooks));
        problems.extend(misplaced.map(|problem| (None, problem)));
        all.extend(problems.iter().map(|(topic, problem)| match topic {
            Some(topic) => format!("plugin `{name}`, as topic `{topic}` binds it: {problem}"),
            None => format!("plugin `{name}`: {problem}"),
        }));
    }
    Ok(all)
}

/// The bytes of a plugin, and where to load them: what the binary carries is remembered in the user's cache, what is being worked
/// on is not.
fn module(entry: &PluginEntry, file: &Named<'_>) -> Result<Option<(Arc<PluginHost>, Bytes)>, Failure> {
    Ok(match &entry.source {
        ModuleSource::Builtin(name) => match embedded::plugins().remove(name) {
            Some(wasm) => Some((compiled::host()?, wasm)),
            None => None,
        },
        ModuleSource::File(path) => {
            let path = file.folder.join(path);
            match read_file(&path, MODULE_BYTES_MAX) {
                Ok(wasm) => Some((compiled::host_without_cache()?, wasm.into())),
                // That was told before.
                Err(_) => None,
            }
        }
        // What only the node has, and what is checked where it stands.
        ModuleSource::Digest(_) | ModuleSource::Script(_) => None,
    })
}

/// What a plugin is loaded with.
struct Case {
    /// Whose binding it is; `None` for the plugin by itself.
    topic: Option<String>,
    config: Value,
    limits: PluginLimits,
    tables: Tables,
}

/// By itself, and as each binding has it: what that grants no table for, the plugin may not open there.
fn cases(settings: &Settings, name: &str, entry: &PluginEntry) -> Vec<Case> {
    let own = Case {
        topic: None,
        config: entry.config.clone(),
        limits: entry.limits,
        tables: Tables::Unbound,
    };
    let given = bindings(settings).filter(|(_, _, binding)| binding.plugin == name);
    let given = given.map(|(topic, _, binding)| Case {
        topic: Some(topic.to_owned()),
        config: binding.config.unwrap_or_else(|| entry.config.clone()),
        limits: binding.limits.or(entry.limits),
        tables: empty_tables(binding.tables.into_keys()),
    });
    std::iter::once(own).chain(given).collect()
}

/// What is in them is not known here.
fn empty_tables(names: impl Iterator<Item = String>) -> Tables {
    Tables::Granted(names.map(|name| (name, Arc::default())).collect())
}

fn spec(name: &str, wasm: &Bytes, case: Case) -> LoadSpec {
    let (defaults, limits) = (Limits::default(), case.limits);
    LoadSpec {
        name: name.to_owned(),
        wasm: wasm.clone(),
        config: match case.config {
            Value::Null => "{}".to_owned(),
            config => config.to_string(),
        },
        limits: Limits {
            deadline: limits.deadline_ms.map_or(defaults.deadline, Duration::from_millis),
            memory_bytes: limits
                .memory_bytes
                .map_or(defaults.memory_bytes, |bytes| bytes as usize),
        },
        generation: 1,
        tables: case.tables,
    }
}

/// The places for which it has no hook.
fn misplaced(settings: &Settings, name: &str, hooks: HookSet) -> Vec<String> {
    let names = |hooks: &mut dyn Iterator<Item = Hook>| hooks.map(Hook::name).collect::<Vec<_>>();
    let bound = bindings(settings).filter(|(_, _, binding)| binding.plugin == name);
    let missing = bound.filter(|(_, wanted, _)| !wanted.iter().any(|hook| hooks.has(*hook)));
    let problem = |(topic, wanted, _): (&str, &'static [Hook], _)| {
        let wanted = names(&mut wanted.iter().copied()).join(" or ");
        let has = names(&mut hooks.iter()).join(", ");
        format!("its place at topic `{topic}` wants the hook {wanted}, and it has {has}")
    };
    missing.map(problem).collect()
}
