//! What two generations say of the same records, record by record.

use std::collections::BTreeMap;

use std::time::Duration;

use corvid_plugin_host::{
    Decision, Decisions, Edited, Edits, Failing, Fault, Hook, HookInput, Outcome, Plugin, Route, Verdict, Viewed, Views,
};

/// A hook's answers for one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answers {
    /// Of a partitioner: one for each record.
    Partition(Vec<Outcome<Route>>),
    /// Of a validator: the records that it does not accept.
    Validate(Vec<Failing>),
    /// Of a transform: the records that it changes.
    Transform(Edits),
    /// Of a policy: the records on which it decides.
    Policy(Decisions),
    /// Of a view: the records that it shows otherwise.
    View(Views),
}

/// What is said of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It stays as it is, and where it is; a reader sees it as it is.
    Accept,
    /// A policy leaves it to the topic's settings.
    Leave,
    /// To this partition.
    Move(i32),
    /// Refused, with code and reason.
    Refuse(u16, String),
    /// Left out.
    Drop,
    /// Changed, in this way.
    Edit(corvid_plugin_host::Edit),
    /// Not shown.
    Hide,
    /// It comes back after so many ms.
    Retry(u64),
    /// To the topic's dead letters, or to another topic.
    DeadLetter(Option<String>),
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
            Hook::Policy => Self::Policy(plugin.policy(input).await),
            Hook::View => Self::View(plugin.view(input).await),
        }
    }

    /// Whose answers these are.
    pub fn hook(&self) -> Hook {
        match self {
            Self::Partition(_) => Hook::Partition,
            Self::Validate(_) => Hook::Validate,
            Self::Transform(_) => Hook::Transform,
            Self::Policy(_) => Hook::Policy,
            Self::View(_) => Hook::View,
        }
    }

    /// The first record's fault, if the plugin failed on one.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Partition(routes) => routes.iter().find_map(|route| route.as_ref().err().map(AsRef::as_ref)),
            Self::Validate(failing) => failing.iter().find_map(|failing| match &failing.verdict {
                Verdict::Fault(fault) => Some(fault),
                Verdict::Refused { .. } => None,
            }),
            Self::Transform(edits) => edits.list.iter().find_map(|(_, edited)| match edited {
                Edited::Fault(fault) => Some(fault),
                Edited::Drop | Edited::Refused { .. } | Edited::Edit(_) => None,
            }),
            Self::Policy(decisions) => decisions.list.iter().find_map(|(_, decision)| match decision {
                Decision::Fault(fault) => Some(fault),
                Decision::RetryAfter(_) | Decision::DeadLetter(_) | Decision::Drop | Decision::Refused { .. } => None,
            }),
            Self::View(views) => views.list.iter().find_map(|(_, viewed)| match viewed {
                Viewed::Fault(fault) => Some(fault),
                Viewed::Hidden | Viewed::Edit(_) => None,
            }),
        }
    }

    /// Every record of which something else is said than [`Said::nothing`], by its index. `partition` is the client's choice:
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
            Self::Policy(decisions) => decisions
                .list
                .iter()
                .map(|(index, decision)| (*index, decided(decision)))
                .collect(),
            Self::View(views) => views
                .list
                .iter()
                .map(|(index, viewed)| (*index, shown(viewed)))
                .collect(),
        }
    }
}

impl Said {
    /// Of a record of which a hook says nothing.
    pub fn nothing(hook: Hook) -> Self {
        match hook {
            Hook::Policy => Self::Leave,
            Hook::Partition | Hook::Validate | Hook::Transform | Hook::View => Self::Accept,
        }
    }

    /// The sort of it, as differences are counted.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Leave => "leave",
            Self::Move(_) => "move",
            Self::Refuse(..) => "refuse",
            Self::Drop => "drop",
            Self::Edit(_) => "edit",
            Self::Hide => "hide",
            Self::Retry(_) => "retry",
            Self::DeadLetter(_) => "dead-letter",
            Self::Fault(..) => "fault",
        }
    }

    /// For people.
    pub fn text(&self) -> String {
        match self {
            Self::Accept | Self::Leave | Self::Drop | Self::Hide | Self::DeadLetter(None) => self.kind().to_owned(),
            Self::Retry(after) => format!("retry after {:?}", Duration::from_millis(*after)),
            Self::DeadLetter(Some(topic)) => format!("dead-letter to {topic}"),
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
        Err(fault) => Some(fault_of(fault)),
    }
}

fn failed(verdict: &Verdict) -> Said {
    match verdict {
        Verdict::Refused { code, reason } => Said::Refuse(*code, reason.clone()),
        Verdict::Fault(fault) => fault_of(fault),
    }
}

fn edit(edited: &Edited) -> Said {
    match edited {
        Edited::Drop => Said::Drop,
        Edited::Refused { code, reason } => Said::Refuse(*code, reason.clone()),
        Edited::Fault(fault) => fault_of(fault),
        Edited::Edit(edit) => Said::Edit(edit.clone()),
    }
}

fn decided(decision: &Decision) -> Said {
    match decision {
        Decision::RetryAfter(after) => Said::Retry(*after),
        Decision::DeadLetter(topic) => Said::DeadLetter(topic.clone()),
        Decision::Drop => Said::Drop,
        Decision::Refused { code, reason } => Said::Refuse(*code, reason.clone()),
        Decision::Fault(fault) => fault_of(fault),
    }
}

fn shown(viewed: &Viewed) -> Said {
    match viewed {
        Viewed::Hidden => Said::Hide,
        Viewed::Edit(edit) => Said::Edit(edit.clone()),
        Viewed::Fault(fault) => fault_of(fault),
    }
}

fn fault_of(fault: &Fault) -> Said {
    Said::Fault(fault.kind.name(), fault.detail.to_string())
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
