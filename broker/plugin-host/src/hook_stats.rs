//! What each hook of a plugin has done, and what it fell over last.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;

use crate::fault::FaultKind;
use crate::hook::Hook;

/// The upper bounds of the buckets that calls are counted in, in seconds of CPU time; beyond them is one more.
pub const CALL_SECONDS: [f64; 10] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.02,
];

/// How many faults a plugin remembers: the newest.
const FAULTS_KEPT: usize = 10;

/// What a binding made of a record that a hook decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It went to another partition.
    Moved,
    /// It went to the dead-letter topic.
    Diverted,
    /// It was left out.
    Dropped,
    /// The hook failed on it, and it went on all the same.
    Passed,
}

/// A snapshot of one hook's counters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HookStats {
    /// The hook's name.
    pub hook: &'static str,
    /// Calls, those of repeated records included.
    pub calls: u64,
    /// Records that went in, those of repeated calls counted once.
    pub records: u64,
    /// Records that it refused.
    pub refused: u64,
    /// Records that went to another partition.
    pub moved: u64,
    /// Records that went to the dead-letter topic.
    pub diverted: u64,
    /// Records that were left out.
    pub dropped: u64,
    /// Records that it failed on, and that went on all the same.
    pub passed: u64,
    /// Records that it failed on, by kind; kinds that never happened are left out.
    pub faults: Vec<(FaultKind, u64)>,
    /// CPU time of all calls.
    pub cpu_time: Duration,
    /// How many calls took how long: a count for each of [`CALL_SECONDS`], and one for what is beyond.
    pub buckets: [u64; CALL_SECONDS.len() + 1],
}

/// A record that a plugin failed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastFault {
    /// When, ms since the epoch.
    pub at_ms: i64,
    /// The hook's name.
    pub hook: &'static str,
    /// The topic.
    pub topic: String,
    /// The partition that the client chose.
    pub partition: i32,
    /// The record's place in the client's batch, from 0.
    pub record: u32,
    /// Its key, as text.
    pub key: Option<String>,
    /// The sort of fault.
    pub kind: FaultKind,
    /// What the plugin said, or what was wrong.
    pub detail: String,
}

/// One hook's counters while it runs.
#[derive(Default)]
pub(crate) struct HookCounters {
    calls: AtomicU64,
    records: AtomicU64,
    refused: AtomicU64,
    became: [AtomicU64; 4],
    faults: [AtomicU64; FaultKind::ALL.len()],
    cpu_ns: AtomicU64,
    buckets: [AtomicU64; CALL_SECONDS.len() + 1],
}

impl HookCounters {
    pub fn called(&self, time: Duration) {
        self.calls.fetch_add(1, Relaxed);
        let ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.cpu_ns.fetch_add(ns, Relaxed);
        let seconds = time.as_secs_f64();
        let bucket = CALL_SECONDS.iter().position(|bound| seconds <= *bound);
        self.buckets[bucket.unwrap_or(CALL_SECONDS.len())].fetch_add(1, Relaxed);
    }

    pub fn took(&self, records: u32) {
        self.records.fetch_add(u64::from(records), Relaxed);
    }

    pub fn refused(&self, records: u32) {
        if records > 0 {
            self.refused.fetch_add(u64::from(records), Relaxed);
        }
    }

    pub fn became(&self, what: Became, records: u32) {
        self.became[what as usize].fetch_add(u64::from(records), Relaxed);
    }

    pub fn faulted(&self, kind: FaultKind, records: u32) {
        self.faults[kind as usize].fetch_add(u64::from(records), Relaxed);
    }

    pub fn snapshot(&self, hook: Hook) -> HookStats {
        let became = |what: Became| self.became[what as usize].load(Relaxed);
        let faults = FaultKind::ALL.map(|kind| (kind, self.faults[kind as usize].load(Relaxed)));
        HookStats {
            hook: hook.name(),
            calls: self.calls.load(Relaxed),
            records: self.records.load(Relaxed),
            refused: self.refused.load(Relaxed),
            moved: became(Became::Moved),
            diverted: became(Became::Diverted),
            dropped: became(Became::Dropped),
            passed: became(Became::Passed),
            faults: faults.into_iter().filter(|(_, count)| *count > 0).collect(),
            cpu_time: Duration::from_nanos(self.cpu_ns.load(Relaxed)),
            buckets: std::array::from_fn(|bucket| self.buckets[bucket].load(Relaxed)),
        }
    }
}

/// What a plugin fell over last.
#[derive(Default)]
pub(crate) struct LastFaults(Mutex<VecDeque<LastFault>>);

impl LastFaults {
    pub fn add(&self, fault: LastFault) {
        let mut faults = self.0.lock();
        if faults.len() == FAULTS_KEPT {
            faults.pop_front();
        }
        faults.push_back(fault);
    }

    /// The newest first.
    pub fn all(&self) -> Vec<LastFault> {
        self.0.lock().iter().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bug: a call beyond the last bound is lost, or one on a bound falls into the next bucket.
    #[test]
    fn every_call_is_in_one_bucket() {
        let counters = HookCounters::default();
        for micros in [1, 10, 11, 20_000, 20_001, 1_000_000] {
            counters.called(Duration::from_micros(micros));
        }
        let stats = counters.snapshot(Hook::Validate);
        assert_eq!(
            (stats.buckets[0], stats.buckets[1], stats.buckets[9], stats.buckets[10]),
            (2, 1, 1, 2)
        );
        assert_eq!(stats.buckets.iter().sum::<u64>(), stats.calls);
    }

    #[test]
    fn the_newest_faults_are_kept() {
        let faults = LastFaults::default();
        for record in 0..30 {
            faults.add(LastFault {
                at_ms: 0,
                hook: "validate",
                topic: "t".to_owned(),
                partition: 0,
                record,
                key: None,
                kind: FaultKind::Panic,
                detail: String::new(),
            });
        }
        let kept = faults.all();
        assert_eq!((kept.len(), kept[0].record, kept[9].record), (FAULTS_KEPT, 29, 20));
    }
}
