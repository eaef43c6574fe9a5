//! `corvid dlt show TOPIC`

use corvid_pipeline::Filter;
use corvid_wire::client::ConsumedRecord;

use super::super::bytes_text::cut;
use super::super::kafka::{Kafka, block_on};
use super::super::node::Node;
use super::super::output::{count, table};
use super::super::{Done, Output};
use super::letter::{self, Letter};
use super::which::Which;
use super::{letters_of, read, there};

/// `corvid dlt show TOPIC`
#[derive(clap::Args)]
pub struct Show {
    /// The topic whose records were refused, or the dead-letter topic itself
    topic: String,
    /// How many, the newest
    #[arg(long, short = 'n', alias = "limit", default_value_t = 50, value_name = "COUNT")]
    max: usize,
    /// The whole story of each, not a line
    #[arg(long, short)]
    long: bool,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    kafka: Kafka,
    #[command(flatten)]
    node: Node,
}

impl Show {
    /// Does it.
    pub fn run(&self, output: Output) -> Done {
        let name = letters_of(&self.node, &self.topic)?;
        let there = there(&self.node, &self.topic, &name)?;
        let filter = Filter::from(self.which.filter());
        let mut newest = Newest::new(self.max);
        let mut others = 0;
        let look = |record: &ConsumedRecord, redriven| {
            if !filter.fits(record.offset, record.key.as_deref(), &letter::story_of(record)) {
                return;
            }
            let letter = Letter::of(record);
            if letter.tells_of_a_failure() || self.which.is_one() {
                newest.add(Letter { redriven, ..letter });
            } else {
                others += 1;
            }
        };
        if !there.is_empty() {
            block_on(read::each(&self.kafka, &name, &there, self.which.partition, look))?;
        }
        let (letters, total) = (newest.sorted(), newest.total);
        let long = self.long || self.which.is_one();
        output.show(&letters, |letters| show(&name, letters, total, others, long));
        Ok(())
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

fn show(topic: &str, letters: &[Letter], total: usize, others: u64, long: bool) -> String {
    let others = match others {
        0 => String::new(),
        others => format!(", and {} without a word of a failure", count(others, "record")),
    };
    if total == 0 {
        return format!("{topic}: no dead letters{others}");
    }
    let shown = if letters.is_empty() || total == letters.len() {
        String::new()
    } else {
        format!("the newest {} of ", letters.len())
    };
    let end = format!("{topic}: {shown}{}{others}", count(total as u64, "dead letter"));
    if letters.is_empty() {
        return end;
    }
    let letters = if long {
        let stories: Vec<String> = letters.iter().map(|letter| letter.story(topic)).collect();
        stories.join("\n\n")
    } else {
        lines(letters)
    };
    format!("{letters}\n\n{end}")
}

fn lines(letters: &[Letter]) -> String {
    let mut table = table([
        "LETTER", "SOURCE", "STAGE", "PLUGIN", "CODE", "ATTEMPTS", "REASON", "KEY", "REDRIVEN",
    ]);
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    for letter in letters {
        let number = |number: Option<i64>| or_dash(number.map(|number| number.to_string()));
        let source = letter.topic.as_ref().map(|topic| {
            let partition = letter.partition.map(i64::from);
            format!("{topic}/{}/{}", number(partition), number(letter.offset))
        });
        table.add_row([
            format!("{}/{}", letter.letter_partition, letter.letter_offset),
            or_dash(source),
            or_dash(letter.stage.clone()),
            or_dash(letter.plugin.clone().or_else(|| letter.group.clone())),
            or_dash(letter.code.as_ref().map(ToString::to_string)),
            number(letter.attempts),
            cut(letter.reason.as_deref().unwrap_or("-"), 80),
            cut(&letter.key.to_string(), 32),
            if letter.redriven { "yes" } else { "" }.to_owned(),
        ]);
    }
    table.trim_fmt()
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
