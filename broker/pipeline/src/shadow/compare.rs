//! What two generations say of the same records, record by record.

use std::collections::BTreeMap;

use corvid_plugin_host::{Edited, Edits, Failing, Hook, HookInput, Outcome, Plugin, Route, Verdict};

/// A hook's answers for one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answers {
    /// Of a partitioner: one for each record.
    Partition(Vec<Outcome<Route>>),
    /// Of a validator: the records that it does not accept.
    Validate(Vec<Failing>),
    /// Of a transform: the records that it changes.
    Transform(Edits),
    /// A hook that is not asked twice: what a policy says depends on what failed, and nobody reads through a shadow.
    Untried(Hook),
}

/// What is said of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It stays as it is, and where it is.
    Accept,
    /// To this partition.
    Move(i32),
    /// Refused, with code and reason.
    Refuse(u16, String),
    /// Left out.
    Drop,
    /// Changed, in this way.
    Edit(corvid_plugin_host::Edit),
    /// No answer: the kind of fault, and what it said.
    Fault(&'static str, String),
}

impl Answers {
    /// Asks `plugin`.
    pub async fn of(plugin: &Plugin, hook: Hook, input: HookInput<'_>) -> Self {
        match hook {
            Hook::Partition => Self::Partition(plugin.partition(input).await),
            Hook::Validate => Self::Validate(plugin.validate(input).await),
            Hook::Transform => Self::Transform(plugin.transform(input).await),
            Hook::Policy | Hook::View => Self::Untried(hook),
        }
    }

    /// Whose answers these are.
    pub fn hook(&self) -> Hook {
        match self {
            Self::Partition(_) => Hook::Partition,
            Self::Validate(_) => Hook::Validate,
            Self::Transform(_) => Hook::Transform,
            Self::Untried(hook) => *hook,
        }
    }

    /// Every record of which something else is said than [`Said::Accept`], by its index. `partition` is the client's choice:
    /// a route to it and KEEP are one.
    pub fn said(&self, partition: i32) -> BTreeMap<u32, Said> {
        match self {
            Self::Partition(routes) => (0..)
                .zip(routes)
                .filter_map(|(index, route)| Some((index, moved(route, partition)?)))
                .collect(),
            Self::Validate(failing) => failing
                .iter()
                .map(|failing| (failing.index, failed(&failing.verdict)))
                .collect(),
            Self::Transform(edits) => edits
                .list
                .iter()
                .map(|(index, edited)| (*index, edit(edited)))
                .collect(),
            Self::Untried(_) => BTreeMap::new(),
        }
    }
}

impl Said {
    /// The sort of it, as differences are counted.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Move(_) => "move",
            Self::Refuse(..) => "refuse",
            Self::Drop => "drop",
            Self::Edit(_) => "edit",
            Self::Fault(..) => "fault",
        }
    }

    /// For people.
    pub fn text(&self) -> String {
        match self {
            Self::Accept | Self::Drop => self.kind().to_owned(),
            Self::Move(partition) => format!("move to {partition}"),
            Self::Refuse(code, reason) => format!("refuse {code}: {reason}"),
            Self::Fault(kind, detail) => format!("fault {kind}: {detail}"),
            Self::Edit(edit) => edited_text(edit),
        }
    }

    /// Whether the two come to the same: a reason may be worded otherwise.
    pub fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Refuse(one, _), Self::Refuse(other, _)) => one == other,
            (Self::Fault(one, _), Self::Fault(other, _)) => one == other,
            _ => self == other,
        }
    }
}

fn moved(route: &Outcome<Route>, partition: i32) -> Option<Said> {
    match route {
        Ok(Route::To(to)) if *to != partition => Some(Said::Move(*to)),
        Ok(Route::To(_) | Route::Keep) => None,
        Err(fault) => Some(Said::Fault(fault.kind.name(), fault.detail.to_string())),
    }
}

fn failed(verdict: &Verdict) -> Said {
    match verdict {
        Verdict::Refused { code, reason } => Said::Refuse(*code, reason.clone()),
        Verdict::Fault(fault) => Said::Fault(fault.kind.name(), fault.detail.to_string()),
    }
}

fn edit(edited: &Edited) -> Said {
    match edited {
        Edited::Drop => Said::Drop,
        Edited::Refused { code, reason } => Said::Refuse(*code, reason.clone()),
        Edited::Fault(fault) => Said::Fault(fault.kind.name(), fault.detail.to_string()),
        Edited::Edit(edit) => Said::Edit(edit.clone()),
    }
}

fn edited_text(edit: &corvid_plugin_host::Edit) -> String {
    let part = |name: &str, part: &corvid_plugin_host::Replacement| {
        let new = part.as_ref()?;
        let shown = new.as_ref().map_or_else(
            || "null".to_owned(),
            |bytes| String::from_utf8_lossy(bytes).into_owned(),
        );
        Some(format!("{name} = {shown}"))
    };
    let headers = edit.headers.iter().map(|op| match op {
        corvid_plugin_host::HeaderOp::Append { key, value } => header("+", key, Some(value)),
        corvid_plugin_host::HeaderOp::Set { key, value } => header("=", key, Some(value)),
        corvid_plugin_host::HeaderOp::Remove { key } => header("-", key, None),
    });
    let parts = [part("key", &edit.key), part("value", &edit.value)]
        .into_iter()
        .flatten();
    let all: Vec<String> = parts.chain(headers).collect();
    format!("edit {}", all.join(", "))
}

fn header(op: &str, key: &[u8], value: Option<Option<&[u8]>>) -> String {
    let key = String::from_utf8_lossy(key);
    match value {
        None => format!("header {op}{key}"),
        Some(value) => {
            let value = value.map_or_else(|| "null".into(), String::from_utf8_lossy);
            format!("header {op}{key}: {value}")
        }
    }
}
