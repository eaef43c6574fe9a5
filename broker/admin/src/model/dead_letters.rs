//! `/v1/dead-letters`.

use std::collections::BTreeMap;

use corvid_pipeline::Filter;
use serde::{Deserialize, Serialize};

/// A topic of dead letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterTopicBody {
    /// Its name.
    pub name: String,
    /// The topics whose letters go there.
    pub sources: Vec<String>,
}

/// A partition of a topic of dead letters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LettersBody {
    /// Its number.
    pub partition: i32,
    /// The first letter that is there.
    pub start: i64,
    /// Behind the last letter.
    pub end: i64,
    /// The offsets of those that are redriven: from the first to the one behind the last of each stretch.
    pub redriven: Vec<(i64, i64)>,
}

/// Which letters are meant: those that fit everything that is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LetterFilter {
    /// The record's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The letter's own offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// The topic that it was sent to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The consumer group that gave up on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// What it failed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The plugin that failed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The plugin's code, or the exception.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the reason has in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<LetterFilter> for Filter {
    fn from(filter: LetterFilter) -> Self {
        Self {
            key: filter.key,
            offset: filter.offset,
            source: filter.source,
            group: filter.group,
            stage: filter.stage,
            plugin: filter.plugin,
            code: filter.code,
            reason: filter.reason,
        }
    }
}

/// `POST /v1/dead-letters/{topic}/redrive`: the next letters of a partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedriveBody {
    /// The partition of the letters.
    pub partition: i32,
    /// Where to go on.
    pub from: i64,
    /// Letters at this offset and behind it are left alone.
    #[serde(default)]
    pub until: Option<i64>,
    /// A topic for all of them; none: each goes where it was sent to.
    #[serde(default)]
    pub to: Option<String>,
    /// Which of them.
    #[serde(default)]
    pub filter: LetterFilter,
    /// Only say what would be done.
    #[serde(default)]
    pub dry_run: bool,
    /// The most that are taken at once; none for the node's own bound.
    #[serde(default)]
    pub letters_max: Option<usize>,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedrivenBody {
    /// Where to go on.
    pub next: i64,
    /// Whether that is behind the last letter.
    pub at_end: bool,
    /// How many have left, or would, by topic.
    pub redriven: BTreeMap<String, u64>,
    /// How many of those that are meant had left before.
    pub already: u64,
    /// How many are not meant.
    pub others: u64,
    /// Those that are meant and stay.
    pub stay: Vec<StaysBody>,
    /// Whether all that has left is where it goes; if not, it comes later.
    pub delivered: bool,
}

/// A letter that is not redriven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaysBody {
    /// The letter.
    pub offset: i64,
    /// Why.
    pub reason: String,
}
