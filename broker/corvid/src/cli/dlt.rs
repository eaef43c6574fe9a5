//! `corvid dlt`: dead letters: where there are some, why they are dead, and out again.

mod letter;
mod list;
mod read;
mod redrive;
mod show;
mod which;

use clap::Subcommand;
use corvid_admin::model::{LettersBody, TopicDetail};

use super::node::{Node, segment};
use super::{Done, Failure, Output};

pub use letter::Letter;

/// `corvid dlt …`
#[derive(Subcommand)]
pub enum Command {
    /// Show the dead-letter topics: how many letters, the newest, the most frequent reasons
    List(list::List),
    /// Show a topic's dead letters, and why they are dead
    Show(show::Show),
    /// Send dead letters to where they were sent, or to another topic; each once, even if it is interrupted
    Redrive(redrive::Redrive),
}

impl Command {
    /// Does it.
    pub fn run(self, output: Output) -> Done {
        match self {
            Command::List(list) => list.run(output),
            Command::Show(show) => show.run(output),
            Command::Redrive(redrive) => redrive.run(output),
        }
    }
}

/// The letters' topic, by partition. It is made with the first letter: a topic that has none yet has no letters.
fn there(node: &Node, asked: &str, letters: &str) -> Result<Vec<LettersBody>, Failure> {
    let path = format!("/v1/dead-letters/{}", segment(letters));
    if asked == letters {
        return node.get(&path);
    }
    Ok(node.find(&path)?.unwrap_or_default())
}

/// Where a topic's letters go is one of its configs; the name of a topic of letters stands for itself.
fn letters_of(node: &Node, name: &str) -> Result<String, Failure> {
    let detail: TopicDetail = node.get(&format!("/v1/topics/{}", segment(name)))?;
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
            None if bound => format!("{name}.DLT"),
            None => {
                let letters = format!("{name}.DLT");
                let there = node
                    .find::<TopicDetail>(&format!("/v1/topics/{}", segment(&letters)))?
                    .is_some();
                if there { letters } else { name.to_owned() }
            }
        },
    )
}
