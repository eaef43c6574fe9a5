//! What a shadow has found: how often the two agreed, how they differed, and a few records to look at.

use std::collections::{BTreeMap, VecDeque};

use corvid_env::clock;
use corvid_plugin_host::Hook;
use corvid_record::Records;

use super::Job;
use super::compare::{Answers, Said};

/// How many differing records are kept of each sort: the newest.
const KEPT: usize = 5;
/// How much of a key, and of what was said, is kept, in bytes.
const TEXT_BYTES_MAX: usize = 200;

/// What a shadow has found so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Records that both were asked about.
    pub compared: u64,
    /// Records that were not compared, since too many others waited.
    pub skipped: u64,
    /// Records of which the two said something else, by what they said: `accept -> refuse`.
    pub differences: BTreeMap<String, u64>,
    /// The same by hook: a plugin may be bound at several places.
    pub hooks: BTreeMap<Hook, Compared>,
    /// The newest few of each sort.
    pub samples: BTreeMap<(Hook, String), VecDeque<Difference>>,
}

/// How the two did at one hook, in records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// Both were asked about them.
    pub compared: u64,
    /// Of these, the two said something else.
    pub differing: u64,
    /// They were not compared.
    pub skipped: u64,
}

/// A record of which two generations say something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The record's topic.
    pub topic: String,
    /// The partition that its client chose.
    pub partition: i32,
    /// Its offset, if its batch was appended.
    pub offset: Option<i64>,
    /// Its key, as text, cut.
    pub key: Option<String>,
    /// Which hook was asked.
    pub hook: Hook,
    /// Who read it, if it is a view: the client id, or else the principal, cut.
    pub reader: Option<String>,
    /// What the active generation said.
    pub active: String,
    /// What the candidate said.
    pub candidate: String,
    /// When, ms since the epoch.
    pub at_ms: i64,
}

impl Findings {
    /// How many records differ.
    pub fn differing(&self) -> u64 {
        self.differences.values().sum()
    }

    pub(super) fn add(&mut self, job: &Job, candidate: &Answers) {
        self.compared += u64::from(job.count);
        self.hooks.entry(job.hook).or_default().compared += u64::from(job.count);
        if job.answers == *candidate {
            return;
        }
        let (active, candidate) = (job.said(&job.answers), job.said(candidate));
        let mut indexes: Vec<u32> = active.keys().chain(candidate.keys()).copied().collect();
        indexes.sort_unstable();
        indexes.dedup();
        for index in indexes {
            let of = |said: &BTreeMap<u32, Said>| said.get(&index).cloned().unwrap_or(Said::nothing(job.hook));
            let (active, candidate) = (of(&active), of(&candidate));
            if !active.same(&candidate) {
                self.differs(job, index, &active, &candidate);
            }
        }
    }

    pub(super) fn skip(&mut self, hook: Hook, records: u64) {
        self.skipped += records;
        self.hooks.entry(hook).or_default().skipped += records;
    }

    fn differs(&mut self, job: &Job, index: u32, active: &Said, candidate: &Said) {
        let sort = format!("{} -> {}", active.kind(), candidate.kind());
        *self.differences.entry(sort.clone()).or_default() += 1;
        self.hooks.entry(job.hook).or_default().differing += 1;
        let kept = self.samples.entry((job.hook, sort)).or_default();
        if kept.len() == KEPT {
            kept.pop_front();
        }
        let place = job.places.as_ref().map_or(index, |places| places[index as usize]);
        kept.push_back(Difference {
            topic: job.topic.to_string(),
            partition: job.partition,
            offset: job.base_offset.map(|base| base + i64::from(place)),
            key: key_of(job, index),
            hook: job.hook,
            reader: reader_of(job),
            active: cut(&active.text()),
            candidate: cut(&candidate.text()),
            at_ms: clock::wall_clock().0,
        });
    }
}

impl Job {
    /// What is said of each record. A policy that names no topic means the usual one.
    fn said(&self, answers: &Answers) -> BTreeMap<u32, Said> {
        let mut said = answers.said(self.partition);
        for said in said.values_mut().filter(|said| **said == Said::DeadLetter(None)) {
            *said = Said::DeadLetter(self.letters.clone());
        }
        said
    }
}

fn reader_of(job: &Job) -> Option<String> {
    let viewer = job.viewer.as_ref()?.borrow();
    Some(cut(viewer.client_id.unwrap_or(viewer.principal)))
}

fn key_of(job: &Job, index: u32) -> Option<String> {
    let record = Records::new(&job.records, job.count).nth(index as usize)?.ok()?;
    record.key.map(|key| cut(&String::from_utf8_lossy(key)))
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(TEXT_BYTES_MAX)].to_owned()
}
