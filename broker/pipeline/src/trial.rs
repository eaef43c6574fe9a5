//! A plugin's candidate at one place of a topic: the generation that is tried beside the active one.

use std::collections::BTreeSet;
use std::sync::Arc;

use corvid_metadata::Rollout;
use corvid_plugin_host::{Hook, Plugin};

use crate::shadow::{Beside, Shadow};

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
    Shadow {
        /// What was found.
        shadow: Arc<Shadow>,
        /// The candidate, for the shadow: what it does must not take a place on the pool from those whose answers somebody waits
        /// for.
        aside: Arc<Plugin>,
    },
    /// It decides for these partitions.
    Canary(BTreeSet<i32>),
}

impl Trial {
    /// The trial of `plugin`; `shadow` is asked for where that is how it is tried.
    pub fn new(plugin: Arc<Plugin>, rollout: &Rollout, shadow: impl FnOnce() -> Arc<Shadow>) -> Self {
        let how = match rollout {
            Rollout::Shadow => Tried::Shadow {
                shadow: shadow(),
                aside: Arc::new(plugin.aside()),
            },
            Rollout::Canary(partitions) => Tried::Canary(partitions.clone()),
        };
        Self { plugin, how }
    }

    /// The candidate, if it decides for this partition.
    pub fn decides(&self, partition: i32) -> Option<&Arc<Plugin>> {
        match &self.how {
            Tried::Canary(partitions) => partitions.contains(&partition).then_some(&self.plugin),
            Tried::Shadow { .. } => None,
        }
    }

    /// The shadow that wants to see what the active generation is asked at this hook, if the candidate has it, too.
    pub(crate) fn beside(&self, hook: Hook) -> Option<Beside<'_>> {
        match &self.how {
            Tried::Shadow { shadow, aside } => aside.hooks().has(hook).then(|| Beside::new(shadow, aside)),
            Tried::Canary(_) => None,
        }
    }
}
