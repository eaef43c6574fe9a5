//! What the log of a retry topic says was decided: read from the files, as no client can.

use std::path::{Path, PathBuf};

use anyhow::Context;
use corvid_record::hidden::{self, EntryView, HiddenKind, SubBatchView};
use corvid_record::{Batch, Records, batches};

/// How far a batch is decompressed.
const SECTION_MAX: usize = 1 << 24;

/// What was decided of one failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The record's key.
    pub key: Vec<u8>,
    /// How often it has failed, this time included.
    pub attempts: u32,
    /// The partition of the retry topic.
    pub partition: i32,
    /// The entry's offset.
    pub offset: i64,
    /// What.
    pub outcome: Outcome,
}

/// What becomes of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It comes back.
    Back {
        /// When it is due, ms since the epoch.
        due: i64,
        /// How long it has to wait.
        delay_ms: i64,
    },
    /// It is a dead letter.
    Letter,
}

/// All that was decided in a topic whose log lies in `data`, by the entries that count.
pub fn decisions(data: &Path, topic: &str, partitions: i32) -> anyhow::Result<Vec<Decision>> {
    let mut decisions = Vec::new();
    for partition in 0..partitions {
        for file in segments(&find(data, &format!("{topic}-{partition}"))?)? {
            let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
            // The node lives: behind its last batch, a file may have room for more.
            let log: Vec<Batch<'_>> = batches(&bytes).map_while(Result::ok).collect();
            for (at, batch) in log.iter().enumerate() {
                if hidden::kind(batch) != Some(HiddenKind::Entry) {
                    continue;
                }
                let entry = EntryView::parse(*batch).with_context(|| format!("an entry in {}", file.display()))?;
                // What is carried on or cancelled was decided before.
                if entry.armed_alone() || !entry.is_armed(log.get(at + 1)) {
                    continue;
                }
                for sub_batch in entry.sub_batches() {
                    decisions.extend(decided(&entry, &sub_batch, partition)?);
                }
            }
        }
    }
    Ok(decisions)
}

fn decided(entry: &EntryView<'_>, sub_batch: &SubBatchView<'_>, partition: i32) -> anyhow::Result<Vec<Decision>> {
    let batch = sub_batch.batch();
    let section = batch.records_section(SECTION_MAX)?;
    let mut decisions = Vec::new();
    for record in Records::new(&section, batch.record_count()) {
        let record = record?;
        let number = |name: &str| {
            let value = record.headers.all(name.as_bytes()).last().flatten()?;
            std::str::from_utf8(value).ok()?.parse().ok()
        };
        let (attempts, outcome) = match sub_batch.hold() {
            Some(hold) => {
                let told: serde_json::Value = serde_json::from_slice(hold.decision)?;
                let delay_ms = told["delay_ms"].as_i64().context("a decision has a delay")?;
                let due = hold.due.0;
                (Some(hold.attempts), Outcome::Back { due, delay_ms })
            }
            None => (number("corvid-dlt-attempts"), Outcome::Letter),
        };
        decisions.push(Decision {
            key: record.key.unwrap_or_default().to_vec(),
            attempts: attempts.context("a letter says how often it has failed")?,
            partition,
            offset: entry.offset().0,
            outcome,
        });
    }
    Ok(decisions)
}

/// The directory of this name, somewhere below.
fn find(dir: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let mut looked_in = vec![dir.to_owned()];
    while let Some(dir) = looked_in.pop() {
        if dir.file_name().is_some_and(|found| found == name) {
            return Ok(dir);
        }
        for entry in std::fs::read_dir(&dir).with_context(|| dir.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                looked_in.push(path);
            }
        }
    }
    anyhow::bail!("there is no {name} in {}", dir.display())
}

fn segments(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
