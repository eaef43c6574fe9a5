//! What a topic's bindings come to: loaded plugins, and what happens to what they fail.

use std::sync::Arc;

use corvid_metadata::Digest;
use corvid_metadata::policy::{OnFault, OnRefused};
use corvid_plugin_host::{Hook, Plugin};

use crate::decided::{DecidedBy, Deciders};
use crate::shadow::Beside;
use crate::tables::Kept;
use crate::trial::Trial;

/// A topic's produce hooks, ready to run. An empty plan appends what clients send.
#[derive(Default)]
pub struct TopicPlan {
    /// Validators and transforms, in the order in which they run.
    pub produce: Vec<BoundHook>,
    /// Runs last, on what is left.
    pub partitioner: Option<BoundHook>,
    /// Decides what becomes of records that failed: at one of these hooks, or, in a retry topic, with a consumer.
    pub policy: Option<BoundPolicy>,
    /// What these look things up in.
    pub(crate) tables: Vec<Arc<Kept>>,
}

/// How often the tables of a plan had been emptied when they were current.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ready(u64);

/// A plugin at one place of a topic.
pub struct BoundHook {
    /// The plugin, with this binding's configuration and limits.
    pub plugin: Arc<Plugin>,
    /// What happens to a record that it refuses.
    pub on_refused: OnRefused,
    /// What happens to a record that it cannot judge.
    pub on_fault: OnFault,
    /// The generation that is tried beside it.
    pub trial: Option<Trial>,
}

/// A plugin as a topic's policy.
pub struct BoundPolicy {
    /// The plugin, with this binding's configuration and limits.
    pub plugin: Arc<Plugin>,
    /// The generation that is tried beside it.
    pub trial: Option<Trial>,
}

impl BoundHook {
    /// The plugin that decides for this partition: a canary, or the active one.
    pub fn plugin_at(&self, partition: i32) -> &Arc<Plugin> {
        let trial = self.trial.as_ref().and_then(|trial| trial.decides(partition));
        trial.unwrap_or(&self.plugin)
    }

    /// The shadow that wants to see what this hook is asked.
    pub(crate) fn beside(&self, hook: Hook) -> Option<Beside<'_>> {
        self.trial.as_ref()?.beside(hook)
    }
}

impl BoundPolicy {
    /// The plugin that decides for this partition: a canary, or the active one.
    pub fn plugin_at(&self, partition: i32) -> &Arc<Plugin> {
        let trial = self.trial.as_ref().and_then(|trial| trial.decides(partition));
        trial.unwrap_or(&self.plugin)
    }
}

impl TopicPlan {
    /// A plan of these hooks; an error where a plugin is bound to a place for which it has no hook.
    pub fn new(
        produce: Vec<BoundHook>,
        partitioner: Option<BoundHook>,
        policy: Option<BoundPolicy>,
    ) -> Result<Self, String> {
        for hook in &produce {
            fits_produce(&hook.plugin)?;
        }
        if let Some(hook) = &partitioner {
            fits_partitioner(&hook.plugin)?;
        }
        if let Some(policy) = &policy {
            fits_policy(&policy.plugin)?;
        }
        Ok(Self {
            produce,
            partitioner,
            policy,
            tables: Vec::new(),
        })
    }

    /// Returns once the hooks may be asked: what they look things up in is current. [`still`](Self::still) is to be asked afterwards.
    pub(crate) async fn ready(&self) -> Result<Ready, String> {
        let ready = self.emptied();
        for table in &self.tables {
            table.current().await?;
        }
        Ok(ready)
    }

    /// Whether what the hooks looked things up in was there all the time since.
    pub(crate) fn still(&self, ready: Ready) -> Result<(), String> {
        if self.emptied() == ready {
            return Ok(());
        }
        Err("a table is being read anew".to_owned())
    }

    fn emptied(&self) -> Ready {
        Ready(self.tables.iter().map(|table| table.emptied()).sum())
    }

    /// Whether batches are appended as they come.
    pub fn is_empty(&self) -> bool {
        self.produce.is_empty() && self.partitioner.is_none()
    }

    /// Who decides on what is sent to this partition.
    pub(crate) fn deciders(&self, partition: i32) -> Deciders {
        let decided_by = |plugin: &Arc<Plugin>| DecidedBy {
            plugin: plugin.name().to_owned(),
            generation: plugin.generation(),
            module: Digest(plugin.digest()),
        };
        self.plugins_at(partition).map(decided_by).collect()
    }

    /// Every plugin that decides for this partition, in the order in which they are asked.
    pub fn plugins_at(&self, partition: i32) -> impl Iterator<Item = &Arc<Plugin>> {
        let hooks = self.produce.iter().chain(&self.partitioner);
        let policy = self.policy.iter().map(move |policy| policy.plugin_at(partition));
        hooks.map(move |hook| hook.plugin_at(partition)).chain(policy)
    }
}

/// Whether it can be bound under `produce`.
pub(crate) fn fits_produce(plugin: &Plugin) -> Result<(), String> {
    let hooks = plugin.hooks();
    if hooks.validate || hooks.transform {
        return Ok(());
    }
    Err(misplaced(
        plugin,
        "produce",
        "a validator or a transform",
        &[Hook::Validate, Hook::Transform],
    ))
}

/// Whether it can be bound as `partitioner`.
pub(crate) fn fits_partitioner(plugin: &Plugin) -> Result<(), String> {
    if plugin.hooks().partition {
        return Ok(());
    }
    Err(misplaced(plugin, "partitioner", "a partitioner", &[Hook::Partition]))
}

/// Whether it can be bound as `policy`.
pub(crate) fn fits_policy(plugin: &Plugin) -> Result<(), String> {
    if plugin.hooks().policy {
        return Ok(());
    }
    Err(misplaced(plugin, "policy", "a policy", &[Hook::Policy]))
}

/// What is said of a plugin that is bound to a place for which it has no hook.
pub(crate) fn misplaced(plugin: &Plugin, place: &str, wanted: &str, functions: &[Hook]) -> String {
    let name = plugin.name();
    let has: Vec<_> = plugin.hooks().iter().map(Hook::name).collect();
    let functions: Vec<_> = functions.iter().map(|hook| format!("`fn {}`", hook.name())).collect();
    format!(
        "plugin \"{name}\" is bound as {place}, which wants {wanted} (in a script: {}); it has {}",
        functions.join(" or "),
        has.join(", ")
    )
}
