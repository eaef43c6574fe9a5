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
        let (letters, total) = block_on(async { read(&args.kafka, &name, args.max).await })?;
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

/// The newest letters, and how many there are.
async fn read(kafka: &Kafka, topic: &str, max: usize) -> Result<(Vec<Letter>, usize), Failure> {
    let mut consumer = Consumer::new(kafka.connect().await?, consume::options(false));
    consumer.assign_topic(topic, Start::Earliest).await?;
    let mut newest = Newest::new(max);
    loop {
        consumer
            .poll()
            .await?
            .iter()
            .for_each(|record| newest.add(Letter::of(record)));
        if consumer.is_at_end() {
            return Ok((newest.sorted(), newest.total));
        }
    }
}

/// The newest of many letters; the others are only counted. Across partitions the time of writing says which they are.
struct Newest {
    max: usize,
    total: usize,
    /// Up to twice as many as are wanted: sorting them pays then.
    letters: Vec<Letter>,
}

impl Newest {
    fn new(max: usize) -> Self {
        Self {
            max,
            total: 0,
            letters: Vec::new(),
        }
    }

    fn add(&mut self, letter: Letter) {
        self.total += 1;
        self.letters.push(letter);
        if self.letters.len() > self.max.saturating_mul(2) {
            self.keep_newest();
        }
    }

    fn keep_newest(&mut self) {
        self.letters.sort_by_key(|letter| letter.at);
        self.letters.drain(..self.letters.len().saturating_sub(self.max));
    }

    fn sorted(&mut self) -> Vec<Letter> {
        self.keep_newest();
        std::mem::take(&mut self.letters)
    }
}

fn show(topic: &str, letters: &[Letter], total: usize) -> String {
    if total == 0 {
        return format!("{topic}: no dead letters");
    }
    if letters.is_empty() {
        return format!("{topic}: {}", count(total as u64, "dead letter"));
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
            letter.code.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            cut(letter.reason.as_deref().unwrap_or("-"), 80),
            cut(&letter.key.to_string(), 32),
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

#[cfg(test)]
mod tests {
    use super::{Letter, Newest};

    /// The bug: all letters of a topic are held to show fifty.
    #[test]
    fn only_the_newest_are_kept() {
        let mut newest = Newest::new(3);
        for at in [5, 1, 9, 2, 8, 3, 7, 4, 6, 0] {
            newest.add(Letter {
                at,
                ..Letter::default()
            });
            assert!(newest.letters.len() <= 6);
        }
        let at: Vec<i64> = newest.sorted().iter().map(|letter| letter.at).collect();
        assert_eq!((at, newest.total), (vec![7, 8, 9], 10));
        let mut none = Newest::new(0);
        none.add(Letter::default());
        assert_eq!((none.sorted().len(), none.total), (0, 1));
    }
}
