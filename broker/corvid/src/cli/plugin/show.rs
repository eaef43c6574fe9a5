//! The plugins of a node.

use corvid_admin::model::{PluginDetail, PluginInstance, PluginList, PluginSummary};

use super::super::node::{Node, segment};
use super::super::output::{count, table};
use super::super::{Done, Output};

/// All of them.
pub fn list(node: &Node, output: Output) -> Done {
    let list: PluginList = node.get("/v1/plugins")?;
    output.show(&list, |list| {
        let builtin = format!("built in: {}", list.builtin.join(", "));
        if list.plugins.is_empty() {
            return builtin;
        }
        let mut plugins = table([
            "PLUGIN",
            "GENERATION",
            "MODULE",
            "TOPICS",
            "RECORDS",
            "REFUSED",
            "FAULTS",
        ]);
        for plugin in &list.plugins {
            let digest = || plugin.module.chars().take(19).collect();
            plugins.add_row([
                plugin.name.clone(),
                plugin.generation.to_string(),
                plugin
                    .builtin
                    .as_ref()
                    .map_or_else(digest, |name| format!("builtin:{name}")),
                plugin.topics.join(", "),
                plugin.records.to_string(),
                plugin.refused.to_string(),
                plugin.faults.to_string(),
            ]);
        }
        format!("{}\n\n{builtin}", plugins.trim_fmt())
    });
    Ok(())
}

/// One of them.
pub fn describe(node: &Node, plugin: &str, output: Output) -> Done {
    let detail: PluginDetail = node.get(&format!("/v1/plugins/{}", segment(plugin)))?;
    output.show(&detail, |detail| {
        let PluginSummary {
            name,
            generation,
            module,
            ..
        } = &detail.summary;
        let mut parts = vec![format!(
            "{name}, generation {generation}\n  module  {module}\n  config  {}",
            detail.config
        )];
        if !detail.bindings.is_empty() {
            let mut bindings = table(["TOPIC", "PLACE", "ON REFUSED", "ON FAULT"]);
            for binding in &detail.bindings {
                bindings.add_row([&binding.topic, &binding.place, &binding.on_refused, &binding.on_fault]);
            }
            parts.push(bindings.trim_fmt());
        }
        parts.extend(detail.instances.iter().map(instance));
        parts.join("\n\n")
    });
    Ok(())
}

fn instance(instance: &PluginInstance) -> String {
    let faults: Vec<String> = instance
        .faults
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    let faults = if faults.is_empty() {
        "none".to_owned()
    } else {
        faults.join(", ")
    };
    let did = format!(
        "{} in {}, {} ns of CPU each; {} refused; faults: {faults}; breaker {}",
        count(instance.records, "record"),
        count(instance.calls, "call"),
        instance.ns_per_record,
        instance.refused,
        instance.breaker,
    );
    let mut lines = vec![
        format!("  hooks   {}", instance.hooks.join(", ")),
        format!("  did     {did}"),
    ];
    lines.extend(
        instance
            .counters
            .iter()
            .map(|(name, value)| format!("  counter {name} = {value}")),
    );
    lines.join("\n")
}
