//! `corvid dlt list`

use std::collections::BTreeMap;

use corvid_admin::model::{DeadLetterTopicBody, LettersBody};
use serde::Serialize;

use super::super::bytes_text::cut;
use super::super::kafka::{Kafka, block_on};
use super::super::node::{Node, segment};
use super::super::output::table;
use super::super::units::moment;
use super::super::{Done, Output};
use super::{letter, read};

/// `corvid dlt list`
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    kafka: Kafka,
    #[command(flatten)]
    node: Node,
}

/// How many reasons are told apart; what comes then is counted together.
const REASONS_MAX: usize = 1000;
/// How many are shown.
const REASONS_SHOWN: usize = 3;

/// A topic of letters.
#[derive(Debug, Default, Serialize)]
struct Summary {
    topic: String,
    /// The topics whose letters go there.
    sources: Vec<String>,
    letters: u64,
    redriven: u64,
    /// When the newest was written, ms since the epoch.
    newest: Option<i64>,
    /// Of the letters that are not redriven, the most frequent first.
    reasons: Vec<Reason>,
}

#[derive(Debug, Serialize)]
struct Reason {
    reason: String,
    letters: u64,
}

impl List {
    /// Does it.
    pub fn run(&self, output: Output) -> Done {
        let topics: Vec<DeadLetterTopicBody> = self.node.get("/v1/dead-letters")?;
        let mut all = Vec::with_capacity(topics.len());
        for topic in topics {
            let letters: Vec<LettersBody> = self.node.get(&format!("/v1/dead-letters/{}", segment(&topic.name)))?;
            all.push(block_on(self.summary(topic, &letters))?);
        }
        output.show(&all, |all| show(all));
        Ok(())
    }

    async fn summary(&self, topic: DeadLetterTopicBody, letters: &[LettersBody]) -> Result<Summary, super::Failure> {
        let mut summary = Summary {
            topic: topic.name.clone(),
            sources: topic.sources,
            ..Summary::default()
        };
        let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
        read::each(&self.kafka, &topic.name, letters, None, |record, redriven| {
            summary.letters += 1;
            summary.redriven += u64::from(redriven);
            summary.newest = summary.newest.max(Some(record.timestamp));
            if !redriven {
                let reason = letter::story_of(record)
                    .reason
                    .unwrap_or_else(|| "(no reason)".to_owned());
                let known = reasons.len() < REASONS_MAX || reasons.contains_key(&reason);
                let reason = if known { reason } else { "(others)".to_owned() };
                *reasons.entry(reason).or_default() += 1;
            }
        })
        .await?;
        let reasons = reasons.into_iter();
        summary.reasons = reasons.map(|(reason, letters)| Reason { reason, letters }).collect();
        summary.reasons.sort_by_key(|reason| std::cmp::Reverse(reason.letters));
        summary.reasons.truncate(REASONS_SHOWN);
        Ok(summary)
    }
}

fn show(all: &[Summary]) -> String {
    if all.is_empty() {
        return "there are no dead-letter topics".to_owned();
    }
    let mut table = table(["TOPIC", "SOURCES", "LETTERS", "REDRIVEN", "NEWEST", "REASONS"]);
    for summary in all {
        let reasons = summary.reasons.iter();
        let reasons = reasons.map(|reason| format!("{}× {}", reason.letters, cut(&reason.reason, 60)));
        table.add_row([
            summary.topic.clone(),
            if summary.sources.is_empty() {
                "-".to_owned()
            } else {
                summary.sources.join(", ")
            },
            summary.letters.to_string(),
            summary.redriven.to_string(),
            summary.newest.map_or_else(|| "-".to_owned(), moment),
            reasons.collect::<Vec<_>>().join("\n"),
        ]);
    }
    table.trim_fmt()
}
