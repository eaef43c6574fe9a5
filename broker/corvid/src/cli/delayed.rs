//! `corvid delayed`: records that are held until later.

use clap::Subcommand;
use corvid_admin::model::{CancelBody, CancelledBody, DelayedTopicBody, HeldBody};

use corvid_metadata::units::duration_text;

use super::node::{Node, segment};
use super::output::{count, size, table};
use super::units::moment;
use super::{Done, Failure, Output};

/// How many holds are asked for at once.
const PAGE: usize = 1000;

/// `corvid delayed …`
#[derive(Subcommand)]
pub enum Command {
    /// Show the topics that hold records until later, or what one of them holds
    List {
        /// The topic; without one, all of them are counted
        topic: Option<String>,
        /// Of this partition only
        #[arg(long, short, requires = "topic")]
        partition: Option<i32>,
        /// So many at most, of each partition
        #[arg(long, short = 'n', visible_alias = "max", value_name = "COUNT", default_value_t = 20)]
        limit: usize,
        #[command(flatten)]
        node: Node,
    },
    /// End holds: their records never come
    Cancel {
        /// The topic
        topic: String,
        /// The partition
        #[arg(long, short)]
        partition: i32,
        /// The offsets that name them, as `corvid delayed list` shows them
        #[arg(required_unless_present = "all")]
        offsets: Vec<i64>,
        /// All that the partition holds now
        #[arg(long, conflicts_with = "offsets")]
        all: bool,
        #[command(flatten)]
        node: Node,
    },
}

impl Command {
    /// Does it.
    pub fn run(self, output: Output) -> Done {
        match self {
            Command::List { topic: None, node, .. } => {
                let topics: Vec<DelayedTopicBody> = node.get("/v1/delayed")?;
                output.show(&topics, |topics| topics_table(topics));
            }
            Command::List {
                topic: Some(topic),
                partition,
                limit,
                node,
            } => {
                let held = held(&node, &topic, partition, limit)?;
                output.show(&held, |held| held_table(&topic, held));
            }
            Command::Cancel {
                topic,
                partition,
                offsets,
                all,
                node,
            } => {
                let offsets = if all {
                    let held = held(&node, &topic, Some(partition), usize::MAX)?;
                    held.iter().map(|held| held.offset).collect()
                } else {
                    offsets
                };
                let cancelled = cancel(&node, &topic, partition, &offsets)?;
                output.show(&cancelled, |done| said(done, offsets.len()));
            }
        }
        Ok(())
    }
}

/// What the partitions hold, so many at most of each.
fn held(node: &Node, topic: &str, partition: Option<i32>, limit: usize) -> Result<Vec<HeldBody>, Failure> {
    let topics: Vec<DelayedTopicBody> = node.get("/v1/delayed")?;
    let partitions = topics
        .iter()
        .find(|known| known.topic == topic)
        .map_or(0, |known| known.pending.len());
    let wanted: Vec<i32> = match partition {
        Some(partition) => vec![partition],
        // Of a topic that holds nothing, the node says why.
        None => (0..partitions.max(1) as i32).collect(),
    };
    let mut all = Vec::new();
    for partition in wanted {
        let (mut from, mut left) = (0, limit);
        while left > 0 {
            let page = left.min(PAGE);
            let path = format!(
                "/v1/delayed/{}?partition={partition}&from={from}&limit={page}",
                segment(topic)
            );
            let some: Vec<HeldBody> = node.get(&path)?;
            let full = some.len() == page;
            from = some.last().map_or(from, |last| last.offset + 1);
            left -= some.len().min(left);
            all.extend(some);
            if !full {
                break;
            }
        }
    }
    Ok(all)
}

fn cancel(node: &Node, topic: &str, partition: i32, offsets: &[i64]) -> Result<CancelledBody, Failure> {
    let mut cancelled = 0;
    for some in offsets.chunks(PAGE) {
        let body = CancelBody {
            partition,
            offsets: some.to_vec(),
        };
        let done: CancelledBody = node.post(&format!("/v1/delayed/{}/cancel", segment(topic)), &body)?;
        cancelled += done.cancelled;
    }
    Ok(CancelledBody { cancelled })
}

fn said(done: &CancelledBody, asked: usize) -> String {
    let others = asked.saturating_sub(done.cancelled);
    let cancelled = format!("{} cancelled", count(done.cancelled as u64, "hold"));
    match others {
        0 => cancelled,
        others => format!("{cancelled}; {others} were not held (any more)"),
    }
}

fn topics_table(topics: &[DelayedTopicBody]) -> String {
    if topics.is_empty() {
        return "no topic holds records; `max` of [topics.NAME.delay] allows it".to_owned();
    }
    let mut table = table(["TOPIC", "ALLOWED", "HELD", "BY PARTITION"]);
    for topic in topics {
        let by_partition: Vec<String> = topic.pending.iter().map(u64::to_string).collect();
        table.add_row([
            topic.topic.clone(),
            allowed(topic.max_ms),
            topic.pending.iter().sum::<u64>().to_string(),
            by_partition.join(" "),
        ]);
    }
    table.trim_fmt()
}

/// How long clients may ask for. In a retry topic they ask for nothing: the table of its source says.
fn allowed(max_ms: u64) -> String {
    match max_ms {
        0 => "-".to_owned(),
        max_ms => duration_text(max_ms),
    }
}

fn held_table(topic: &str, held: &[HeldBody]) -> String {
    if held.is_empty() {
        return format!("topic {topic} holds nothing");
    }
    let mut table = table(["PARTITION", "OFFSET", "DUE", "ATTEMPTS", "RECORDS", "SIZE", "KEY"]);
    for held in held {
        table.add_row([
            held.partition.to_string(),
            held.offset.to_string(),
            moment(held.due),
            held.attempts.to_string(),
            held.records.to_string(),
            size(held.bytes as u64),
            held.key.clone().unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    table.trim_fmt()
}
