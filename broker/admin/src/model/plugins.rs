//! `/v1/plugins`.

use std::collections::BTreeMap;

use corvid_metadata::{PluginLimits, Rollout};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `GET /v1/plugins`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginList {
    /// Those that are deployed.
    pub plugins: Vec<PluginSummary>,
    /// Those in the node's binary, by name.
    pub builtin: Vec<String>,
}

/// A plugin of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginSummary {
    /// What bindings call it.
    pub name: String,
    /// Its module.
    pub module: String,
    /// The name of a plugin in the binary, if it is one.
    pub builtin: Option<String>,
    /// Counts its changes.
    pub generation: u64,
    /// The generation that is tried beside it.
    #[serde(default)]
    pub tried: Option<u64>,
    /// The topics that bind it.
    pub topics: Vec<String>,
    /// Records that went through it on this node since it was loaded.
    pub records: u64,
    /// Of these, those that it refused.
    pub refused: u64,
    /// Of these, those that it failed on.
    pub faults: u64,
}

/// A plugin with all that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginDetail {
    /// As in the list.
    #[serde(flatten)]
    pub summary: PluginSummary,
    /// Its configuration.
    pub config: Value,
    /// Its limits, where it has its own.
    pub limits: PluginLimits,
    /// The active generation.
    pub active: GenerationBody,
    /// The one that is tried beside it.
    pub candidate: Option<CandidateBody>,
    /// Those before, the newest first.
    pub history: Vec<GenerationBody>,
    /// Where it is bound.
    pub bindings: Vec<BindingBody>,
    /// It is loaded once for each configuration.
    pub instances: Vec<PluginInstance>,
}

/// A generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationBody {
    /// Its number.
    pub generation: u64,
    /// Its module.
    pub module: String,
    /// The name of a plugin in the binary, if it is one.
    pub builtin: Option<String>,
    /// `apply`, `deploy` or `rollback`.
    pub how: String,
    /// Who made it, as they called themselves: the name of a file, or a user's.
    pub by: String,
    /// When, ms since the epoch; 0 if that is not known.
    pub at_ms: i64,
    /// In their own words.
    pub note: String,
    /// The earlier generation whose module, configuration and limits these are.
    pub restores: Option<u64>,
    /// `replaced` or `abandoned`, if it has ended.
    pub ended: Option<String>,
}

/// A generation that is tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CandidateBody {
    /// Which.
    #[serde(flatten)]
    pub generation: GenerationBody,
    /// Its configuration.
    pub config: Value,
    /// How it is tried.
    pub rollout: Rollout,
    /// What its shadow has found on this node.
    pub shadow: Option<ShadowBody>,
}

/// What a shadow has found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShadowBody {
    /// Records that both generations were asked about.
    pub compared: u64,
    /// Records that were not compared, since too many others waited.
    pub skipped: u64,
    /// Records of which the two said something else, by what: `accept -> refuse`.
    pub differences: BTreeMap<String, u64>,
    /// The same by hook: a plugin may be bound at several places.
    #[serde(default)]
    pub hooks: BTreeMap<String, ComparedBody>,
    /// The newest few of each sort.
    pub samples: Vec<DifferenceBody>,
}

/// How two generations did at one hook, in records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedBody {
    /// Both were asked about them.
    pub compared: u64,
    /// Of these, the two said something else.
    pub differing: u64,
    /// They were not compared, since too many others waited.
    pub skipped: u64,
}

/// A record of which two generations say something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DifferenceBody {
    /// The record's topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset, if its batch was appended.
    pub offset: Option<i64>,
    /// Its key, as text.
    pub key: Option<String>,
    /// Which hook was asked.
    #[serde(default)]
    pub hook: String,
    /// Who read it, where the hook is `view`: the client id, or else the principal.
    #[serde(default)]
    pub reader: Option<String>,
    /// What the active generation said.
    pub active: String,
    /// What the candidate said.
    pub candidate: String,
    /// When, ms since the epoch.
    pub at_ms: i64,
}

/// A plugin at a place of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindingBody {
    /// The topic.
    pub topic: String,
    /// `partitioner`, `produce` or `fetch`.
    pub place: String,
    /// What happens to what it refuses.
    pub on_refused: String,
    /// What happens to what it fails on.
    pub on_fault: String,
    /// What it may look things up in.
    #[serde(default)]
    pub tables: Vec<TableBody>,
}

/// A table of a binding, as this node has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableBody {
    /// What the plugin calls it.
    pub name: String,
    /// The topic that it is.
    pub topic: String,
    /// How many keys have a value.
    pub keys: usize,
    /// The memory that it takes, in bytes, by estimate.
    pub bytes: usize,
    /// How many offsets are not in it yet.
    pub behind: u64,
    /// Whether it is complete: while it is not, the topic takes no records.
    pub current: bool,
}

/// A loaded plugin, and what it has done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginInstance {
    /// Which deployment.
    pub generation: u64,
    /// The hooks that it has.
    pub hooks: Vec<String>,
    /// Calls of hooks.
    pub calls: u64,
    /// Records.
    pub records: u64,
    /// Records that it refused.
    pub refused: u64,
    /// Records that it failed on, by the kind of fault.
    pub faults: BTreeMap<String, u64>,
    /// CPU seconds.
    pub cpu_seconds: f64,
    /// Nanoseconds of CPU for a record, on average.
    pub ns_per_record: u64,
    /// `closed`: it is called; `open`: it failed too often; `half-open`: it is being tried again.
    pub breaker: String,
    /// The most memory that an instance has had.
    pub memory_bytes: u64,
    /// How often the breaker opened.
    #[serde(default)]
    pub breaker_opened: u64,
    /// Its own counters.
    pub counters: BTreeMap<String, f64>,
    /// The same by hook.
    #[serde(default)]
    pub by_hook: Vec<HookBody>,
    /// What it failed on last, the newest first.
    #[serde(default)]
    pub last_faults: Vec<FaultBody>,
}

/// A hook, and what became of the records that went in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookBody {
    /// Its name.
    pub hook: String,
    /// Calls.
    pub calls: u64,
    /// Records.
    pub records: u64,
    /// Records that it refused.
    pub refused: u64,
    /// Records that went to the dead-letter topic.
    pub diverted: u64,
    /// Records that went to another partition.
    pub moved: u64,
    /// Records that were left out.
    pub dropped: u64,
    /// Records that it failed on, and that went on all the same.
    pub passed: u64,
    /// Records that it failed on, by the kind of fault.
    pub faults: BTreeMap<String, u64>,
    /// Nanoseconds of CPU for a record, on average.
    pub ns_per_record: u64,
}

/// A record that a plugin failed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultBody {
    /// When, ms since the epoch.
    pub at_ms: i64,
    /// The hook.
    pub hook: String,
    /// The topic.
    pub topic: String,
    /// The partition that the client chose.
    pub partition: i32,
    /// The record's place in the client's batch, from 0.
    pub record: u32,
    /// Its key, as text.
    pub key: Option<String>,
    /// The sort of fault.
    pub kind: String,
    /// What the plugin said, or what was wrong.
    pub reason: String,
}
