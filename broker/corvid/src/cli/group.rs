//! `corvid group`.

use clap::Subcommand;
use corvid_admin::model::{GroupBody, GroupSummary, ResetBody, ResetOutcome, ResetTo};
use serde_json::json;

use super::node::{Node, segment};
use super::output::table;
use super::{Done, Output};

/// `corvid group …`
#[derive(Subcommand)]
pub enum Command {
    /// Show all groups
    List {
        #[command(flatten)]
        node: Node,
    },
    /// Show a group: members, offsets, lag
    Describe {
        /// Its id
        group: String,
        #[command(flatten)]
        node: Node,
    },
    /// Set where a group begins again; its consumers must be stopped
    Reset {
        /// Its id
        group: String,
        /// A topic; may come several times. By default all that the group has offsets of
        #[arg(long, short)]
        topic: Vec<String>,
        /// Where: earliest, latest, an offset, +N or -N from where it stands, or @MS, a time in ms since the epoch
        #[arg(long, value_parser = target, allow_hyphen_values = true)]
        to: ResetTo,
        /// Only show what would happen
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        node: Node,
    },
    /// Delete groups with their offsets
    Delete {
        /// Their ids
        #[arg(required = true)]
        groups: Vec<String>,
        #[command(flatten)]
        node: Node,
    },
}

impl Command {
    /// Does it.
    pub fn run(self, output: Output) -> Done {
        match self {
            Command::List { node } => list(&node, output),
            Command::Describe { group, node } => describe(&node, &group, output),
            Command::Reset {
                group,
                topic,
                to,
                dry_run,
                node,
            } => {
                let body = ResetBody {
                    topics: topic,
                    to,
                    dry_run,
                };
                let outcomes: Vec<ResetOutcome> = node.post(&format!("{}/reset", path(&group)), &body)?;
                output.show(&outcomes, |outcomes| show_reset(outcomes, dry_run));
                Ok(())
            }
            Command::Delete { groups, node } => node.delete_all(&groups, path, |group| {
                output.show(&json!({ "group": group }), |_| format!("group {group} deleted"));
            }),
        }
    }
}

fn path(group: &str) -> String {
    format!("/v1/groups/{}", segment(group))
}

fn list(node: &Node, output: Output) -> Done {
    let groups: Vec<GroupSummary> = node.get("/v1/groups")?;
    output.show(&groups, |groups| {
        if groups.is_empty() {
            return "there are no groups yet".to_owned();
        }
        let mut table = table(["GROUP", "STATE", "TYPE", "PROTOCOL"]);
        for group in groups {
            table.add_row([&group.group, &group.state, "classic", &group.protocol_type]);
        }
        table.trim_fmt()
    });
    Ok(())
}

fn describe(node: &Node, group: &str, output: Output) -> Done {
    let group: GroupBody = node.get(&path(group))?;
    output.show(&group, |group| {
        let assignor = if group.protocol.is_empty() {
            String::new()
        } else {
            format!(", assignor {}", group.protocol)
        };
        let mut parts = vec![format!("{}, {}{assignor}", group.group, group.state)];
        let mut offsets = table(["TOPIC", "PARTITION", "OFFSET", "END", "LAG", "MEMBER"]);
        let number = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        for offset in &group.offsets {
            let owns = |assigned: &(String, i32)| {
                (assigned.0.as_str(), assigned.1) == (offset.topic.as_str(), offset.partition)
            };
            let member = group.members.iter().find(|member| member.assigned.iter().any(owns));
            offsets.add_row([
                offset.topic.clone(),
                offset.partition.to_string(),
                offset.offset.to_string(),
                number(offset.end),
                number(offset.lag),
                member.map_or_else(|| "-".to_owned(), |member| format!("{} {}", member.client, member.host)),
            ]);
        }
        parts.push(offsets.trim_fmt());
        if !group.members.is_empty() {
            let mut members = table(["MEMBER", "CLIENT", "HOST", "PARTITIONS"]);
            for member in &group.members {
                members.add_row([
                    &member.member,
                    &member.client,
                    &member.host,
                    &member.assigned.len().to_string(),
                ]);
            }
            parts.push(members.trim_fmt());
        }
        parts.join("\n\n")
    });
    Ok(())
}

fn show_reset(outcomes: &[ResetOutcome], dry_run: bool) -> String {
    let mut table = table(["TOPIC", "PARTITION", "FROM", "TO"]);
    for outcome in outcomes {
        let from = outcome.from.map_or_else(|| "-".to_owned(), |from| from.to_string());
        table.add_row([
            outcome.topic.clone(),
            outcome.partition.to_string(),
            from,
            outcome.to.to_string(),
        ]);
    }
    let end = if dry_run { "not done: this is a dry run" } else { "done" };
    format!("{}\n\n{end}", table.trim_fmt())
}

fn target(text: &str) -> Result<ResetTo, String> {
    let wrong = || "expected earliest, latest, an offset, +N, -N or @MS".to_owned();
    let number = |text: &str| text.parse::<i64>().map_err(|_| wrong());
    match text {
        "earliest" => Ok(ResetTo::Earliest),
        "latest" => Ok(ResetTo::Latest),
        _ if text.starts_with(['+', '-']) => number(text).map(ResetTo::Shift),
        _ if text.starts_with('@') => number(&text[1..]).map(ResetTo::Timestamp),
        _ => number(text).map(ResetTo::Offset),
    }
}

#[cfg(test)]
mod tests {
    use super::{ResetTo, target};

    #[test]
    fn where_to_is_read() {
        assert_eq!(target("earliest"), Ok(ResetTo::Earliest));
        assert_eq!(target("17"), Ok(ResetTo::Offset(17)));
        assert_eq!(target("+5"), Ok(ResetTo::Shift(5)));
        assert_eq!(target("-5"), Ok(ResetTo::Shift(-5)));
        assert_eq!(target("@1700000000000"), Ok(ResetTo::Timestamp(1_700_000_000_000)));
        assert!(
            ["", "@", "+", "soon", "1.5"]
                .into_iter()
                .all(|text| target(text).is_err())
        );
    }
}
