//! `corvid dlt`: dead letters, and why they are dead.

mod letter;

use clap::Subcommand;
use corvid_admin::model::TopicDetail;
use corvid_wire::client::{Consumer, Start};

use super::bytes_text::cut;
use super::kafka::{Kafka, block_on};
use super::node::{Node, segment};
use super::output::{count, table};
use super::{Done, Failure, Output, consume};

pub use letter::Letter;

/// `corvid dlt …`
#[derive(Subcommand)]
pub enum Command {
    /// Show a topic's dead letters, and why they are dead
    Show(Show),
}

/// `corvid dlt show TOPIC`
#[derive(clap::Args)]
pub struct Show {
    /// The topic whose records were refused, or the dead-letter topic itself
    topic: String,
    /// How many, the newest
    #[arg(long, short = 'n', default_value_t = 50, value_name = "COUNT")]
    max: usize,
    #[command(flatten)]
    kafka: Kafka,
    #[command(flatten)]
    node: Node,
}

impl Command {
    /// Does it.
    pub fn run(self, output: Output) -> Done {
        let Command::Show(args) = self;
        let name = dead_letter_topic(&args)?;
        let mut letters = block_on(async { read(&args.kafka, &name).await })?;
        let total = letters.len();
        // Across partitions the time of writing says which are the newest.
        letters.sort_by_key(|letter| letter.at);
        letters.drain(..total.saturating_sub(args.max));
        output.show(&letters, |letters| show(&name, letters, total));
        Ok(())
    }
}

/// Where a topic's letters go is one of its configs; the name of a topic of letters stands for itself.
fn dead_letter_topic(args: &Show) -> Result<String, Failure> {
    let detail: TopicDetail = args.node.get(&format!("/v1/topics/{}", segment(&args.topic)))?;
    let set = |key: &str| {
        detail
            .configs
            .iter()
            .find(|config| config.name == key)
            .and_then(|config| config.value.clone())
    };
    let bound = !detail.summary.plugins.is_empty();
    Ok(
        match set("corvid.dead.letter.topic").filter(|topic| !topic.is_empty()) {
            Some(topic) => topic,
            None if bound => format!("{}.DLT", args.topic),
            None => {
                let letters = format!("{}.DLT", args.topic);
                let there = args
                    .node
                    .find::<TopicDetail>(&format!("/v1/topics/{}", segment(&letters)))?
                    .is_some();
                if there { letters } else { args.topic.clone() }
            }
        },
    )
}

async fn read(kafka: &Kafka, topic: &str) -> Result<Vec<Letter>, Failure> {
    let mut consumer = Consumer::new(kafka.connect().await?, consume::options(false));
    consumer.assign_topic(topic, Start::Earliest).await?;
    let mut letters = Vec::new();
    loop {
        letters.extend(consumer.poll().await?.iter().map(Letter::of));
        if consumer.is_at_end() {
            return Ok(letters);
        }
    }
}

fn show(topic: &str, letters: &[Letter], total: usize) -> String {
    if letters.is_empty() {
        return format!("{topic}: no dead letters");
    }
    let mut table = table([
        "SOURCE",
        "PARTITION",
        "OFFSET",
        "STAGE",
        "PLUGIN",
        "CODE",
        "REASON",
        "KEY",
    ]);
    for letter in letters {
        table.add_row([
            letter.topic.clone().unwrap_or_else(|| "-".to_owned()),
            letter
                .partition
                .map_or_else(|| "-".to_owned(), |partition| partition.to_string()),
            letter
                .offset
                .map_or_else(|| "-".to_owned(), |offset| offset.to_string()),
            letter.stage.clone().unwrap_or_else(|| "-".to_owned()),
            letter.plugin.clone().unwrap_or_else(|| "-".to_owned()),
            letter.code.clone().unwrap_or_else(|| "-".to_owned()),
            cut(letter.reason.as_deref().unwrap_or("-"), 80),
            cut(&letter.key, 32),
        ]);
    }
    let shown = if total > letters.len() {
        format!("the newest {} of ", letters.len())
    } else {
        String::new()
    };
    format!(
        "{}\n\n{topic}: {shown}{}",
        table.trim_fmt(),
        count(total as u64, "dead letter")
    )
}
