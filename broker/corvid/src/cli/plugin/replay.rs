//! `corvid plugin replay`: what a new version would say of records that are in a topic, against what happened to them.
//!
//! It reads, and changes nothing: the module runs in a sandbox of the command line's own. A record that is in the topic was accepted
//! and lies in its partition as the transforms left it; a dead letter was refused. So a record differs that would be refused,
//! left out, moved or changed now, and a letter that would pass.

use std::collections::BTreeMap;

use bytes::Bytes;
use corvid_env::clock;
use corvid_pipeline::Said;
use corvid_plugin_host::{Edit, HeaderOp, Plugin};
use corvid_wire::client::{ConsumedRecord, Consumer, Start};
use serde::Serialize;

use super::super::bytes_text::{cut, text};
use super::super::kafka::{Kafka, block_on};
use super::super::output::{count, table};
use super::super::units::duration;
use super::super::{Done, Failure, Output, consume};
use super::samples::{self, Judged, Place, Sample};
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
    #[arg(long, value_name = "-TIME", value_parser = ago, allow_hyphen_values = true)]
    from: Option<std::time::Duration>,
    /// The plugin's name: what it refused and what is a dead letter now is judged again, too
    #[arg(long)]
    name: Option<String>,
    /// Where its dead letters are; by default in <topic>.DLT
    #[arg(long, value_name = "TOPIC", requires = "name")]
    letters: Option<String>,
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
    letters: u64,
    differ: BTreeMap<String, u64>,
    differences: Vec<Difference>,
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
    let mut report = Report {
        topic: args.topic.clone(),
        ..Report::default()
    };
    let mut client = args.kafka.connect().await?;
    let partitions = client.partition_count(&args.topic, false).await?;
    let letters = args
        .name
        .as_ref()
        .map(|_| args.letters.clone().unwrap_or_else(|| format!("{}.DLT", args.topic)));
    let start = args.from.map_or(Start::Earliest, |ago| {
        Start::Timestamp(clock::wall_clock().0 - ago.as_millis() as i64)
    });
    for (topic, letters) in [Some((args.topic.clone(), false)), letters.map(|topic| (topic, true))]
        .into_iter()
        .flatten()
    {
        let mut consumer = Consumer::new(args.kafka.connect().await?, consume::options(false));
        consumer.assign_topic(&topic, start).await?;
        let mut left = args.max;
        while left > 0 {
            let mut records = consumer.poll().await?;
            records.truncate(left);
            left -= records.len();
            if letters {
                records.retain(|record| is_letter_of(record, args));
            }
            for chunk in by_partition(&records) {
                judge(&plugin, args, partitions, &topic, letters, &chunk, &mut report).await?;
            }
            if consumer.is_at_end() {
                break;
            }
        }
    }
    Ok(report)
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

async fn judge(
    plugin: &Plugin,
    args: &Args,
    partitions: i32,
    topic: &str,
    letters: bool,
    records: &[ConsumedRecord],
    report: &mut Report,
) -> Done {
    let samples: Vec<Sample> = records.iter().map(|record| sample(record, letters)).collect();
    let place = Place {
        topic: &args.topic,
        partition: records.first().map_or(0, |record| record.partition),
        partitions,
    };
    for Judged { hook, said } in samples::judge(plugin, place, &samples).await? {
        for ((record, sample), said) in records.iter().zip(&samples).zip(said) {
            let Some((sort, happened)) = differs(record, sample, &said, letters) else {
                continue;
            };
            *report.differ.entry(sort).or_default() += 1;
            if report.differences.len() < args.show {
                report.differences.push(Difference {
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
    }
    *(if letters {
        &mut report.letters
    } else {
        &mut report.records
    }) += records.len() as u64;
    Ok(())
}

/// A record as it was: a letter without what tells its story.
fn sample(record: &ConsumedRecord, letter: bool) -> Sample {
    let own = |(key, _): &&(Bytes, Option<Bytes>)| !letter || !key.starts_with(b"corvid-dlt-");
    Sample {
        key: record.key.clone(),
        value: record.value.clone(),
        headers: record.headers.iter().filter(own).cloned().collect(),
        timestamp: record.timestamp,
    }
}

/// The sort of difference, and what happened to the record; none, if the same would happen now.
fn differs(record: &ConsumedRecord, sample: &Sample, said: &Said, letter: bool) -> Option<(String, String)> {
    if letter {
        let refused = matches!(said, Said::Refuse(..) | Said::Drop | Said::Fault(..));
        let reason = header(record, b"corvid-dlt-reason").unwrap_or_default();
        return (!refused).then(|| (format!("refused -> {}", said.kind()), format!("refused: {reason}")));
    }
    let same = match said {
        Said::Accept => true,
        Said::Edit(edit) => edited(sample, edit) == *sample,
        Said::Move(_) | Said::Refuse(..) | Said::Drop | Said::Fault(..) => false,
    };
    (!same).then(|| (format!("accepted -> {}", said.kind()), "accepted".to_owned()))
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

fn is_letter_of(record: &ConsumedRecord, args: &Args) -> bool {
    header(record, b"corvid-dlt-topic").as_ref() == Some(&args.topic)
        && header(record, b"corvid-dlt-plugin") == args.name
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
    let sorts: Vec<String> = report
        .differ
        .iter()
        .map(|(sort, count)| format!("{count} {sort}"))
        .collect();
    let sorts = if sorts.is_empty() {
        String::new()
    } else {
        format!(": {}", sorts.join(", "))
    };
    parts.push(format!(
        "{}: {} and {} judged again, {differ} would fare otherwise{sorts}",
        report.topic,
        count(report.records, "record"),
        count(report.letters, "dead letter"),
    ));
    parts.join("\n\n")
}

fn ago(text: &str) -> Result<std::time::Duration, String> {
    let text = text.strip_prefix('-').ok_or("expected a time ago, such as -1h")?;
    duration(text)
}
