//! `corvid plugin deploy`, `promote` and `rollback`: a plugin's generations on a running node.

use std::collections::BTreeSet;
use std::path::PathBuf;

use corvid::settings::read_file;
use corvid_admin::model::{
    ByBody, ChangedBody, DeployBody, ModuleBody, OutcomeKind, PreparedBody, PromoteBody, RollbackBody,
};
use corvid_metadata::{PluginLimits, Rollout};
use corvid_pipeline::{MODULE_BYTES_MAX, digest_of};

use super::super::node::{Node, segment};
use super::super::output::{Output, count};
use super::super::units::{duration, size};
use super::super::{Done, Failure};
use super::check::json;

/// `corvid plugin deploy FILE --name NAME`
#[derive(clap::Args)]
pub struct Deploy {
    /// The module, or builtin:NAME for one that is built in
    file: String,
    /// What bindings call it
    #[arg(long)]
    name: String,
    /// Its configuration, as JSON; by default that of the active generation
    #[arg(long, value_name = "JSON", value_parser = json)]
    config: Option<String>,
    /// The CPU time that a call may take; by default as in the active generation
    #[arg(long, value_parser = duration)]
    deadline: Option<std::time::Duration>,
    /// The memory that an instance may have; by default as in the active generation
    #[arg(long, value_parser = size)]
    memory: Option<usize>,
    /// Try it: it sees what the active generation sees, and is compared with it; it decides nothing
    #[arg(long, conflicts_with = "canary")]
    shadow: bool,
    /// Try it: it decides for these partitions of every topic that binds it, such as 0 or 0,4-7
    #[arg(long, value_name = "PARTITIONS", value_parser = partitions)]
    canary: Option<Partitions>,
    /// End the trial of another generation, if there is one
    #[arg(long)]
    replace: bool,
    /// Why: `corvid plugin describe` shows it
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    node: Node,
}

/// `corvid plugin promote NAME`
#[derive(clap::Args)]
pub struct Promote {
    /// The plugin's name
    plugin: String,
    /// Only if this is the generation that is being tried
    #[arg(long, value_name = "NUMBER")]
    generation: Option<u64>,
    #[command(flatten)]
    node: Node,
}

/// `corvid plugin rollback NAME`
#[derive(clap::Args)]
pub struct Rollback {
    /// The plugin's name
    plugin: String,
    /// The generation to restore; by default the trial ends or, if nothing is tried, the one before comes back
    #[arg(long, value_name = "GENERATION")]
    to: Option<u64>,
    /// Why: `corvid plugin describe` shows it
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    node: Node,
}

/// Numbers of partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Partitions(BTreeSet<i32>);

/// Puts the module, and has it prepared and made active, or tried.
pub fn deploy(args: &Deploy, output: Output) -> Done {
    let (module, builtin) = match args.file.strip_prefix("builtin:") {
        Some(name) => (None, Some(name.to_owned())),
        None => (Some(put(&args.node, &PathBuf::from(&args.file))?), None),
    };
    let limits = PluginLimits {
        deadline_ms: args.deadline.map(|deadline| deadline.as_millis() as u64),
        memory_bytes: args.memory.map(|bytes| bytes as u64),
    };
    let canary = args
        .canary
        .clone()
        .map(|Partitions(partitions)| Rollout::Canary(partitions));
    let body = DeployBody {
        module,
        builtin,
        config: args.config.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        limits: (limits != PluginLimits::default()).then_some(limits),
        rollout: canary.or(args.shadow.then_some(Rollout::Shadow)),
        replace: args.replace,
        by: by(&args.note),
    };
    change(&args.node, &args.name, "deploy", &body, output)
}

/// Makes the generation that is tried the active one.
pub fn promote(args: &Promote, output: Output) -> Done {
    let body = PromoteBody {
        generation: args.generation,
    };
    change(&args.node, &args.plugin, "promote", &body, output)
}

/// Ends a trial, or restores an earlier generation.
pub fn rollback(args: &Rollback, output: Output) -> Done {
    let body = RollbackBody {
        to: args.to,
        by: by(&args.note),
    };
    change(&args.node, &args.plugin, "rollback", &body, output)
}

fn change(node: &Node, plugin: &str, verb: &str, body: &impl serde::Serialize, output: Output) -> Done {
    let changed: ChangedBody = node.post(&format!("/v1/plugins/{}/{verb}", segment(plugin)), body)?;
    output.show(&changed, show);
    Ok(())
}

fn put(node: &Node, file: &std::path::Path) -> Result<corvid_metadata::Digest, Failure> {
    let bytes = read_file(file, MODULE_BYTES_MAX).map_err(|error| {
        Failure::wrong(format!("{}: {error}", file.display())).hint("`corvid plugin build` makes it")
    })?;
    let digest = digest_of(&bytes);
    let path = format!("/v1/modules/{digest}");
    if node.find::<ModuleBody>(&path)?.is_none() {
        node.put::<ModuleBody>(&path, &bytes)?;
    }
    Ok(digest)
}

/// There are no users yet: who somebody is, is what they say.
fn by(note: &str) -> ByBody {
    ByBody {
        by: std::env::var("USER").unwrap_or_default(),
        note: note.to_owned(),
    }
}

fn show(changed: &ChangedBody) -> String {
    let ChangedBody {
        plugin,
        generation,
        active,
        ..
    } = changed;
    let restores = changed
        .restores
        .map_or_else(String::new, |old| format!(", which restores generation {old},"));
    let outcome = match changed.outcome {
        OutcomeKind::Active => format!("{plugin}: generation {generation}{restores} is active"),
        OutcomeKind::Tried => format!(
            "{plugin}: generation {generation} is being tried beside generation {active}; `corvid plugin describe {plugin}` \
             shows how it does, `promote` and `rollback` end it"
        ),
        OutcomeKind::Abandoned => {
            format!("{plugin}: the trial of generation {generation} has ended; {active} stays active")
        }
        OutcomeKind::Unchanged => format!("{plugin}: generation {generation} is active already, and is the same"),
    };
    let mut lines: Vec<String> = changed.prepared.iter().map(prepared).collect();
    lines.push(outcome);
    if !changed.topics.is_empty() {
        let topics = count(changed.topics.len() as u64, "topic");
        lines.push(format!("bound by {topics}: {}", changed.topics.join(", ")));
    }
    lines.extend(changed.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.join("\n")
}

fn prepared(node: &PreparedBody) -> String {
    let hooks = if node.hooks.is_empty() {
        String::new()
    } else {
        format!(" ({})", node.hooks.join(", "))
    };
    format!("node {}: loaded and tested{hooks} in {} ms", node.node, node.took_ms)
}

/// `0`, `0,2`, `4-7`.
fn partitions(text: &str) -> Result<Partitions, String> {
    let wrong = || "expected numbers of partitions, such as 0 or 0,4-7".to_owned();
    let mut partitions = BTreeSet::new();
    for part in text.split(',').map(str::trim) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let first: u16 = first.parse().map_err(|_| wrong())?;
        let last: u16 = last.parse().map_err(|_| wrong())?;
        partitions.extend((first..=last).map(i32::from));
    }
    if partitions.is_empty() {
        return Err(wrong());
    }
    Ok(Partitions(partitions))
}

#[cfg(test)]
mod tests {
    use super::{Partitions, partitions};

    #[test]
    fn partitions_are_numbers_and_ranges() {
        assert_eq!(partitions("0, 4-6"), Ok(Partitions([0, 4, 5, 6].into())));
        for wrong in ["", "a", "3-1", "-1", "1,"] {
            assert!(partitions(wrong).is_err(), "{wrong}");
        }
    }
}
