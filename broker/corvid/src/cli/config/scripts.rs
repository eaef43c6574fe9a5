//! The scripts of a settings file, compiled as a node would: in the sandbox, and without any node.

use corvid::settings::{
    ModuleSource, Named, Refused, ScriptSource, Settings, Source, problem_in, read_text, script_text, split_place,
};
use corvid_metadata::PluginLimits;
use corvid_metadata::policy::{Binding, SCRIPT_LIMITS, SCRIPT_PLUGIN, TopicBindings, script_config};
use corvid_plugin_host::{Hook, HookSet, Limits, LoadError, LoadSpec, PluginHost, Tables};
use serde_json::Value;

use super::super::kafka::block_on;
use super::super::{Failure, compiled};

/// A script with one of the configurations that it is to run with.
struct Case<'a> {
    plugin: &'a str,
    source: &'a ScriptSource,
    text: String,
    config: Value,
    limits: PluginLimits,
}

/// Compiles every script of the file that can be read, with every configuration, and asks whether it has the hooks of its places.
pub fn problems(settings: &Settings, file: &Named<'_>, path: &std::path::Path) -> Result<Vec<String>, Failure> {
    let cases = cases(settings, file);
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let text = read_text(path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?;
    let name = path.display().to_string();
    let file = Source {
        name: &name,
        text: &text,
    };
    let refused = block_on(async { refused(settings, &cases, &file).await })?;
    Ok(refused.iter().map(ToString::to_string).collect())
}

/// Scripts with their own configurations first, then with those that bindings give them.
fn cases<'a>(settings: &'a Settings, file: &Named<'_>) -> Vec<Case<'a>> {
    let mut cases: Vec<Case<'a>> = Vec::new();
    for (plugin, entry) in &settings.plugins {
        let ModuleSource::Script(source) = &entry.source else {
            continue;
        };
        // What can't be read was told of before.
        let Ok(text) = script_text(plugin, source, file.folder) else {
            continue;
        };
        let case = |config: &Value, limits: PluginLimits| Case {
            plugin,
            source,
            text: text.clone(),
            config: config.clone(),
            limits: limits.or(entry.limits).or(SCRIPT_LIMITS),
        };
        cases.push(case(&entry.config, PluginLimits::default()));
        for binding in bindings(settings).filter(|(_, _, binding)| binding.plugin == *plugin) {
            if let Some(config) = &binding.2.config {
                cases.push(case(config, binding.2.limits));
            }
        }
    }
    cases
}

/// Every binding, with its topic and the hooks of which its place wants one.
pub(super) fn bindings(settings: &Settings) -> impl Iterator<Item = (&str, &'static [Hook], Binding)> {
    settings.topics.iter().flat_map(|(topic, desired)| {
        let bindings =
            TopicBindings::from_configs(topic, &desired.configs).unwrap_or_else(|_| TopicBindings::none(topic));
        let produce: &[Hook] = &[Hook::Validate, Hook::Transform];
        let produced = bindings
            .produce
            .into_iter()
            .map(move |binding| (topic.as_str(), produce, binding));
        let fetch: &[Hook] = &[Hook::View];
        let fetched = bindings
            .fetch
            .into_iter()
            .map(move |binding| (topic.as_str(), fetch, binding));
        let partitioner: &[Hook] = &[Hook::Partition];
        let partitioner = bindings
            .partitioner
            .map(|binding| (topic.as_str(), partitioner, binding));
        let policy: &[Hook] = &[Hook::Policy];
        let of_retry = bindings.retry.and_then(|retry| retry.policy);
        let policies = bindings.policy.into_iter().chain(of_retry);
        let policies = policies.map(move |binding| (topic.as_str(), policy, binding));
        produced.chain(fetched).chain(partitioner).chain(policies)
    })
}

async fn refused(settings: &Settings, cases: &[Case<'_>], file: &Source<'_>) -> Result<Vec<Refused>, Failure> {
    let host = compiled::host()?;
    let mut all = Vec::new();
    for case in cases {
        let problems = match load(&host, case).await {
            Ok(hooks) => misplaced(settings, case, hooks),
            Err(error) => vec![error],
        };
        if !problems.is_empty() {
            all.push(shown(case, problems, file));
        }
    }
    Ok(all)
}

async fn load(host: &PluginHost, case: &Case<'_>) -> Result<HookSet, String> {
    let defaults = Limits::default();
    let spec = LoadSpec {
        name: case.plugin.to_owned(),
        wasm: corvid::embedded::plugins().remove(SCRIPT_PLUGIN).unwrap_or_default(),
        config: script_config(&case.text, &case.config).to_string(),
        limits: Limits {
            deadline: case
                .limits
                .deadline_ms
                .map_or(defaults.deadline, std::time::Duration::from_millis),
            memory_bytes: case
                .limits
                .memory_bytes
                .map_or(defaults.memory_bytes, |bytes| bytes as usize),
        },
        generation: 1,
        tables: Tables::Unbound,
    };
    match host.load(spec).await {
        Ok(plugin) => Ok(plugin.hooks()),
        Err(LoadError::Init(text)) => Err(text),
        Err(LoadError::SelfTest { hook, fault }) => {
            let detail = fault
                .detail
                .strip_prefix("the script failed: ")
                .unwrap_or(&fault.detail);
            let (place, what) = split_place(detail);
            let place = place.map_or_else(String::new, |(line, column)| format!("line {line}, column {column}: "));
            Err(format!(
                "{place}{what}: `{hook}` fails on records of all sorts, and must not (ask for fields with `?.`, and answer KEEP)"
            ))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// The places of this script for which it has no hook.
fn misplaced(settings: &Settings, case: &Case<'_>, hooks: HookSet) -> Vec<String> {
    let bound = bindings(settings).filter(|(_, _, binding)| binding.plugin == case.plugin);
    let missing = bound.filter(|(_, wanted, _)| !wanted.iter().any(|hook| hooks.has(*hook)));
    let functions = |hooks: &[Hook]| {
        let functions: Vec<_> = hooks
            .iter()
            .map(|hook| match hook {
                Hook::Partition | Hook::Validate | Hook::Transform => format!("`fn {}(record)`", hook.name()),
                Hook::Policy => "`fn policy(record, failure)`".to_owned(),
                Hook::View => "`fn view(record, reader)`".to_owned(),
            })
            .collect();
        functions.join(" or ")
    };
    missing
        .map(|(topic, wanted, _)| {
            let has: Vec<Hook> = hooks.iter().collect();
            format!(
                "its place at topic `{topic}` wants {}, and it has {}",
                functions(wanted),
                functions(&has)
            )
        })
        .collect()
}

fn shown(case: &Case<'_>, problems: Vec<String>, file: &Source<'_>) -> Refused {
    let problems = problems.into_iter().map(|text| {
        let (at, what) = split_place(&text);
        (at, format!("script `{}`: {what}", case.plugin))
    });
    match case.source {
        ScriptSource::Text { span, .. } => {
            let problems = problems.map(|(at, what)| problem_in(file, span, &case.text, at, what));
            Refused::new(problems.collect(), file)
        }
        ScriptSource::File(path) => {
            let name = path.display().to_string();
            let source = Source {
                name: &name,
                text: &case.text,
            };
            let whole = 0..case.text.len();
            let problems = problems.map(|(at, what)| problem_in(&source, &whole, &case.text, at, what));
            Refused::new(problems.collect(), &source)
        }
    }
}
