//! `/v1/plugins/{plugin}/deploy`, `/promote` and `/rollback`.

use corvid_metadata::{Digest, PluginLimits, Rollout};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is deployed. A module was put before, at `/v1/modules/{digest}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeployBody {
    /// Its module.
    #[serde(default)]
    pub module: Option<Digest>,
    /// Or the name of a plugin in the node's binary.
    #[serde(default)]
    pub builtin: Option<String>,
    /// Its configuration; without one, that of the active generation.
    #[serde(default)]
    pub config: Option<Value>,
    /// Its limits; without any, those of the active generation.
    #[serde(default)]
    pub limits: Option<PluginLimits>,
    /// `"shadow"` or `{"canary": [0, 1]}`; without it, it is active at once.
    #[serde(default)]
    pub rollout: Option<Rollout>,
    /// Whether it may end the trial of another generation.
    #[serde(default)]
    pub replace: bool,
    /// Who, and why.
    #[serde(default, flatten)]
    pub by: ByBody,
}

/// A promotion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromoteBody {
    /// The generation that is expected to be tried.
    #[serde(default)]
    pub generation: Option<u64>,
}

/// A rollback.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackBody {
    /// The generation to restore; without it, the one before, or the end of a trial.
    #[serde(default)]
    pub to: Option<u64>,
    /// Who, and why.
    #[serde(default, flatten)]
    pub by: ByBody,
}

/// Who, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByBody {
    /// As they call themselves.
    #[serde(default)]
    pub by: String,
    /// In their own words.
    #[serde(default)]
    pub note: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedBody {
    /// The plugin.
    pub plugin: String,
    /// The generation that this was about.
    pub generation: u64,
    /// What became of it.
    pub outcome: OutcomeKind,
    /// The generation that is active now.
    pub active: u64,
    /// The generation whose content it has, after a rollback.
    pub restores: Option<u64>,
    /// The topics that bind the plugin.
    pub topics: Vec<String>,
    /// The nodes that had it loaded and tested before it was committed.
    pub prepared: Vec<PreparedBody>,
    /// What is odd about the result.
    pub warnings: Vec<String>,
}

/// What became of a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// It is active.
    Active,
    /// It is tried beside the active one.
    Tried,
    /// Its trial has ended, and the active one stays.
    Abandoned,
    /// It was active already.
    Unchanged,
}

/// A node that was ready before the generation flipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreparedBody {
    /// Its number.
    pub node: i32,
    /// The hooks that it found and tested.
    pub hooks: Vec<String>,
    /// How long that took, in ms.
    pub took_ms: u64,
}
