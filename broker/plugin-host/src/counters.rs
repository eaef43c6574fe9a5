//! A plugin's counters while it runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::hook::{Hook, HookSet};
use crate::hook_stats::{HookCounters, HookStats};
use crate::meter::Spent;
use crate::stats::PluginStats;

/// A plugin whose calls take longer on average has its CPU time taken from a call's start on.
const EXACT_ABOVE: Duration = Duration::from_micros(50);
/// A plugin whose calls take longer on average is called on a pool: it would hold up a network thread.
const POOL_ABOVE: Duration = Duration::from_micros(200);
/// What a reading of the clock counts at most in the average. The machine may have been busy with something
/// else: a reading is a reason to measure CPU time, not to move to the pool.
const INEXACT_MAX: Duration = Duration::from_micros(100);
/// A call's weight in the average is one of these.
const WEIGHT: i64 = 8;

/// What a plugin has done. Shared by its calls; nobody waits for anybody.
#[derive(Default)]
pub(crate) struct Counters {
    hooks: [HookCounters; Hook::ALL.len()],
    average_ns: AtomicU64,
    instances_made: AtomicU64,
    instances: Arc<AtomicU64>,
    memory_high_water: AtomicU64,
}

/// Counts an instance as long as it lives.
pub(crate) struct Alive(Arc<AtomicU64>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Counters {
    /// An instance is made.
    pub(crate) fn made(&self) -> Alive {
        self.instances_made.fetch_add(1, Relaxed);
        self.instances.fetch_add(1, Relaxed);
        Alive(self.instances.clone())
    }

    /// A hook was called.
    pub(crate) fn called(&self, hook: Hook, spent: Spent, memory: usize) {
        self.of(hook).called(spent.time);
        let sample = if spent.exact {
            spent.time
        } else {
            spent.time.min(INEXACT_MAX)
        };
        let average = self.average_ns.load(Relaxed) as i64;
        // Two calls at once may overwrite each other: it is an average, and nothing depends on one call.
        let next = average + (nanos(sample) as i64 - average) / WEIGHT;
        self.average_ns.store(next as u64, Relaxed);
        if self.memory_high_water.load(Relaxed) < memory as u64 {
            self.memory_high_water.fetch_max(memory as u64, Relaxed);
        }
    }

    /// One hook's.
    pub(crate) fn of(&self, hook: Hook) -> &HookCounters {
        &self.hooks[hook as usize]
    }

    /// Whether a call's CPU time is worth two system calls.
    pub(crate) fn wants_exact(&self) -> bool {
        self.average() > EXACT_ABOVE
    }

    /// Whether calls take so long that they belong on the pool.
    pub(crate) fn is_slow(&self) -> bool {
        self.average() > POOL_ABOVE
    }

    /// Whether `time` is too long for a network thread.
    pub(crate) fn is_long(time: Duration) -> bool {
        time > POOL_ABOVE
    }

    fn average(&self) -> Duration {
        Duration::from_nanos(self.average_ns.load(Relaxed))
    }

    /// What is counted here; the rest is the caller's.
    pub(crate) fn snapshot(&self, has: HookSet) -> PluginStats {
        let hooks: Vec<HookStats> = has.iter().map(|hook| self.of(hook).snapshot(hook)).collect();
        let mut faults = BTreeMap::new();
        for (kind, count) in hooks.iter().flat_map(|hook| &hook.faults) {
            *faults.entry(*kind).or_default() += count;
        }
        PluginStats {
            calls: hooks.iter().map(|hook| hook.calls).sum(),
            records: hooks.iter().map(|hook| hook.records).sum(),
            cpu_time: hooks.iter().map(|hook| hook.cpu_time).sum(),
            average_call: self.average(),
            faults: faults.into_iter().collect(),
            refusals: hooks.iter().map(|hook| hook.refused).sum(),
            instances: self.instances.load(Relaxed),
            instances_made: self.instances_made.load(Relaxed),
            memory_high_water: self.memory_high_water.load(Relaxed),
            hooks,
            ..PluginStats::default()
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bug: one call that the machine interrupted for long sends a quick plugin to the pool.
    #[test]
    fn readings_of_the_clock_alone_never_make_a_plugin_slow() {
        let counters = Counters::default();
        for _ in 0..100 {
            counters.called(
                Hook::Validate,
                Spent {
                    time: Duration::from_secs(1),
                    exact: false,
                },
                0,
            );
        }
        assert!(counters.wants_exact() && !counters.is_slow());
        for _ in 0..100 {
            counters.called(
                Hook::Validate,
                Spent {
                    time: Duration::from_millis(1),
                    exact: true,
                },
                0,
            );
        }
        assert!(counters.is_slow());
        for _ in 0..100 {
            counters.called(
                Hook::Validate,
                Spent {
                    time: Duration::from_micros(10),
                    exact: true,
                },
                0,
            );
        }
        assert!(!counters.is_slow() && !counters.wants_exact());
    }
}
