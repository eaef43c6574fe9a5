//! A plugin over time: the generations before the active one, and the one that is tried beside it.
//!
//! - **A generation is one stretch.** Every activation has a number of its own, and numbers only go up. A rollback is a
//!   new generation that *restores* an earlier one, and not that number again: "generation 3 did this" then has one
//!   meaning, before and after the incident, and two changes at once cannot both win.
//! - A candidate has its number from the start: what it decides as a canary carries it, and a promotion keeps it.
//! - The last [`HISTORY_MAX`] generations are remembered; a node keeps their modules, and removes those of earlier ones.

mod change;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::record::PluginRecord;

pub use change::{ChangeOutcome, Deploy, NOTE_BYTES_MAX, PlannedChange, PluginChange, PluginChangeError};

/// How many earlier generations of a plugin are remembered. Part of the format: every node must forget the same.
pub const HISTORY_MAX: usize = 10;

/// When a generation was made, by whom, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// What made it.
    #[serde(default)]
    pub how: How,
    /// Who, as they called themselves.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub by: String,
    /// When, in ms since the epoch; 0 where an earlier release did not write it down.
    #[serde(default)]
    pub at_ms: i64,
    /// In their own words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The earlier generation whose module, configuration and limits these are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<u64>,
}

impl Deployment {
    /// Nothing is known of it: what earlier releases wrote, and what tests make.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }
}

/// What makes a generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// A file's `[plugins.*]`.
    #[default]
    Apply,
    /// `corvid plugin deploy`.
    Deploy,
    /// `corvid plugin rollback`.
    Rollback,
}

impl How {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            How::Apply => "apply",
            How::Deploy => "deploy",
            How::Rollback => "rollback",
        }
    }
}

/// How a candidate is tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rollout {
    /// It sees the records that the active generation sees; what it says is compared, counted, and thrown away.
    Shadow,
    /// It decides for these partitions of every topic that binds the plugin, in the place of the active generation.
    Canary(BTreeSet<i32>),
}

/// A generation that is tried beside the active one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// What is tried.
    pub plugin: Arc<PluginRecord>,
    /// How.
    pub rollout: Rollout,
}

/// A generation that is no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// What it was.
    pub plugin: Arc<PluginRecord>,
    /// How it ended.
    pub ended: Ended,
}

/// How a generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// It was active, and another took its place.
    Replaced,
    /// It was a candidate, and was not promoted.
    Abandoned,
}

/// What there is of a plugin beside the active generation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lineage {
    /// The generation that is tried.
    #[serde(default)]
    pub candidate: Option<Candidate>,
    /// Earlier generations, the newest last.
    #[serde(default)]
    pub past: Vec<Past>,
    /// The highest number that a generation has been given.
    #[serde(default)]
    pub newest: u64,
}

impl Lineage {
    /// An earlier generation by its number.
    pub fn past(&self, generation: u64) -> Option<&Arc<PluginRecord>> {
        let of = |past: &&Past| past.plugin.generation == generation;
        self.past.iter().find(of).map(|past| &past.plugin)
    }

    /// What a rollback without a number goes back to: the newest generation that was active before the one whose
    /// content `active` has. So a second rollback goes further back, and not forward again.
    pub fn before(&self, active: &PluginRecord) -> Option<&Arc<PluginRecord>> {
        let content = active.deployment.restores.unwrap_or(active.generation);
        let earlier = self.past.iter().rev().filter(|past| past.ended == Ended::Replaced);
        earlier
            .map(|past| &past.plugin)
            .find(|past| past.deployment.restores.unwrap_or(past.generation) < content)
    }

    /// Remembers a generation that has ended, and forgets the oldest ones.
    pub(crate) fn remember(&mut self, plugin: Arc<PluginRecord>, ended: Ended) {
        self.past.push(Past { plugin, ended });
        let surplus = self.past.len().saturating_sub(HISTORY_MAX);
        self.past.drain(..surplus);
    }

    /// Ends the trial, if there is one.
    pub(crate) fn abandon(&mut self) {
        if let Some(candidate) = self.candidate.take() {
            self.remember(candidate.plugin, Ended::Abandoned);
        }
    }
}
