//! `corvid topic`.

use clap::Subcommand;
use corvid_admin::model::{
    AlterTopicBody, AlteredTopicBody, CreateTopicBody, CreatedTopicBody, PartitionBody, TopicDetail, TopicSummary,
};
use corvid_metadata::config::Configs;
use serde_json::json;

use super::node::{Node, segment};
use super::output::{count, size as size_text, table};
use super::{Done, Failure, Output};

/// `corvid topic …`
#[derive(Subcommand)]
pub enum Command {
    /// Make a topic
    Create {
        /// Its name
        topic: String,
        /// How many partitions; by default the broker's num.partitions
        #[arg(long, short)]
        partitions: Option<i32>,
        /// How many replicas of each; by default the broker's default.replication.factor
        #[arg(long)]
        replication_factor: Option<i16>,
        /// A config that differs from its default, such as retention.ms=60000; may come several times
        #[arg(long, short, value_name = "KEY=VALUE", value_parser = pair)]
        config: Vec<(String, String)>,
        #[command(flatten)]
        node: Node,
    },
    /// Show all topics
    List {
        /// The broker's own, too
        #[arg(long)]
        internal: bool,
        #[command(flatten)]
        node: Node,
    },
    /// Show a topic: partitions, offsets, configs
    Describe {
        /// Its name
        topic: String,
        /// Every config, not only those that somebody has set
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        node: Node,
    },
    /// Change a topic's configs, or give it more partitions
    Alter {
        /// Its name
        topic: String,
        /// How many partitions it is to have
        #[arg(long, short)]
        partitions: Option<i32>,
        /// A config to set; may come several times
        #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
        set: Vec<(String, String)>,
        /// A config that goes back to its default; may come several times
        #[arg(long, value_name = "KEY")]
        unset: Vec<String>,
        #[command(flatten)]
        node: Node,
    },
    /// Delete topics with all their records
    Delete {
        /// Their names
        #[arg(required = true)]
        topics: Vec<String>,
        #[command(flatten)]
        node: Node,
    },
}

impl Command {
    /// Does it.
    pub fn run(self, output: Output) -> Done {
        match self {
            Command::Create {
                topic,
                partitions,
                replication_factor,
                config,
                node,
            } => {
                let body = CreateTopicBody {
                    name: topic,
                    partitions,
                    replication_factor,
                    configs: config.into_iter().collect(),
                };
                let created: CreatedTopicBody = node.post("/v1/topics", &body)?;
                output.show(&created, |created| {
                    format!(
                        "topic {} created, with {}",
                        created.name,
                        count(created.partitions as u32, "partition")
                    )
                });
                Ok(())
            }
            Command::List { internal, node } => list(&node, internal, output),
            Command::Describe { topic, all, node } => describe(&node, &topic, all, output),
            Command::Alter {
                topic,
                partitions,
                set,
                unset,
                node,
            } => {
                if partitions.is_none() && set.is_empty() && unset.is_empty() {
                    return Err(Failure::wrong("nothing to change was named")
                        .hint("name --partitions, --set KEY=VALUE or --unset KEY"));
                }
                let set: Configs = set.into_iter().collect();
                let altered: AlteredTopicBody =
                    node.patch(&path(&topic), &AlterTopicBody { partitions, set, unset })?;
                output.show(&json!({ "topic": topic, "changed": altered.changed }), |_| {
                    if altered.changed {
                        format!("topic {topic} changed")
                    } else {
                        format!("topic {topic}: nothing to change, it is so already")
                    }
                });
                Ok(())
            }
            Command::Delete { topics, node } => node.delete_all(&topics, path, |topic| {
                output.show(&json!({ "topic": topic }), |_| format!("topic {topic} deleted"));
            }),
        }
    }
}

fn path(topic: &str) -> String {
    format!("/v1/topics/{}", segment(topic))
}

fn list(node: &Node, internal: bool, output: Output) -> Done {
    let mut topics: Vec<TopicSummary> = node.get("/v1/topics")?;
    topics.retain(|topic| internal || !topic.internal);
    output.show(&topics, |topics| {
        if topics.is_empty() {
            return "there are no topics yet: `corvid topic create NAME`".to_owned();
        }
        let mut table = table(["TOPIC", "PARTITIONS", "REPLICAS", "OFFSETS", "SIZE", "PLUGINS"]);
        for topic in topics {
            let plugins = topic
                .unavailable
                .as_ref()
                .map_or_else(|| topic.plugins.join(", "), |why| format!("takes no records: {why}"));
            table.add_row([
                topic.name.clone(),
                topic.partitions.to_string(),
                topic.replication_factor.to_string(),
                topic.offsets.to_string(),
                size_text(topic.bytes),
                plugins,
            ]);
        }
        table.trim_fmt()
    });
    Ok(())
}

fn describe(node: &Node, topic: &str, all: bool, output: Output) -> Done {
    let mut detail: TopicDetail = node.get(&path(topic))?;
    detail.configs.retain(|config| all || config.source != "default");
    output.show(&detail, |detail| {
        let summary = &detail.summary;
        let mut parts = vec![format!(
            "{}, id {}, {}",
            summary.name,
            summary.id,
            count(summary.partitions as u64, "partition")
        )];
        parts.extend(
            summary
                .unavailable
                .as_ref()
                .map(|why| format!("takes no records: {why}")),
        );
        parts.push(partitions(&detail.partition_details));
        if !detail.configs.is_empty() {
            let mut table = table(["CONFIG", "VALUE", "SET BY"]);
            for config in &detail.configs {
                table.add_row([
                    config.name.as_str(),
                    config.value.as_deref().unwrap_or("null"),
                    config.source.as_str(),
                ]);
            }
            parts.push(table.trim_fmt());
        }
        parts.join("\n\n")
    });
    Ok(())
}

fn partitions(partitions: &[PartitionBody]) -> String {
    let mut table = table(["PARTITION", "LEADER", "EPOCH", "IN SYNC", "START", "END", "SIZE"]);
    let shown = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    for partition in partitions {
        let size = partition.bytes.map_or_else(
            || partition.offline.clone().unwrap_or_else(|| "-".to_owned()),
            size_text,
        );
        table.add_row([
            partition.partition.to_string(),
            shown(partition.leader.map(i64::from)),
            partition.leader_epoch.to_string(),
            format!("{} of {}", partition.in_sync.len(), partition.replicas.len()),
            shown(partition.start),
            shown(partition.end),
            size,
        ]);
    }
    table.trim_fmt()
}

/// `KEY=VALUE`
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}
