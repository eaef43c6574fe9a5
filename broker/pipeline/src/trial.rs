//! A plugin's candidate at one place of a topic: the generation that is tried beside the active one.

use std::collections::BTreeSet;
use std::sync::Arc;

use corvid_metadata::Rollout;
use corvid_plugin_host::Plugin;

use crate::shadow::Shadow;

/// A generation that is tried.
pub struct Trial {
    /// The candidate, with the binding's configuration and limits.
    pub plugin: Arc<Plugin>,
    /// How it is tried.
    pub how: Tried,
}

/// How a generation is tried.
pub enum Tried {
    /// It sees what the active one sees, and decides nothing.
    Shadow(Arc<Shadow>),
    /// It decides for these partitions.
    Canary(BTreeSet<i32>),
}

impl Trial {
    /// The trial of `plugin`; `shadow` is asked for where that is how it is tried.
    pub fn new(plugin: Arc<Plugin>, rollout: &Rollout, shadow: impl FnOnce() -> Arc<Shadow>) -> Self {
        match rollout {
            // What it does must not take a place on the pool from those whose answers somebody waits for.
            Rollout::Shadow => Self {
                plugin: Arc::new(plugin.aside()),
                how: Tried::Shadow(shadow()),
            },
            Rollout::Canary(partitions) => Self {
                plugin,
                how: Tried::Canary(partitions.clone()),
            },
        }
    }

    /// The candidate, if it decides for this partition.
    pub fn decides(&self, partition: i32) -> Option<&Arc<Plugin>> {
        match &self.how {
            Tried::Canary(partitions) => partitions.contains(&partition).then_some(&self.plugin),
            Tried::Shadow(_) => None,
        }
    }

    /// The shadow that wants to see the records of a batch.
    pub(crate) fn shadow(&self) -> Option<&Arc<Shadow>> {
        match &self.how {
            Tried::Shadow(shadow) => Some(shadow),
            Tried::Canary(_) => None,
        }
    }
}
