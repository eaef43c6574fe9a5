//! `corvid plugin replay`: what a new version would say of records that are in a topic, against what happened to them.
//!
//! It reads, and changes nothing: the module runs in a sandbox of the command line's own. A record that is in the topic was accepted
//! and lies in its partition as the transforms left it; a dead letter was refused. So a record differs that would be refused,
//! left out, moved or changed now, or that a view would not show as it is; and a letter that would pass, or come back to the
//! consumer that gave up on it.

use std::collections::BTreeMap;

use bytes::Bytes;
use corvid_env::clock;
use corvid_pipeline::{Said, Story};
use corvid_plugin_host::{Edit, FailedStage, HeaderOp, Hook, Plugin};
use corvid_wire::client::{ConsumedRecord, Consumer, Start};
use serde::Serialize;

use super::super::bytes_text::{cut, text};
use super::super::kafka::{Kafka, block_on};
use super::super::output::{count, counts, table};
use super::super::units::before_now;
use super::super::{Done, Failure, Output, consume};
use super::asking::{Asked, Place, Reader, hooks_of};
use super::samples::{Failed, Sample};
use super::sandbox::Sandbox;

/// `corvid plugin replay [FILE] --topic TOPIC`
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    sandbox: Sandbox,
    /// The topic whose records are judged again
    #[arg(long)]
    topic: String,
    /// From when on, such as -1h; by default from the beginning
    #[arg(long, value_name = "-TIME", value_parser = before_now, allow_hyphen_values = true)]
    from: Option<std::time::Duration>,
    /// The plugin's name: what it refused and what is a dead letter now is judged again, too. (A policy always judges what consumers gave up on)
    #[arg(long)]
    name: Option<String>,
    /// Where its dead letters are; by default in <topic>.DLT
    #[arg(long, value_name = "TOPIC")]
    letters: Option<String>,
    /// For a policy: how many attempts a record has at most
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    attempts: u32,
    #[command(flatten)]
    reader: Reader,
    /// Stop after so many records
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 100_000)]
    max: usize,
    /// Show so many that differ
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    show: usize,
    #[command(flatten)]
    kafka: Kafka,
}

/// A record of which the module says something else than happened.
#[derive(Debug, Serialize)]
struct Difference {
    topic: String,
    partition: i32,
    offset: i64,
    key: String,
    hook: &'static str,
    happened: String,
    now: String,
}

/// What came of it.
#[derive(Debug, Default, Serialize)]
struct Report {
    topic: String,
    records: u64,
    /// How many dead letters, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    letters: Option<u64>,
    differ: BTreeMap<String, u64>,
    differences: Vec<Difference>,
}

/// One replay: what is asked, and what was found so far.
struct Replay<'a> {
    args: &'a Args,
    plugin: &'a Plugin,
    partitions: i32,
    report: Report,
}

/// How many records are judged at once.
const CHUNK: usize = 1000;

/// Reads, judges, compares.
pub fn run(args: &Args, output: Output) -> Done {
    let report = block_on(replay(args))?;
    output.show(&report, show);
    Ok(())
}

async fn replay(args: &Args) -> Result<Report, Failure> {
    let plugin = args.sandbox.load().await?;
    let mut client = args.kafka.connect().await?;
    let mut replay = Replay {
        args,
        plugin: &plugin,
        partitions: client.partition_count(&args.topic, false).await?,
        report: Report {
            topic: args.topic.clone(),
            ..Report::default()
        },
    };
    replay.read(&args.topic, false).await?;
    if args.name.is_some() || plugin.hooks().policy {
        replay.report.letters = Some(0);
        let letters = args.letters.clone().unwrap_or_else(|| format!("{}.DLT", args.topic));
        replay.read(&letters, true).await?;
    }
    Ok(replay.report)
}

impl Replay<'_> {
    /// Reads a topic, or one of letters, to its end.
    async fn read(&mut self, topic: &str, letters: bool) -> Done {
        let start = self.args.from.map_or(Start::Earliest, |ago| {
            Start::Timestamp(clock::wall_clock().0 - ago.as_millis() as i64)
        });
        let mut consumer = Consumer::new(self.args.kafka.connect().await?, consume::options(false));
        consumer.assign_topic(topic, start).await?;
        let mut left = self.args.max;
        while left > 0 {
            let mut records = consumer.poll().await?;
            records.truncate(left);
            left -= records.len();
            for chunk in by_partition(&records) {
                self.judge(topic, letters, &chunk).await?;
            }
            if consumer.is_at_end() {
                break;
            }
        }
        Ok(())
    }
}

/// The records of one partition after the other, in pieces.
fn by_partition(records: &[ConsumedRecord]) -> Vec<Vec<ConsumedRecord>> {
    let mut partitions: BTreeMap<i32, Vec<ConsumedRecord>> = BTreeMap::new();
    for record in records {
        partitions.entry(record.partition).or_default().push(record.clone());
    }
    let pieces = partitions.into_values().flat_map(|records| {
        let pieces: Vec<_> = records.chunks(CHUNK).map(<[ConsumedRecord]>::to_vec).collect();
        pieces
    });
    pieces.collect()
}

impl Replay<'_> {
    /// Judges records of one partition, each by the hooks that it concerns.
    async fn judge(&mut self, topic: &str, letters: bool, records: &[ConsumedRecord]) -> Done {
        let place = Place {
            topic: &self.args.topic,
            partition: records.first().map_or(0, |record| record.partition),
            partitions: self.partitions,
            viewer: self.args.reader.viewer(),
        };
        let mut concerned = vec![false; records.len()];
        for hook in hooks_of(self.plugin) {
            let (mut asked, mut samples) = (Vec::new(), Vec::new());
            for (index, record) in records.iter().enumerate() {
                if self.concerns(hook, letters, record) {
                    concerned[index] = true;
                    asked.push(record);
                    samples.push(self.sample(record, letters));
                }
            }
            if samples.is_empty() {
                continue;
            }
            let judged = Asked::new(place, &samples)?.judged(self.plugin, hook).await;
            for ((record, sample), said) in asked.into_iter().zip(&samples).zip(judged.said) {
                if let Some((sort, happened)) = differs(hook, record, sample, &said, letters) {
                    self.note(topic, hook, record, sort, happened, &said);
                }
            }
        }
        let count = concerned.into_iter().filter(|concerned| *concerned).count() as u64;
        *(match (letters, &mut self.report.letters) {
            (true, Some(letters)) => letters,
            (true, None) | (false, _) => &mut self.report.records,
        }) += count;
        Ok(())
    }

    /// Whether a node would have asked the hook about this record.
    fn concerns(&self, hook: Hook, letter: bool, record: &ConsumedRecord) -> bool {
        let told = |name: &[u8]| header(record, name);
        if letter && told(b"corvid-dlt-topic").as_ref() != Some(&self.args.topic) {
            return false;
        }
        match hook {
            // It decides on what a consumer has failed on.
            Hook::Policy => letter && told(b"corvid-dlt-stage").as_deref() == Some("consumer"),
            Hook::View => !letter,
            Hook::Partition | Hook::Validate | Hook::Transform => {
                !letter || self.args.name.is_some() && told(b"corvid-dlt-plugin") == self.args.name
            }
        }
    }

    fn note(&mut self, topic: &str, hook: Hook, record: &ConsumedRecord, sort: String, happened: String, said: &Said) {
        *self.report.differ.entry(sort).or_default() += 1;
        if self.report.differences.len() < self.args.show {
            self.report.differences.push(Difference {
                topic: topic.to_owned(),
                partition: record.partition,
                offset: record.offset,
                key: text(record.key.as_deref()),
                hook: hook.name(),
                happened,
                now: said.text(),
            });
        }
    }

    /// A record as it was: a letter without what tells its story, which a policy is told.
    fn sample(&self, record: &ConsumedRecord, letter: bool) -> Sample {
        let own = |(key, _): &&(Bytes, Option<Bytes>)| !letter || !key.starts_with(b"corvid-dlt-");
        let headers = record.headers.iter();
        let story = Story::of(headers.clone().map(|(key, value)| (&key[..], value.as_deref())));
        let attempt = story.attempts.and_then(|attempts| u32::try_from(attempts).ok());
        let attempt = attempt.unwrap_or(1);
        Sample {
            key: record.key.clone(),
            value: record.value.clone(),
            headers: headers.filter(own).cloned().collect(),
            timestamp: record.timestamp,
            failed: Failed {
                stage: FailedStage::Consumer,
                attempt,
                attempts: self.args.attempts.max(attempt),
                first_at: story.first_at.unwrap_or(record.timestamp),
                last_at: story.last_at.unwrap_or(record.timestamp),
                code: story.code.unwrap_or_default(),
                reason: story.reason.unwrap_or_default(),
            },
        }
    }
}

/// The sort of difference, and what happened to the record; none, if the same would happen now.
fn differs(
    hook: Hook,
    record: &ConsumedRecord,
    sample: &Sample,
    said: &Said,
    letter: bool,
) -> Option<(String, String)> {
    let (same, sort, why) = match (hook, letter) {
        // What it leaves to the topic's retry table has had its last attempt.
        (Hook::Policy, _) => (
            matches!(said, Said::Leave | Said::DeadLetter(None)),
            "dead-letter",
            header(record, b"corvid-dlt-reason"),
        ),
        (Hook::Partition | Hook::Validate | Hook::Transform | Hook::View, true) => (
            matches!(said, Said::Refuse(..) | Said::Drop | Said::Fault(..)),
            "refused",
            header(record, b"corvid-dlt-reason"),
        ),
        (Hook::View, false) => (unchanged(sample, said), "stored", None),
        (Hook::Partition | Hook::Validate | Hook::Transform, false) => (unchanged(sample, said), "accepted", None),
    };
    let happened = why.map_or_else(|| sort.to_owned(), |why| format!("{sort}: {why}"));
    (!same).then(|| (format!("{sort} -> {}", said.kind()), happened))
}

/// Whether it stays what and where it is.
fn unchanged(sample: &Sample, said: &Said) -> bool {
    match said {
        Said::Accept => true,
        Said::Edit(edit) => edited(sample, edit) == *sample,
        Said::Leave
        | Said::Move(_)
        | Said::Refuse(..)
        | Said::Drop
        | Said::Hide
        | Said::Retry(_)
        | Said::DeadLetter(_)
        | Said::Fault(..) => false,
    }
}

/// The record with the edit.
fn edited(sample: &Sample, edit: &Edit) -> Sample {
    let mut after = sample.clone();
    if let Some(key) = &edit.key {
        after.key.clone_from(key);
    }
    if let Some(value) = &edit.value {
        after.value.clone_from(value);
    }
    let owned = |value: Option<&[u8]>| value.map(Bytes::copy_from_slice);
    for op in edit.headers.iter() {
        match op {
            HeaderOp::Append { key, value } => after.headers.push((Bytes::copy_from_slice(key), owned(value))),
            HeaderOp::Remove { key } => after.headers.retain(|(other, _)| &other[..] != key),
            HeaderOp::Set { key, value } => {
                after.headers.retain(|(other, _)| &other[..] != key);
                after.headers.push((Bytes::copy_from_slice(key), owned(value)));
            }
        }
    }
    after
}

fn header(record: &ConsumedRecord, name: &[u8]) -> Option<String> {
    let found = record.headers.iter().find(|(key, _)| &key[..] == name)?;
    Some(text(found.1.as_deref()))
}

fn show(report: &Report) -> String {
    let mut parts = Vec::new();
    if !report.differences.is_empty() {
        let mut table = table(["TOPIC", "PARTITION", "OFFSET", "KEY", "HOOK", "HAPPENED", "NOW"]);
        for difference in &report.differences {
            table.add_row([
                difference.topic.clone(),
                difference.partition.to_string(),
                difference.offset.to_string(),
                cut(&difference.key, 32),
                difference.hook.to_owned(),
                cut(&difference.happened, 60),
                cut(&difference.now, 60),
            ]);
        }
        parts.push(table.trim_fmt());
    }
    let differ: u64 = report.differ.values().sum();
    let sorts = counts(&report.differ).map_or_else(String::new, |sorts| format!(": {sorts}"));
    let letters = report
        .letters
        .map_or_else(String::new, |letters| format!(" and {}", count(letters, "dead letter")));
    parts.push(format!(
        "{}: {}{letters} judged again, {differ} would fare otherwise{sorts}",
        report.topic,
        count(report.records, "record"),
    ));
    parts.join("\n\n")
}
