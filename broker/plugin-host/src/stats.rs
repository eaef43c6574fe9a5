//! What a plugin has done so far, for metrics and for people.

use std::time::Duration;

use crate::fault::FaultKind;
use crate::hook_stats::HookStats;

/// A snapshot of a plugin's counters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PluginStats {
    /// Calls of hooks: one a chunk, and one a record while a culprit is sought.
    pub calls: u64,
    /// Records that went into hooks, those of repeated calls counted once.
    pub records: u64,
    /// CPU time spent in hooks. Short calls are timed by the monotonic clock, which is cheaper.
    pub cpu_time: Duration,
    /// The average CPU time of a recent call; above 200 µs, calls move to a pool.
    pub average_call: Duration,
    /// Records that faulted, by kind; kinds that never happened are left out.
    pub faults: Vec<(FaultKind, u64)>,
    /// Records that the plugin refused.
    pub refusals: u64,
    /// Whether the plugin is called at present.
    pub breaker: BreakerState,
    /// How often the breaker opened.
    pub breaker_opened: u64,
    /// Instances alive: idle or in a call.
    pub instances: u64,
    /// Instances made, from the first on.
    pub instances_made: u64,
    /// The most memory that an instance has had, in bytes.
    pub memory_high_water: u64,
    /// Lines of the plugin's log that the rate limit swallowed.
    pub log_lines_dropped: u64,
    /// The plugin's own counters, by name.
    pub counters: Vec<(String, f64)>,
    /// The same by hook: those that the plugin has.
    pub hooks: Vec<HookStats>,
}

impl PluginStats {
    /// How many records faulted, of every kind.
    pub fn faulted(&self) -> u64 {
        self.faults.iter().map(|(_, count)| count).sum()
    }
}

/// Whether a plugin is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BreakerState {
    /// It is called.
    #[default]
    Closed,
    /// It is not: it faulted too often in a row.
    Open,
    /// It is called once, to see whether it works again.
    HalfOpen,
}
