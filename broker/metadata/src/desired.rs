//! The difference between what a TOML file wants and what the image has.
//!
//! `[topics.*]` and `[plugins.*]` are desired state. [`plan`] compares them with an image and gives
//! the records that make it so, and the changes in words for whoever reads `apply --dry-run`. It
//! is pure: who has applied what before is in the image, too ([`crate::record::AppliedKeys`]).
//!
//! - A config that the owner's last file had and this one lacks goes back to its default; one that
//!   was set elsewhere and that no file of this owner ever had is left alone.
//! - A value that the last file had and that was changed elsewhere since is *drift*: shown, and set
//!   right.
//! - A topic that is absent is left alone; where the last file set configs of it, that is told once. Partitions never shrink.
//! - A plugin of which another generation was deployed (`corvid plugin deploy`) since this file was last applied stays as it is
//!   while the file says what it said then: a restart must not undo a deployment. That is drift, too, and shown. Once the
//!   file says something else about the plugin, the file has the last word.
//! - A plugin that the last file had, this one lacks, and nothing binds any more, goes.

mod plan;
mod plugins;
mod show;
#[cfg(test)]
mod tests;
mod topics;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::{ConfigError, Configs};
use crate::ids::Digest;
use crate::plugin::How;
use crate::policy::{LimitsError, PluginLimits};
use crate::record::Record;
use crate::topic_name::TopicNameError;

pub use plan::plan;

/// What a file wants.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desired {
    /// Who applies it: the name under which the image remembers what the last one had.
    pub owner: String,
    /// Topics by name.
    pub topics: BTreeMap<String, DesiredTopic>,
    /// Plugins by the name that bindings use.
    pub plugins: BTreeMap<String, DesiredPlugin>,
}

/// A topic in a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DesiredTopic {
    /// How many partitions it is to have at least; `None` leaves that to the broker.
    pub partitions: Option<i32>,
    /// Its configs, under the names that Kafka's tools use; ours begin with `corvid.`.
    pub configs: Configs,
}

/// A plugin in a file, its module read and named by its digest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DesiredPlugin {
    /// The module's digest.
    pub module: Digest,
    /// The name of an embedded first-party plugin, if it is one.
    #[serde(default)]
    pub builtin: Option<String>,
    /// Its configuration.
    #[serde(default)]
    pub config: Value,
    /// Its limits.
    #[serde(default)]
    pub limits: PluginLimits,
}

/// What has to be done.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// For people, in the order of the file's names.
    pub changes: Vec<Change>,
    /// What differs from the file and is left as it is.
    pub drift: Vec<Drift>,
    /// What the file said before, does not say any more, and is left as it is.
    pub left: Vec<LeftTopic>,
    /// The same for the quorum: one batch. Topics that are new are in [`Plan::create`], since
    /// whoever places replicas and draws ids has to make their records.
    pub records: Vec<Record>,
    /// Topics to create, with their configs.
    pub create: Vec<NewTopic>,
    /// Topics that need more partitions.
    pub grow: Vec<Growth>,
}

/// A plugin that was deployed since the file was last applied, which still says what it said then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Its name.
    pub plugin: String,
    /// What differs: "module", "config", "limits".
    pub what: Vec<&'static str>,
    /// The generation that is active.
    pub generation: u64,
    /// What made it.
    pub how: How,
}

/// A topic that the last file had and this one lacks: nothing of it is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftTopic {
    /// Its name.
    pub topic: String,
    /// The configs that are as the last file had them.
    pub keys: Vec<String>,
}

/// A topic to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions, if the file says.
    pub partitions: Option<i32>,
    /// Its configs.
    pub configs: Configs,
}

/// A topic that needs more partitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growth {
    /// Its name.
    pub topic: String,
    /// How many it has.
    pub from: i32,
    /// How many it is to have.
    pub to: i32,
}

/// One line for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A topic is new.
    CreateTopic(NewTopic),
    /// A topic gets more partitions.
    AddPartitions(Growth),
    /// A config of a topic changes.
    SetConfig {
        /// The topic.
        topic: String,
        /// The key.
        key: String,
        /// What it was; `None` for the default.
        from: Option<String>,
        /// What it will be; `None` for the default.
        to: Option<String>,
        /// Why.
        why: Why,
    },
    /// A plugin is new.
    AddPlugin {
        /// Its name.
        plugin: String,
        /// Its module.
        module: Digest,
    },
    /// A plugin changes.
    ChangePlugin {
        /// Its name.
        plugin: String,
        /// What differs: "module", "config", "limits".
        what: Vec<&'static str>,
        /// The new generation.
        generation: u64,
    },
    /// A plugin goes.
    RemovePlugin {
        /// Its name.
        plugin: String,
    },
}

/// Why a config changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The file has a new value.
    File,
    /// It was changed elsewhere since the last file of this owner.
    Drift,
    /// The last file had it, this one lacks it.
    Gone,
}

/// A file that can't be made so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A topic can't have this name.
    #[error("[topics.\"{topic}\"]: {error}")]
    BadTopicName {
        /// The topic.
        topic: String,
        /// Why not.
        error: TopicNameError,
    },
    /// A plugin can't have such limits.
    #[error("[plugins.\"{plugin}\"]: {error}")]
    PluginLimits {
        /// The plugin.
        plugin: String,
        /// Why not.
        error: LimitsError,
    },
    /// Two names differ in dots and underscores only.
    #[error("[topics.\"{topic}\"]: the name collides with topic \"{other}\": metrics can't tell '.' from '_'")]
    TopicCollides {
        /// The topic in the file.
        topic: String,
        /// The topic in the cluster or the file.
        other: String,
    },
    /// A config that isn't accepted.
    #[error("[topics.\"{topic}\"]: {error}")]
    BadConfig {
        /// The topic.
        topic: String,
        /// Why not.
        error: ConfigError,
    },
    /// Not a positive number.
    #[error("[topics.\"{topic}\"]: partitions = {partitions}: expected 1 to {limit}")]
    BadPartitions {
        /// The topic.
        topic: String,
        /// What the file has.
        partitions: i32,
        /// The most that there may be.
        limit: i32,
    },
    /// Kafka has no way to take partitions away, nor have we.
    #[error("[topics.\"{topic}\"]: it has {have} partitions, the file says {want}; partitions never shrink")]
    WouldShrink {
        /// The topic.
        topic: String,
        /// What it has.
        have: i32,
        /// What the file says.
        want: i32,
    },
    /// Neither the file nor the cluster has it.
    #[error(
        "[topics.\"{topic}\"]: plugin \"{plugin}\" is bound, but neither the file nor the cluster has it; add [plugins.{plugin}]"
    )]
    UnknownPlugin {
        /// The topic.
        topic: String,
        /// The plugin.
        plugin: String,
    },
    /// The broker's own topics are not for files.
    #[error("[topics.\"{topic}\"]: it is one of the broker's internal topics")]
    Internal {
        /// The topic.
        topic: String,
    },
}
