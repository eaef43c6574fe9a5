//! What each hook of each generation of a plugin has done on this node, and what shadows have found.

use std::collections::BTreeMap;

use corvid_metadata::Image;
use corvid_plugin_host::{CALL_SECONDS, HookStats};

use super::family::{Families, Labels, label};
use crate::context::Context;

/// Plugin, generation, hook.
type Key = (String, u64, &'static str);

pub(super) fn gather(context: &Context, image: &Image, families: &mut Families) {
    // A generation that is loaded with several configurations counts as one.
    let mut hooks: BTreeMap<Key, Vec<HookStats>> = BTreeMap::new();
    for plugin in context.topics.plugins().loaded() {
        for stats in plugin.stats().hooks {
            let key = (plugin.name().to_owned(), plugin.generation(), stats.hook);
            hooks.entry(key).or_default().push(stats);
        }
    }
    for (key, stats) in &hooks {
        hook(key, stats, families);
    }
    for (name, _) in image.plugins() {
        shadow(context, image, name, families);
    }
}

fn labels((plugin, generation, hook): &Key) -> Labels {
    vec![
        label("plugin", plugin),
        label("generation", generation),
        label("hook", hook),
    ]
}

/// A name, its meaning, and where it is counted.
type Counter = (&'static str, &'static str, fn(&HookStats) -> u64);

const COUNTERS: [Counter; 7] = [
    ("corvid_plugin_hook_calls", "Calls of the hook", |stats| stats.calls),
    (
        "corvid_plugin_hook_records",
        "Records that went into the hook",
        |stats| stats.records,
    ),
    (
        "corvid_plugin_hook_refused_records",
        "Records that the hook refused",
        |stats| stats.refused,
    ),
    (
        "corvid_plugin_hook_moved_records",
        "Records that went to another partition",
        |stats| stats.moved,
    ),
    (
        "corvid_plugin_hook_diverted_records",
        "Records that went to the dead-letter topic",
        |stats| stats.diverted,
    ),
    (
        "corvid_plugin_hook_dropped_records",
        "Records that were left out",
        |stats| stats.dropped,
    ),
    (
        "corvid_plugin_hook_passed_records",
        "Records that the hook failed on, and that went on all the same",
        |stats| stats.passed,
    ),
];

fn hook(key: &Key, stats: &[HookStats], families: &mut Families) {
    for (family, help, figure) in COUNTERS {
        families.counter(family, help, labels(key), stats.iter().map(figure).sum::<u64>());
    }
    let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
    for (kind, count) in stats.iter().flat_map(|stats| &stats.faults) {
        *faults.entry(kind.name()).or_default() += count;
    }
    for (kind, count) in faults {
        let mut labels = labels(key);
        labels.push(label("kind", kind));
        families.counter(
            "corvid_plugin_hook_faulted_records",
            "Records that the hook failed on",
            labels,
            count,
        );
    }
    let bounds = CALL_SECONDS.into_iter().chain([f64::INFINITY]);
    let calls = |bucket: usize| stats.iter().map(|stats| stats.buckets[bucket]).sum();
    families.histogram(
        "corvid_plugin_hook_call_seconds",
        "CPU time of calls",
        labels(key),
        bounds
            .enumerate()
            .map(|(bucket, bound)| (bound, calls(bucket)))
            .collect(),
        stats.iter().map(|stats| stats.cpu_time.as_secs_f64()).sum(),
    );
}

fn shadow(context: &Context, image: &Image, name: &str, families: &mut Families) {
    let Some(generation) = image.candidate(name).map(|candidate| candidate.plugin.generation) else {
        return;
    };
    let Some(shadow) = context.topics.shadow(name, generation) else {
        return;
    };
    for (hook, found) in shadow.findings().hooks {
        let figures = [
            (
                "corvid_plugin_shadow_compared_records",
                "Records that a shadow was asked about",
                found.compared,
            ),
            (
                "corvid_plugin_shadow_differing_records",
                "Records of which a shadow said something else",
                found.differing,
            ),
            (
                "corvid_plugin_shadow_skipped_records",
                "Records that a shadow had no time for",
                found.skipped,
            ),
        ];
        let key = (name.to_owned(), generation, hook.name());
        for (family, help, figure) in figures {
            families.counter(family, help, labels(&key), figure);
        }
    }
}
