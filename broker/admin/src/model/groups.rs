//! `/v1/groups`.

use serde::{Deserialize, Serialize};

/// A group of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupSummary {
    /// Its id.
    pub group: String,
    /// `Empty`, `PreparingRebalance`, `CompletingRebalance`, `Stable` or `Dead`.
    pub state: String,
    /// `consumer`, or what else its members are.
    pub protocol_type: String,
}

/// A group with its members and offsets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupBody {
    /// Its id.
    pub group: String,
    /// As in the list.
    pub state: String,
    /// As in the list.
    pub protocol_type: String,
    /// The assignor, when the group is stable.
    pub protocol: String,
    /// Its members.
    pub members: Vec<MemberBody>,
    /// Where it stands, by topic and partition.
    pub offsets: Vec<CommittedBody>,
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberBody {
    /// Its id.
    pub member: String,
    /// `group.instance.id` of a static member.
    pub instance: Option<String>,
    /// What the client calls itself.
    pub client: String,
    /// Where it connects from.
    pub host: String,
    /// What it was assigned: topic and partition.
    pub assigned: Vec<(String, i32)>,
}

/// A committed offset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommittedBody {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The next offset to consume.
    pub offset: i64,
    /// Behind the last offset that clients see; none if the partition is gone.
    pub end: Option<i64>,
    /// How many offsets lie between.
    pub lag: Option<i64>,
}

/// `POST /v1/groups/{group}/reset`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetBody {
    /// The topics; empty for all that the group has offsets of.
    #[serde(default)]
    pub topics: Vec<String>,
    /// Where to.
    pub to: ResetTo,
    /// Whether to say only what would happen.
    #[serde(default)]
    pub dry_run: bool,
}

/// Where a group begins again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResetTo {
    /// At the first record there is.
    Earliest,
    /// Behind the last.
    Latest,
    /// At this offset, or the nearest that there is.
    Offset(i64),
    /// At the first record of this time (ms since the epoch) or later.
    Timestamp(i64),
    /// So many offsets on (or back) from where it stands.
    Shift(i64),
}

/// One partition of a reset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetOutcome {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Where the group stood.
    pub from: Option<i64>,
    /// Where it stands now.
    pub to: i64,
}
