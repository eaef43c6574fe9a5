//! `corvid dlt redrive TOPIC`
//!
//! The node redrives some letters for each request, and knows which have left: whatever is interrupted here, or there, a letter
//! goes out once. Here is only which letters are next, and how fast.

use std::collections::BTreeMap;
use std::time::Duration;

use corvid_admin::model::{LettersBody, RedriveBody, RedrivenBody};
use corvid_env::clock::{self, Instant};
use serde::Serialize;

use super::super::kafka::block_on;
use super::super::node::{Node, segment};
use super::super::output::count;
use super::super::{Done, Exit, Failure, Output};
use super::which::Which;
use super::{letters_of, there};

/// `corvid dlt redrive TOPIC`
#[derive(clap::Args)]
pub struct Redrive {
    /// The topic whose records were refused, or the dead-letter topic itself
    topic: String,
    /// Where to: `original` is where each was sent to, anything else is a topic's name; a group's retry topic gives them to that group alone
    #[arg(long, default_value = "original", value_name = "TOPIC")]
    to: String,
    #[command(flatten)]
    which: Which,
    /// The most letters a second, such as 100 or 100/s
    #[arg(long, value_parser = rate, value_name = "N/s")]
    rate: Option<u32>,
    /// Only show what would happen
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    node: Node,
}

/// With a rate, so often a second some letters go out.
const STEPS_A_SECOND: u32 = 10;
/// How many reasons for staying are told apart; what comes then is counted together.
const REASONS_MAX: usize = 100;

/// What was done.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Where the letters are.
    letters: String,
    dry_run: bool,
    /// How many have left, or would, by topic.
    redriven: BTreeMap<String, u64>,
    /// How many had left before.
    already: u64,
    /// How many are not meant.
    others: u64,
    /// Those that stay.
    stay: Vec<Stay>,
    /// Whether some of what has left is still on its way.
    on_the_way: bool,
}

#[derive(Debug, Serialize)]
struct Stay {
    reason: String,
    letters: u64,
    /// One of them, as `TOPIC/PARTITION/OFFSET`.
    such_as: String,
}

/// How fast letters may go.
struct Pace {
    rate: Option<u32>,
    began: Instant,
}

impl Redrive {
    /// Does it.
    pub fn run(&self, output: Output) -> Done {
        let name = letters_of(&self.node, &self.topic)?;
        let path = format!("/v1/dead-letters/{}", segment(&name));
        let there = there(&self.node, &self.topic, &name)?;
        let mut report = Report {
            letters: name.clone(),
            dry_run: self.dry_run,
            ..Report::default()
        };
        let mut pace = Pace {
            rate: self.rate.filter(|_| !self.dry_run),
            began: clock::now(),
        };
        for letters in self.meant(&name, &there)? {
            self.redrive(&path, letters, &mut report, &mut pace)?;
        }
        output.show(&report, show);
        Ok(())
    }

    fn meant<'a>(&self, name: &str, there: &'a [LettersBody]) -> Result<Vec<&'a LettersBody>, Failure> {
        let meant: Vec<_> = there
            .iter()
            .filter(|letters| self.which.partition.is_none_or(|wanted| wanted == letters.partition))
            .collect();
        match self.which.partition {
            Some(partition) if meant.is_empty() => Err(Failure::new(
                Exit::Missing,
                format!("topic {name} has no partition {partition}"),
            )),
            _ => Ok(meant),
        }
    }

    /// A partition's letters, those that are there now.
    fn redrive(&self, path: &str, letters: &LettersBody, report: &mut Report, pace: &mut Pace) -> Done {
        let mut body = RedriveBody {
            partition: letters.partition,
            from: letters.start,
            until: Some(letters.end),
            to: Some(self.to.clone()).filter(|to| to != "original"),
            filter: self.which.filter(),
            dry_run: self.dry_run,
            letters_max: self.rate.map(|rate| (rate / STEPS_A_SECOND).max(1) as usize),
        };
        loop {
            let done: RedrivenBody = self.node.post(&format!("{path}/redrive"), &body)?;
            let (at_end, next) = (done.at_end, done.next);
            report.add(letters.partition, done);
            if at_end {
                return Ok(());
            }
            if next <= body.from {
                return Err(Failure::failed(format!(
                    "the node does not get past offset {next} of partition {}",
                    letters.partition
                )));
            }
            body.from = next;
            pace.keep(report.redriven.values().sum())?;
        }
    }
}

impl Pace {
    /// Waits until so many may have gone.
    fn keep(&mut self, gone: u64) -> Done {
        let Some(rate) = self.rate else { return Ok(()) };
        let due = self.began + Duration::from_secs_f64(gone as f64 / f64::from(rate));
        block_on(async {
            clock::sleep_until(due).await;
            Ok(())
        })
    }
}

impl Report {
    fn add(&mut self, partition: i32, done: RedrivenBody) {
        for (topic, letters) in done.redriven {
            *self.redriven.entry(topic).or_default() += letters;
        }
        self.already += done.already;
        self.others += done.others;
        self.on_the_way |= !done.delivered;
        for letter in done.stay {
            let known = self.stay.iter().position(|stay| stay.reason == letter.reason);
            let full = self.stay.len() >= REASONS_MAX;
            match known.or(full.then_some(REASONS_MAX - 1)) {
                Some(place) => self.stay[place].letters += 1,
                None => self.stay.push(Stay {
                    reason: letter.reason,
                    letters: 1,
                    such_as: format!("{}/{partition}/{}", self.letters, letter.offset),
                }),
            }
        }
    }
}

fn show(report: &Report) -> String {
    let gone: u64 = report.redriven.values().sum();
    let would = if report.dry_run {
        "would be redriven"
    } else {
        "redriven"
    };
    let mut lines = vec![format!("{}: {} {would}", report.letters, count(gone, "letter"))];
    for (topic, letters) in &report.redriven {
        lines.push(format!("  {letters} to {topic}"));
    }
    if report.already > 0 {
        lines.push(format!("{} had left before", count(report.already, "letter")));
    }
    for stay in &report.stay {
        lines.push(format!(
            "{} stay{}, such as {}: {}",
            count(stay.letters, "letter"),
            if stay.letters == 1 { "s" } else { "" },
            stay.such_as,
            stay.reason
        ));
    }
    if report.on_the_way {
        lines.push("a target takes nothing for now: what has left arrives when it does".to_owned());
    }
    if report.dry_run {
        lines.push("not done: this is a dry run".to_owned());
    }
    lines.join("\n")
}

/// Letters a second.
fn rate(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix("/s").unwrap_or(text);
    match number.parse() {
        Ok(rate) if rate > 0 => Ok(rate),
        _ => Err("expected a number of letters a second, such as 100/s".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use corvid_admin::model::StaysBody;

    #[test]
    fn a_rate_is_a_positive_number() {
        assert_eq!((rate("100"), rate("7/s")), (Ok(100), Ok(7)));
        assert!(["", "0", "-1", "1/m", "fast"].iter().all(|text| rate(text).is_err()));
    }

    /// The bug: every letter that stays has a reason of its own, and all of them are held.
    #[test]
    fn reasons_are_bounded() {
        let mut report = Report::default();
        let stay = |offset| StaysBody {
            offset,
            reason: format!("no {offset}"),
        };
        report.add(
            0,
            RedrivenBody {
                stay: (0..500).map(stay).collect(),
                ..RedrivenBody::default()
            },
        );
        assert_eq!(report.stay.len(), REASONS_MAX);
        assert_eq!(report.stay.iter().map(|stay| stay.letters).sum::<u64>(), 500);
    }
}
