//! The plugins of a node.

use corvid_admin::model::{PluginDetail, PluginList};

use super::super::node::{Node, segment};
use super::super::output::table;
use super::super::{Done, Output};

/// All of them.
pub fn list(node: &Node, output: Output) -> Done {
    let list: PluginList = node.get("/v1/plugins")?;
    output.show(&list, |list| {
        let mut text = String::new();
        if !list.plugins.is_empty() {
            let mut plugins = table(["PLUGIN", "GENERATION", "MODULE", "TOPICS", "RECORDS", "REFUSED", "FAULTS"]);
            for plugin in &list.plugins {
                let module = plugin.builtin.as_ref().map_or_else(|| plugin.module.chars().take(19).collect(), |name| format!("builtin:{name}"));
                plugins.add_row([
                    plugin.name.clone(),
                    plugin.generation.to_string(),
                    module,
                    plugin.topics.join(", "),
                    plugin.records.to_string(),
                    plugin.refused.to_string(),
                    plugin.faults.to_string(),
                ]);
            }
            text += &format!("{}\n\n", plugins.trim_fmt());
        }
        text + &format!("built in: {}", list.builtin.join(", "))
    });
    Ok(())
}

/// One of them.
pub fn describe(node: &Node, plugin: &str, output: Output) -> Done {
    let detail: PluginDetail = node.get(&format!("/v1/plugins/{}", segment(plugin)))?;
    output.show(&detail, |detail| {
        let summary = &detail.summary;
        let mut text = format!("{}, generation {}\n  module  {}\n  config  {}\n", summary.name, summary.generation, summary.module, detail.config);
        if !detail.bindings.is_empty() {
            let mut bindings = table(["TOPIC", "PLACE", "ON REFUSED", "ON FAULT"]);
            for binding in &detail.bindings {
                bindings.add_row([&binding.topic, &binding.place, &binding.on_refused, &binding.on_fault]);
            }
            text += &format!("\n{}\n", bindings.trim_fmt());
        }
        for instance in &detail.instances {
            let faults: Vec<String> = instance.faults.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            let faults = if faults.is_empty() { "none".to_owned() } else { faults.join(", ") };
            text += &format!(
                "\n  hooks {} · {} records in {} calls, {} ns of CPU each · {} refused · faults: {faults} · breaker {}\n",
                instance.hooks.join(", "),
                instance.records,
                instance.calls,
                instance.ns_per_record,
                instance.refused,
                instance.breaker,
            );
            for (name, value) in &instance.counters {
                text += &format!("  {name} = {value}\n");
            }
        }
        text
    });
    Ok(())
}
