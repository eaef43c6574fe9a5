//! The plugins of a node.

use corvid_admin::model::{PluginDetail, PluginList};

use super::super::node::{Node, segment};
use super::super::output::table;
use super::super::{Done, Output};
use super::describe;

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
                match plugin.tried {
                    Some(tried) => format!("{}, trying {tried}", plugin.generation),
                    None => plugin.generation.to_string(),
                },
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

/// One of them: all that is known of it, on one screen.
pub fn describe(node: &Node, plugin: &str, output: Output) -> Done {
    let detail: PluginDetail = node.get(&format!("/v1/plugins/{}", segment(plugin)))?;
    output.show(&detail, describe::text);
    Ok(())
}
