//! `corvid plugin describe`: a plugin on one screen.

use corvid_admin::model::{CandidateBody, FaultBody, GenerationBody, PluginDetail, PluginInstance, ShadowBody};
use corvid_metadata::Rollout;
use corvid_metadata::policy::SCRIPT_PLUGIN;
use serde_json::Value;

use super::super::bytes_text::cut;
use super::super::output::{count, counts, size, table};
use super::super::units::ago;

/// All of it.
pub fn text(detail: &PluginDetail) -> String {
    let name = &detail.summary.name;
    let mut parts = vec![format!(
        "{name}, generation {}\n  module  {}\n{}\n  made by {}",
        detail.summary.generation,
        detail.summary.module,
        config(detail.summary.builtin.as_deref(), &detail.config),
        story(&detail.active),
    )];
    if !detail.bindings.is_empty() {
        let mut bindings = table(["TOPIC", "PLACE", "ON REFUSED", "ON FAULT"]);
        for binding in &detail.bindings {
            bindings.add_row([&binding.topic, &binding.place, &binding.on_refused, &binding.on_fault]);
        }
        parts.push(bindings.trim_fmt());
    }
    if detail.bindings.iter().any(|binding| !binding.tables.is_empty()) {
        let mut tables = table(["TOPIC", "TABLE", "IS TOPIC", "KEYS", "MEMORY", "STATE"]);
        for (binding, of) in detail
            .bindings
            .iter()
            .flat_map(|binding| binding.tables.iter().map(move |of| (binding, of)))
        {
            let state = if of.current {
                "current"
            } else {
                "not current: no records are taken"
            };
            let (keys, memory) = (of.keys.to_string(), size(of.bytes as u64));
            tables.add_row([&binding.topic, &of.name, &of.topic, &keys, &memory, state]);
        }
        parts.push(tables.trim_fmt());
    }
    let active = detail.summary.generation;
    parts.extend(
        detail
            .instances
            .iter()
            .filter(|one| one.generation == active)
            .map(instance),
    );
    if let Some(tried) = &detail.candidate {
        parts.push(candidate(tried));
        let of = tried.generation.generation;
        parts.extend(detail.instances.iter().filter(|one| one.generation == of).map(instance));
        parts.extend(
            tried
                .shadow
                .iter()
                .filter(|shadow| !shadow.samples.is_empty())
                .map(samples),
        );
    }
    if !detail.history.is_empty() {
        parts.push(history(&detail.history));
    }
    parts.join("\n\n")
}

/// What it is configured with; a script is shown as it was written.
fn config(builtin: Option<&str>, config: &Value) -> String {
    let script = config.get("script").and_then(Value::as_str);
    let (script, config) = match script {
        Some(script) if builtin == Some(SCRIPT_PLUGIN) => (Some(script), config.get("config").unwrap_or(&Value::Null)),
        _ => (None, config),
    };
    let mut lines = vec![match config {
        Value::Null => "  config  none".to_owned(),
        config => format!("  config  {config}"),
    }];
    if let Some(script) = script {
        lines.push("  script".to_owned());
        lines.extend(script.trim_end().lines().map(|line| format!("    {line}")));
    }
    lines.join("\n")
}

fn story(generation: &GenerationBody) -> String {
    let mut story = generation.how.clone();
    if !generation.by.is_empty() {
        story = format!("{story} ({})", generation.by);
    }
    if let Some(old) = generation.restores {
        story = format!("{story}, restores generation {old}");
    }
    if generation.at_ms > 0 {
        story = format!("{story}, {}", ago(generation.at_ms));
    }
    if !generation.note.is_empty() {
        story = format!("{story}: {}", generation.note);
    }
    story
}

fn instance(instance: &PluginInstance) -> String {
    let opened = match instance.breaker_opened {
        0 => String::new(),
        times => format!(", opened {}", count(times, "time")),
    };
    let mut lines = vec![
        format!("  breaker {}{opened}", instance.breaker),
        format!("  memory  {} at most", size(instance.memory_bytes)),
    ];
    lines.extend(
        instance
            .counters
            .iter()
            .map(|(name, value)| format!("  counter {name} = {value}")),
    );
    let mut hooks = table([
        "HOOK", "CALLS", "RECORDS", "A RECORD", "REFUSED", "DIVERTED", "MOVED", "DROPPED", "PASSED", "FAULTS",
    ]);
    for hook in &instance.by_hook {
        hooks.add_row([
            hook.hook.clone(),
            hook.calls.to_string(),
            hook.records.to_string(),
            format!("{} ns", hook.ns_per_record),
            hook.refused.to_string(),
            hook.diverted.to_string(),
            hook.moved.to_string(),
            hook.dropped.to_string(),
            hook.passed.to_string(),
            counts(&hook.faults).unwrap_or_else(|| "none".to_owned()),
        ]);
    }
    let mut parts = vec![lines.join("\n"), hooks.trim_fmt()];
    if !instance.last_faults.is_empty() {
        parts.push(faults(&instance.last_faults));
    }
    parts.join("\n\n")
}

fn faults(last: &[FaultBody]) -> String {
    let mut faults = table(["FAULT", "HOOK", "TOPIC", "PARTITION", "RECORD", "KEY", "WHEN", "REASON"]);
    for fault in last {
        faults.add_row([
            fault.kind.clone(),
            fault.hook.clone(),
            fault.topic.clone(),
            fault.partition.to_string(),
            format!("{} of its batch", fault.record),
            cut(fault.key.as_deref().unwrap_or("null"), 32),
            ago(fault.at_ms),
            cut(&fault.reason, 80),
        ]);
    }
    faults.trim_fmt()
}

fn candidate(candidate: &CandidateBody) -> String {
    let how = match &candidate.rollout {
        Rollout::Shadow => "as a shadow".to_owned(),
        Rollout::Canary(partitions) => {
            let partitions: Vec<String> = partitions.iter().map(ToString::to_string).collect();
            format!("as a canary on partition {}", partitions.join(", "))
        }
    };
    let mut lines = vec![format!(
        "trying generation {} {how}\n  module  {}\n{}\n  made by {}",
        candidate.generation.generation,
        candidate.generation.module,
        config(candidate.generation.builtin.as_deref(), &candidate.config),
        story(&candidate.generation),
    )];
    if let Some(shadow) = &candidate.shadow {
        let differences: u64 = shadow.differences.values().sum();
        let sorts = counts(&shadow.differences).map_or_else(String::new, |sorts| format!(" ({sorts})"));
        lines.push(format!(
            "  shadow  {} compared, {differences} otherwise{sorts}; {} not compared",
            count(shadow.compared, "record"),
            shadow.skipped
        ));
        // At one hook it is the same once more.
        let hooks = shadow.hooks.iter().filter(|_| shadow.hooks.len() > 1);
        lines.extend(hooks.map(|(hook, found)| {
            let compared = count(found.compared, "record");
            format!(
                "    {hook}: {compared} compared, {} otherwise; {} not compared",
                found.differing, found.skipped
            )
        }));
    }
    lines.join("\n")
}

fn samples(shadow: &ShadowBody) -> String {
    let mut samples = table(["TOPIC", "PARTITION", "OFFSET", "KEY", "HOOK", "ACTIVE", "CANDIDATE"]);
    for sample in &shadow.samples {
        samples.add_row([
            sample.topic.clone(),
            sample.partition.to_string(),
            sample
                .offset
                .map_or_else(|| "-".to_owned(), |offset| offset.to_string()),
            sample.key.clone().unwrap_or_else(|| "null".to_owned()),
            match &sample.reader {
                Some(reader) => format!("{} for {}", sample.hook, cut(reader, 32)),
                None => sample.hook.clone(),
            },
            cut(&sample.active, 60),
            cut(&sample.candidate, 60),
        ]);
    }
    samples.trim_fmt()
}

fn history(past: &[GenerationBody]) -> String {
    let mut history = table(["GENERATION", "MODULE", "ENDED", "MADE BY"]);
    for generation in past {
        history.add_row([
            generation.generation.to_string(),
            generation.module.chars().take(19).collect(),
            generation.ended.clone().unwrap_or_default(),
            story(generation),
        ]);
    }
    format!("before:\n{}", history.trim_fmt())
}
