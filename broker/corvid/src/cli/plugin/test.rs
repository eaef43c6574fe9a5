//! `corvid plugin test`: records in, verdicts out, as a diff that a build can fail on.

use std::io::IoSlice;
use std::path::{Path, PathBuf};

use corvid::settings::read_file;
use corvid_env::fs::Dir;
use serde::Serialize;

use super::super::bytes_text::text;
use super::super::kafka::block_on;
use super::super::output::count;
use super::super::{Done, Failure, Output};
use super::asking::{Place, Reader, judge};
use super::samples;
use super::sandbox::Sandbox;

/// `corvid plugin test [FILE] --records FILE`
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    sandbox: Sandbox,
    /// The records: a line of JSON each, with key, value, headers, timestamp, and failed for a policy
    #[arg(long, value_name = "FILE")]
    records: PathBuf,
    /// What the plugin is to say of them; by default the file of the records with .expected at the end
    #[arg(long, value_name = "FILE")]
    expected: Option<PathBuf>,
    /// Write what the plugin says as what is expected
    #[arg(long)]
    update: bool,
    #[command(flatten)]
    reader: Reader,
    /// The name of the topic that the plugin is told
    #[arg(long, default_value = "test")]
    topic: String,
    /// The partition that the client chose
    #[arg(long, default_value_t = 0)]
    partition: i32,
    /// How many partitions the topic has
    #[arg(long, default_value_t = 6)]
    partitions: i32,
}

/// The longest file of verdicts.
const EXPECTED_BYTES_MAX: u64 = 256 << 20;

/// A line that differs.
#[derive(Serialize)]
struct Difference {
    line: usize,
    expected: Option<String>,
    actual: Option<String>,
}

/// What came of it.
#[derive(Serialize)]
struct Report {
    records: usize,
    verdicts: Vec<String>,
    differences: Vec<Difference>,
    updated: bool,
}

/// Judges the records, and compares.
pub fn run(args: &Args, output: Output) -> Done {
    let records = samples::read(&args.records)?;
    let place = Place {
        topic: &args.topic,
        partition: args.partition,
        partitions: args.partitions,
        viewer: args.reader.viewer(),
    };
    let verdicts = block_on(async {
        let plugin = args.sandbox.load().await?;
        let judged = judge(&plugin, place, &records).await?;
        let lines = records.iter().enumerate().flat_map(|(index, record)| {
            let key = text(record.key.as_deref());
            judged
                .iter()
                .map(move |judged| format!("{index} {key} {}: {}", judged.hook.name(), judged.said[index].text()))
        });
        Ok(lines.map(|line| one_line(&line)).collect::<Vec<_>>())
    })?;
    let expected = args.expected.clone().unwrap_or_else(|| beside(&args.records));
    if args.update {
        write(&expected, &verdicts)?;
    }
    let differences = differences(&load(&expected)?, &verdicts);
    let (differing, shown) = (differences.len(), expected.display().to_string());
    let report = Report {
        records: records.len(),
        verdicts,
        differences,
        updated: args.update,
    };
    output.show(&report, |report| show(report, &shown));
    if differing == 0 {
        return Ok(());
    }
    let failure = Failure::failed(format!("{} of {shown} differ", count(differing as u64, "line")));
    Err(failure.hint("if that is as it should be: the same command with --update, and commit the file"))
}

fn beside(records: &Path) -> PathBuf {
    let mut name = records.as_os_str().to_owned();
    name.push(".expected");
    name.into()
}

/// What a plugin says may have several lines.
fn one_line(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn load(expected: &Path) -> Result<Vec<String>, Failure> {
    let bytes = read_file(expected, EXPECTED_BYTES_MAX).map_err(|error| {
        let failure = Failure::wrong(format!("{}: {error}", expected.display()));
        failure.hint("--update writes it from what the plugin says now: look at it before you commit it")
    })?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect())
}

fn write(expected: &Path, verdicts: &[String]) -> Done {
    let folder = expected.parent().filter(|folder| !folder.as_os_str().is_empty());
    let name = expected.file_name().unwrap_or_default().to_string_lossy();
    let written = || {
        let folder = Dir::open(folder.unwrap_or(Path::new(".")))?;
        let partial = format!("{name}.part");
        if folder.exists(&partial) {
            folder.remove(&partial)?;
        }
        let text = verdicts
            .iter()
            .flat_map(|line| [line.as_str(), "\n"])
            .collect::<String>();
        folder
            .create(&partial)?
            .write_all_at(0, &mut [IoSlice::new(text.as_bytes())])?;
        folder.rename(&partial, &name)
    };
    written().map_err(|error| Failure::failed(format!("{} cannot be written: {error}", expected.display())))
}

fn differences(expected: &[String], actual: &[String]) -> Vec<Difference> {
    let lines = 0..expected.len().max(actual.len());
    let differing = lines.filter(|line| expected.get(*line) != actual.get(*line));
    let difference = |line: usize| Difference {
        line: line + 1,
        expected: expected.get(line).cloned(),
        actual: actual.get(line).cloned(),
    };
    differing.map(difference).collect()
}

fn show(report: &Report, expected: &str) -> String {
    let mut lines = Vec::new();
    for difference in &report.differences {
        lines.push(format!("{expected}:{}", difference.line));
        lines.extend(difference.expected.iter().map(|line| format!("- {line}")));
        lines.extend(difference.actual.iter().map(|line| format!("+ {line}")));
    }
    let records = count(report.records as u64, "record");
    lines.push(match (report.differences.is_empty(), report.updated) {
        (true, false) => format!("{records}: all as expected"),
        (true, true) => format!("{records}: {expected} is written"),
        (false, _) => format!("{records}: not as expected"),
    });
    lines.join("\n")
}
