//! What a run came to.

use std::fmt;
use std::time::Duration;

use crate::checker::Violation;
use crate::operator::Counts;
use crate::schedule::Fault;

/// A run's result.
#[derive(Debug)]
pub struct Report {
    /// From which everything was drawn.
    pub seed: u64,
    /// How often the broker was started and killed.
    pub rounds: u32,
    /// How many of these ended by each fault.
    pub faults: Vec<(Fault, u32)>,
    /// How many rounds had their bindings, their plugin or their partitions changed, or a plugin that panics.
    pub changes: [u32; 4],
    /// Records that were acknowledged, refused for good, and read by the group.
    pub records: [usize; 3],
    /// Records that were held, and came back.
    pub held: usize,
    /// Failures that were decided on, records that came back, and those that died of it.
    pub retried: [usize; 3],
    /// Records that were seen through a view.
    pub viewed: usize,
    /// Records that were judged by a table, and how many of them have its mark.
    pub judged: [usize; 2],
    /// Records with keys that were written before, and how many of them compaction has left.
    pub replaced: [usize; 2],
    /// Held records that were cancelled.
    pub cancelled: usize,
    /// What the operator has done.
    pub operated: Counts,
    /// Records in partitions other than the one that was named, and dead letters.
    pub elsewhere: [usize; 2],
    /// How long it took.
    pub took: Duration,
    /// What does not hold.
    pub violations: Vec<Violation>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [bindings, plugins, partitions, panics] = self.changes;
        let [acknowledged, refused, read] = self.records;
        let [moved, letters] = self.elsewhere;
        writeln!(f, "{:28}rounds", "the broker died")?;
        for (fault, count) in &self.faults {
            writeln!(f, "{:28}{count:6}", fault.name())?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "before the retry: bindings changed {bindings} times, the plugin {plugins}, partitions added {partitions}; plugins that panic {panics}"
        )?;
        writeln!(
            f,
            "records: {acknowledged} acknowledged ({moved} moved, {letters} dead letters, {} held and released), {refused} refused, {read} read by the group",
            self.held
        )?;
        let [failed, came_back, died] = self.retried;
        writeln!(
            f,
            "retries: {failed} failures, {came_back} came back, {died} dead letters; cancelled {} of what was held; {} records seen through a view",
            self.cancelled, self.viewed
        )?;
        let [replaced, left] = self.replaced;
        writeln!(
            f,
            "compaction: {left} left of {replaced} records with keys that came again"
        )?;
        let [transfers, alerts] = self.judged;
        writeln!(f, "tables: {transfers} records judged by one, {alerts} marked")?;
        let Counts { redriven, deployed } = self.operated;
        writeln!(
            f,
            "the operator: {redriven} letters redriven under way, the plugins changed {deployed} times"
        )?;
        let (rounds, seconds) = (self.rounds, self.took.as_secs_f64());
        if self.violations.is_empty() {
            return write!(
                f,
                "{rounds} rounds, seed {}, {seconds:.1} s: every acknowledged record is there once",
                self.seed
            );
        }
        for violation in self.violations.iter().take(SHOWN_MAX) {
            writeln!(f, "{violation}")?;
        }
        write!(
            f,
            "{rounds} rounds, seed {}, {seconds:.1} s: {} VIOLATIONS",
            self.seed,
            self.violations.len()
        )
    }
}

/// After so many, more of them tell nothing new.
const SHOWN_MAX: usize = 25;
