//! `POST /v1/apply`.

use std::collections::BTreeMap;

use corvid_metadata::config::Configs;
use corvid_metadata::desired::{Change, Desired, DesiredPlugin, DesiredTopic};
use corvid_metadata::{Digest, PluginLimits};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a file wants. The modules were put before, at `/v1/modules/{digest}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApplicationBody {
    /// The file's name: whose keys these are.
    pub owner: String,
    /// Topics by name.
    #[serde(default)]
    pub topics: BTreeMap<String, TopicBody>,
    /// Plugins by name.
    #[serde(default)]
    pub plugins: BTreeMap<String, PluginBody>,
}

/// A topic of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicBody {
    /// How many partitions at least.
    #[serde(default)]
    pub partitions: Option<i32>,
    /// Its configs.
    #[serde(default)]
    pub configs: Configs,
}

/// A plugin of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginBody {
    /// Its module.
    pub module: Digest,
    /// The name of a plugin in the binary, if it is one.
    #[serde(default)]
    pub builtin: Option<String>,
    /// Its configuration.
    #[serde(default)]
    pub config: Value,
    /// Its limits.
    #[serde(default)]
    pub limits: PluginLimits,
}

impl From<&Desired> for ApplicationBody {
    fn from(desired: &Desired) -> Self {
        let topic = |(name, topic): (&String, &DesiredTopic)| {
            let body = TopicBody {
                partitions: topic.partitions,
                configs: topic.configs.clone(),
            };
            (name.clone(), body)
        };
        let plugin = |(name, plugin): (&String, &DesiredPlugin)| {
            let body = PluginBody {
                module: plugin.module,
                builtin: plugin.builtin.clone(),
                config: plugin.config.clone(),
                limits: plugin.limits,
            };
            (name.clone(), body)
        };
        Self {
            owner: desired.owner.clone(),
            topics: desired.topics.iter().map(topic).collect(),
            plugins: desired.plugins.iter().map(plugin).collect(),
        }
    }
}

impl From<ApplicationBody> for Desired {
    fn from(body: ApplicationBody) -> Self {
        let topic = |(name, topic): (String, TopicBody)| {
            let desired = DesiredTopic {
                partitions: topic.partitions,
                configs: topic.configs,
            };
            (name, desired)
        };
        let plugin = |(name, plugin): (String, PluginBody)| {
            let desired = DesiredPlugin {
                module: plugin.module,
                builtin: plugin.builtin,
                config: plugin.config,
                limits: plugin.limits,
            };
            (name, desired)
        };
        Self {
            owner: body.owner,
            topics: body.topics.into_iter().map(topic).collect(),
            plugins: body.plugins.into_iter().map(plugin).collect(),
        }
    }
}

/// What was changed, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeBody {
    /// Whether nothing was done.
    pub dry_run: bool,
    /// The differences.
    pub changes: Vec<ChangeBody>,
    /// What is odd about the result.
    pub warnings: Vec<String>,
    /// The version of the metadata that this node has put into effect.
    pub version: u64,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeBody {
    /// Of what kind.
    pub kind: ChangeKind,
    /// The topic or plugin.
    pub name: String,
    /// For people: a line.
    pub text: String,
}

/// What changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// A topic is new.
    CreateTopic,
    /// A topic gets more partitions.
    AddPartitions,
    /// A config of a topic changes.
    SetConfig,
    /// A plugin is new.
    AddPlugin,
    /// A plugin changes.
    ChangePlugin,
    /// A plugin goes.
    RemovePlugin,
}

impl From<&Change> for ChangeBody {
    fn from(change: &Change) -> Self {
        let (kind, name) = match change {
            Change::CreateTopic(topic) => (ChangeKind::CreateTopic, &topic.name),
            Change::AddPartitions(growth) => (ChangeKind::AddPartitions, &growth.topic),
            Change::SetConfig { topic, .. } => (ChangeKind::SetConfig, topic),
            Change::AddPlugin { plugin, .. } => (ChangeKind::AddPlugin, plugin),
            Change::ChangePlugin { plugin, .. } => (ChangeKind::ChangePlugin, plugin),
            Change::RemovePlugin { plugin } => (ChangeKind::RemovePlugin, plugin),
        };
        Self {
            kind,
            name: name.clone(),
            text: change.to_string(),
        }
    }
}
