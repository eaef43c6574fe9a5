//! What plugins have done on this node. One that is loaded with several configurations counts as one. What shadows do is not
//! among it: they decide nothing, and their faults are nobody's trouble.

use std::collections::BTreeMap;

use corvid_metadata::{Image, Rollout};
use corvid_plugin_host::{BreakerState, PluginStats};

use super::family::{Families, label};
use crate::context::Context;

pub(super) fn gather(context: &Context, image: &Image, families: &mut Families) {
    let mut by_name: BTreeMap<String, Vec<PluginStats>> = BTreeMap::new();
    for plugin in context.topics.plugins().loaded() {
        if is_shadow(image, plugin.name(), plugin.generation()) {
            continue;
        }
        by_name
            .entry(plugin.name().to_owned())
            .or_default()
            .push(plugin.stats());
    }
    for (name, stats) in &by_name {
        plugin(name, stats, families);
    }
}

/// Whether a generation decides nothing.
pub(crate) fn is_shadow(image: &Image, name: &str, generation: u64) -> bool {
    image
        .candidate(name)
        .is_some_and(|candidate| candidate.plugin.generation == generation && candidate.rollout == Rollout::Shadow)
}

/// A name, its meaning, and where it is counted.
type Counter = (&'static str, &'static str, fn(&PluginStats) -> u64);

fn plugin(name: &str, stats: &[PluginStats], families: &mut Families) {
    let labels = || vec![label("plugin", name)];
    let counters: [Counter; 5] = [
        ("corvid_plugin_calls", "Calls of hooks", |stats| stats.calls),
        ("corvid_plugin_records", "Records that went into hooks", |stats| {
            stats.records
        }),
        (
            "corvid_plugin_refused_records",
            "Records that the plugin refused",
            |stats| stats.refusals,
        ),
        (
            "corvid_plugin_breaker_opened",
            "How often the breaker opened",
            |stats| stats.breaker_opened,
        ),
        (
            "corvid_plugin_log_lines_dropped",
            "Lines of its log that the rate limit swallowed",
            |stats| stats.log_lines_dropped,
        ),
    ];
    for (family, help, figure) in counters {
        families.counter(family, help, labels(), stats.iter().map(figure).sum::<u64>());
    }
    let cpu: f64 = stats.iter().map(|stats| stats.cpu_time.as_secs_f64()).sum();
    families.counter("corvid_plugin_cpu_seconds", "CPU time spent in hooks", labels(), cpu);
    let open = stats.iter().any(|stats| stats.breaker != BreakerState::Closed);
    families.gauge(
        "corvid_plugin_breaker_open",
        "Whether it is not called at present, after too many faults",
        labels(),
        open,
    );
    let instances: u64 = stats.iter().map(|stats| stats.instances).sum();
    families.gauge("corvid_plugin_instances", "Instances alive", labels(), instances);
    let memory = stats.iter().map(|stats| stats.memory_high_water).max().unwrap_or(0);
    families.gauge(
        "corvid_plugin_memory_bytes",
        "The most memory that an instance has had",
        labels(),
        memory,
    );
    by_kind(name, stats, families);
}

/// What has labels of its own: faults, and the plugin's counters.
fn by_kind(name: &str, stats: &[PluginStats], families: &mut Families) {
    let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
    let mut counters: BTreeMap<&str, f64> = BTreeMap::new();
    for stats in stats {
        stats
            .faults
            .iter()
            .for_each(|(kind, count)| *faults.entry(kind.name()).or_default() += count);
        stats
            .counters
            .iter()
            .for_each(|(counter, value)| *counters.entry(counter).or_default() += value);
    }
    for (kind, count) in faults {
        let labels = vec![label("plugin", name), label("kind", kind)];
        families.counter(
            "corvid_plugin_faulted_records",
            "Records that the plugin failed on",
            labels,
            count,
        );
    }
    for (counter, value) in counters {
        let labels = vec![label("plugin", name), label("name", counter)];
        families.counter("corvid_plugin_counter", "Counters of the plugin's own", labels, value);
    }
}
