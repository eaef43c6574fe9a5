//! Plugins: new, changed, gone.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Change, Desired, DesiredPlugin, Drift, Plan, PlanError};
use crate::image::Image;
use crate::plugin::{Deployment, How};
use crate::policy::{SCRIPT_PLUGIN, TopicBindings};
use crate::record::{AppliedKeys, PluginRecord, Record};

/// Plugins that the file has, and the image lacks or has otherwise.
pub(super) fn put(image: &Image, desired: &Desired, before: &AppliedKeys, plan: &mut Plan) -> Result<(), PlanError> {
    for (name, plugin) in &desired.plugins {
        let change = match image.plugin(name) {
            None => Change::AddPlugin {
                plugin: name.clone(),
                module: plugin.module,
            },
            Some(present) => {
                let what = differences(present, plugin);
                if what.is_empty() {
                    continue;
                }
                let how = present.deployment.how;
                if how != How::Apply && before.wanted.get(name) == Some(plugin) {
                    plan.drift.push(Drift {
                        plugin: name.clone(),
                        what,
                        generation: present.generation,
                        how,
                    });
                    continue;
                }
                Change::ChangePlugin {
                    plugin: name.clone(),
                    what,
                    generation: image.next_generation(name),
                }
            }
        };
        plugin.limits.check().map_err(|error| PlanError::PluginLimits {
            plugin: name.clone(),
            error,
        })?;
        plan.changes.push(change);
        plan.records.push(Record::PutPlugin {
            name: name.clone(),
            plugin: record(image.next_generation(name), &desired.owner, plugin),
        });
    }
    Ok(())
}

fn differences(present: &PluginRecord, wanted: &DesiredPlugin) -> Vec<&'static str> {
    let mut what = Vec::new();
    if present.module != wanted.module || present.builtin != wanted.builtin {
        what.push("module");
    }
    if wanted.builtin.as_deref() == Some(SCRIPT_PLUGIN) && present.builtin == wanted.builtin {
        let part = |config: &Value, key: &str| config.get(key).cloned();
        let differs = |key: &&str| part(&present.config, key) != part(&wanted.config, key);
        what.extend(["script", "config"].into_iter().filter(differs));
    } else if present.config != wanted.config {
        what.push("config");
    }
    if present.limits != wanted.limits {
        what.push("limits");
    }
    what
}

/// Whoever commits it adds the time: this crate has no clock.
fn record(generation: u64, owner: &str, wanted: &DesiredPlugin) -> PluginRecord {
    PluginRecord {
        module: wanted.module,
        builtin: wanted.builtin.clone(),
        config: wanted.config.clone(),
        limits: wanted.limits,
        generation,
        deployment: Deployment {
            by: owner.to_owned(),
            ..Deployment::default()
        },
    }
}

/// Plugins that the owner's last file had and this one lacks go, unless a topic binds them still:
/// those are given back.
pub(super) fn remove(image: &Image, desired: &Desired, before: &AppliedKeys, plan: &mut Plan) -> BTreeSet<String> {
    let bound = bound_afterwards(image, plan);
    let mut kept = BTreeSet::new();
    for name in before
        .plugins
        .iter()
        .filter(|name| !desired.plugins.contains_key(*name))
    {
        if image.plugin(name).is_none() {
            continue;
        }
        if bound.contains(name) {
            kept.insert(name.clone());
            continue;
        }
        plan.changes.push(Change::RemovePlugin { plugin: name.clone() });
        plan.records.push(Record::RemovePlugin { name: name.clone() });
    }
    kept
}

/// The plugins that some topic binds once the plan is done.
fn bound_afterwards(image: &Image, plan: &Plan) -> BTreeSet<String> {
    let mut bound = BTreeSet::new();
    let mut bind = |topic: &str, configs: &crate::config::Configs| {
        if let Ok(bindings) = TopicBindings::from_configs(topic, configs) {
            bound.extend(bindings.all().map(|binding| binding.plugin.clone()));
        }
    };
    for topic in image.topics() {
        let mut configs = topic.configs.clone();
        for record in &plan.records {
            match record {
                Record::SetTopicConfig {
                    topic: id,
                    key,
                    value: Some(value),
                } if *id == topic.id => {
                    configs.insert(key.clone(), value.clone());
                }
                Record::SetTopicConfig {
                    topic: id,
                    key,
                    value: None,
                } if *id == topic.id => {
                    configs.remove(key);
                }
                _ => {}
            }
        }
        bind(&topic.name, &configs);
    }
    plan.create.iter().for_each(|topic| bind(&topic.name, &topic.configs));
    bound
}
