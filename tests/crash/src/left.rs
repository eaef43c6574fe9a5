//! What is left at the end: everything that was told, and everything that is there.

use std::time::Duration;

use crate::broker::Broker;
use crate::cancels;
use crate::checker::{self, Logs, Violation};
use crate::clients::{SoFar, Told};
use crate::entries::{self, Decision};
use crate::history::{self, StreamHistory};
use crate::read_back::read_back;
use crate::report::Report;
use crate::run::{Options, Run};
use crate::setup::{self, ALL_LETTERS, JOBS_LETTERS, JOBS_PARTITIONS, KEPT, LATER, LETTERS, RETRY, TOPICS, TRANSFERS};
use crate::{settle, viewer, watcher};

/// All of it.
pub struct Left {
    streams: Vec<StreamHistory>,
    told: Told,
    /// What is there, but for retries and what was redriven.
    logs: Logs,
    /// The retry topic, and its dead letters.
    retried: Logs,
    /// What was decided of them.
    decisions: Vec<Decision>,
    /// What was redriven.
    again: Logs,
    /// What was judged by a table.
    transfers: Logs,
}

impl Left {
    /// Reads it. The broker lives, and nothing happens any more.
    pub async fn read(run: &Run, broker: &Broker, streams: Vec<StreamHistory>, mut told: Told) -> anyhow::Result<Self> {
        let again = settle::redriven(broker).await?;
        let mut logs = read_back(broker.address(), &TOPICS).await?;
        logs.extend(read_back(broker.address(), &[LATER, KEPT]).await?);
        viewer::see_all(&mut told.viewed, broker.address()).await?;
        Ok(Self {
            streams,
            told,
            logs,
            retried: read_back(broker.address(), &[RETRY, JOBS_LETTERS]).await?,
            decisions: entries::decisions(run.program.data(), RETRY, JOBS_PARTITIONS)?,
            again,
            transfers: read_back(broker.address(), &[TRANSFERS]).await?,
        })
    }

    /// Everything that does not hold.
    pub fn check(&mut self, so_far: &SoFar) -> Vec<Violation> {
        let cancels = cancels::copy(&so_far.cancelling);
        let mut violations = watcher::complete(&mut self.logs, watcher::copy(&so_far.watched));
        let all = self.logs.iter().chain(&self.retried);
        violations.extend(checker::redriven::check(all, &ALL_LETTERS, &self.again));
        violations.extend(checker::replaced::check(&self.told.replaced, &self.logs));
        violations.extend(checker::judged::check(&self.told.transfers, &self.transfers));
        violations.extend(checker::viewed::check(&self.told.viewed, &self.logs));
        violations.extend(checker::retried::check(
            &so_far.retries.now(),
            &self.decisions,
            &self.retried,
            &cancels,
        ));
        violations.extend(checker::check(
            &self.streams,
            &self.logs,
            setup::dead_letters,
            &self.told.member,
            &cancels,
        ));
        violations
    }

    /// The run's result.
    pub fn report(&self, run: &Run, options: &Options, took: Duration, violations: Vec<Violation>) -> Report {
        let held = self.logs.values().flatten().filter(|found| found.was_held).count();
        let count = |topic: &str| {
            let logs = self.retried.iter().filter(|((name, _), _)| **name == *topic);
            logs.map(|(_, log)| log.len()).sum()
        };
        Report {
            seed: options.seed,
            rounds: options.rounds,
            faults: run.schedule.counts().collect(),
            changes: run.changes,
            records: self.count_told(),
            held,
            retried: [self.decisions.len(), count(RETRY), count(JOBS_LETTERS)],
            viewed: self.told.viewed.count,
            judged: [
                self.told.transfers.len(),
                self.transfers.values().flatten().filter(|found| found.is_alert).count(),
            ],
            replaced: [
                self.told
                    .replaced
                    .values()
                    .map(|written| written.sent)
                    .max()
                    .unwrap_or(0) as usize,
                checker::replaced::count(&self.logs),
            ],
            cancelled: cancels::copy(&run.so_far.cancelling).count(),
            operated: self.told.operated,
            elsewhere: self.count_elsewhere(),
            took,
            violations,
        }
    }

    fn count_told(&self) -> [usize; 3] {
        let records = self.streams.iter().flat_map(|stream| &stream.records);
        let told: Vec<_> = records.filter_map(|(_, told)| *told).collect();
        let refused = told.iter().filter(|told| **told == history::Told::Refused).count();
        [told.len() - refused, refused, self.told.member.read()]
    }

    fn count_elsewhere(&self) -> [usize; 2] {
        let (mut moved, mut letters) = (0, 0);
        for ((topic, index), records) in &self.logs {
            if &**topic == LETTERS {
                letters += records.len();
            }
            for (id, _) in records.iter().filter_map(|found| history::parse_key(&found.key)) {
                let named = self.streams.iter().find(|stream| stream.id == id);
                let named = named.map(|stream| &stream.target);
                moved += usize::from(named.is_some_and(|named| named.0 == *topic && named.1 != *index));
            }
        }
        [moved, letters]
    }
}
