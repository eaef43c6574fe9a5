//! What a topic's bindings come to: loaded plugins, and what happens to what they fail.

use std::sync::Arc;

use corvid_metadata::policy::{OnFault, OnRefused};
use corvid_plugin_host::Plugin;

/// A topic's produce hooks, ready to run. An empty plan appends what clients send.
#[derive(Default)]
pub struct TopicPlan {
    /// Validators and transforms, in the order in which they run.
    pub produce: Vec<BoundHook>,
    /// Runs last, on what is left.
    pub partitioner: Option<BoundHook>,
}

/// A plugin at one place of a topic.
pub struct BoundHook {
    /// The plugin, with this binding's configuration and limits.
    pub plugin: Arc<Plugin>,
    /// What happens to a record that it refuses.
    pub on_refused: OnRefused,
    /// What happens to a record that it cannot judge.
    pub on_fault: OnFault,
}

impl TopicPlan {
    /// A plan of these hooks; an error where a plugin is bound to a place for which it has no hook.
    pub fn new(produce: Vec<BoundHook>, partitioner: Option<BoundHook>) -> Result<Self, String> {
        for hook in &produce {
            let hooks = hook.plugin.hooks();
            if !hooks.validate && !hooks.transform {
                return Err(misplaced(hook, "produce", "a validator or a transform"));
            }
        }
        if let Some(hook) = partitioner.as_ref().filter(|hook| !hook.plugin.hooks().partition) {
            return Err(misplaced(hook, "partitioner", "a partitioner"));
        }
        Ok(Self { produce, partitioner })
    }

    /// Whether batches are appended as they come.
    pub fn is_empty(&self) -> bool {
        self.produce.is_empty() && self.partitioner.is_none()
    }

    /// Every hook, in the order in which they run.
    pub fn hooks(&self) -> impl Iterator<Item = &BoundHook> {
        self.produce.iter().chain(&self.partitioner)
    }
}

fn misplaced(hook: &BoundHook, place: &str, wanted: &str) -> String {
    let name = hook.plugin.name();
    let has: Vec<_> = hook.plugin.hooks().iter().map(corvid_plugin_host::Hook::name).collect();
    format!(
        "plugin \"{name}\" is bound as {place}, which wants {wanted}; it has {}",
        has.join(", ")
    )
}
