//! `/v1/plugins`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use corvid_metadata::plugin::{Candidate, Ended};
use corvid_metadata::policy::{Binding, TopicBindings};
use corvid_metadata::{Image, PluginRecord};
use corvid_pipeline::{Findings, TableFigures};
use corvid_plugin_host::{BreakerState, HookStats, LastFault, Plugin};

use crate::context::Context;
use crate::error::{Answer, ApiError};
use crate::metrics::is_shadow;
use crate::model::{
    BindingBody, CandidateBody, ComparedBody, DifferenceBody, FaultBody, GenerationBody, HookBody, PluginDetail,
    PluginInstance, PluginList, PluginSummary, ShadowBody, TableBody,
};

pub(crate) async fn list(State(context): State<Arc<Context>>) -> Json<PluginList> {
    let (image, loaded) = (context.image(), context.topics.plugins().loaded());
    Json(PluginList {
        plugins: image
            .plugins()
            .map(|(name, record)| summary(&image, name, record, &loaded))
            .collect(),
        builtin: context
            .topics
            .plugins()
            .modules()
            .builtin_names()
            .map(str::to_owned)
            .collect(),
    })
}

pub(crate) async fn describe(State(context): State<Arc<Context>>, Path(name): Path<String>) -> Answer<PluginDetail> {
    let (image, loaded) = (context.image(), context.topics.plugins().loaded());
    let Some(record) = image.plugin(&name) else {
        let error = ApiError::not_found(format!("there is no plugin `{name}`"));
        return Err(error.hint("`corvid plugin list` shows those there are"));
    };
    Ok(Json(PluginDetail {
        summary: summary(&image, &name, record, &loaded),
        config: record.config.clone(),
        limits: record.limits,
        active: generation(record, None),
        candidate: image.candidate(&name).map(|tried| candidate(&context, &name, tried)),
        history: history(&image, &name),
        bindings: bindings(&context, &image, &name),
        instances: loaded
            .iter()
            .filter(|plugin| plugin.name() == name)
            .map(|plugin| instance(plugin))
            .collect(),
    }))
}

fn summary(image: &Image, name: &str, record: &PluginRecord, loaded: &[Arc<Plugin>]) -> PluginSummary {
    let stats: Vec<_> = loaded
        .iter()
        .filter(|plugin| plugin.name() == name && !is_shadow(image, name, plugin.generation()))
        .map(|plugin| plugin.stats())
        .collect();
    PluginSummary {
        name: name.to_owned(),
        module: record.module.to_string(),
        builtin: record.builtin.clone(),
        generation: record.generation,
        tried: image.candidate(name).map(|candidate| candidate.plugin.generation),
        topics: image.topics_binding(name).map(str::to_owned).collect(),
        records: stats.iter().map(|stats| stats.records).sum(),
        refused: stats.iter().map(|stats| stats.refusals).sum(),
        faults: stats.iter().map(corvid_plugin_host::PluginStats::faulted).sum(),
    }
}

fn generation(record: &PluginRecord, ended: Option<Ended>) -> GenerationBody {
    let deployment = &record.deployment;
    let ended = ended.map(|ended| match ended {
        Ended::Replaced => "replaced".to_owned(),
        Ended::Abandoned => "abandoned".to_owned(),
    });
    GenerationBody {
        generation: record.generation,
        module: record.module.to_string(),
        builtin: record.builtin.clone(),
        how: deployment.how.as_str().to_owned(),
        by: deployment.by.clone(),
        at_ms: deployment.at_ms,
        note: deployment.note.clone(),
        restores: deployment.restores,
        ended,
    }
}

fn history(image: &Image, name: &str) -> Vec<GenerationBody> {
    let past = image
        .lineage(name)
        .map(|lineage| lineage.past.as_slice())
        .unwrap_or_default();
    past.iter()
        .rev()
        .map(|past| generation(&past.plugin, Some(past.ended)))
        .collect()
}

fn candidate(context: &Context, name: &str, tried: &Candidate) -> CandidateBody {
    let shadow = context.topics.shadow(name, tried.plugin.generation);
    CandidateBody {
        generation: generation(&tried.plugin, None),
        config: tried.plugin.config.clone(),
        rollout: tried.rollout.clone(),
        shadow: shadow.map(|shadow| found(shadow.findings())),
    }
}

fn found(findings: Findings) -> ShadowBody {
    let samples = findings
        .samples
        .into_values()
        .flatten()
        .map(|difference| DifferenceBody {
            topic: difference.topic,
            partition: difference.partition,
            offset: difference.offset,
            key: difference.key,
            hook: difference.hook.name().to_owned(),
            reader: difference.reader,
            active: difference.active,
            candidate: difference.candidate,
            at_ms: difference.at_ms,
        });
    let hooks = findings.hooks.into_iter().map(|(hook, found)| {
        let compared = ComparedBody {
            compared: found.compared,
            differing: found.differing,
            skipped: found.skipped,
        };
        (hook.name().to_owned(), compared)
    });
    ShadowBody {
        compared: findings.compared,
        skipped: findings.skipped,
        differences: findings.differences,
        hooks: hooks.collect(),
        samples: samples.collect(),
    }
}

fn bindings(context: &Context, image: &Image, name: &str) -> Vec<BindingBody> {
    let tables = context.topics.plugins().tables().figures();
    let mut bindings = Vec::new();
    for topic in image.topics() {
        let bound = context.replicas.configs().topic(image, topic).bindings;
        let of_retry = bound.retry.as_ref().and_then(|retry| retry.policy.as_ref());
        // A retry topic has its source's table: the binding is the source's.
        let of_retry = of_retry.filter(|_| bound.retry_of.is_none());
        let places = bound.produce.iter().map(|binding| ("produce", binding));
        let places = places.chain(bound.partitioner.iter().map(|binding| ("partitioner", binding)));
        let places = places.chain(bound.fetch.iter().map(|binding| ("fetch", binding)));
        let places = places.chain(bound.policy.iter().map(|binding| ("policy", binding)));
        let places = places.chain(of_retry.into_iter().map(|binding| ("retry.policy", binding)));
        for (place, binding) in places.filter(|(_, binding)| binding.plugin == name) {
            let (on_refused, on_fault) = outcomes(place, &bound, binding);
            bindings.push(BindingBody {
                topic: topic.name.clone(),
                place: place.to_owned(),
                on_refused,
                on_fault,
                tables: binding.tables.iter().map(|table| table_body(&tables, table)).collect(),
            });
        }
    }
    bindings
}

/// What happens to what it refuses, and to what it fails on. Where a policy fails, the topic's settings decide.
fn outcomes(place: &str, bound: &TopicBindings, binding: &Binding) -> (String, String) {
    match place {
        "fetch" => {
            let on_fault = TopicBindings::on_fault_of_view(binding).to_string();
            (bound.on_refused_of(binding).to_string(), on_fault)
        }
        "policy" | "retry.policy" => ("-".to_owned(), "-".to_owned()),
        _ => (
            bound.on_refused_of(binding).to_string(),
            bound.on_fault_of(binding).to_string(),
        ),
    }
}

fn table_body(figures: &[TableFigures], (name, topic): (&String, &String)) -> TableBody {
    let figures = figures.iter().find(|figures| figures.topic == *topic);
    TableBody {
        name: name.clone(),
        topic: topic.clone(),
        keys: figures.map_or(0, |figures| figures.keys),
        bytes: figures.map_or(0, |figures| figures.bytes),
        behind: figures.map_or(0, |figures| figures.behind),
        current: figures.is_some_and(|figures| figures.current),
    }
}

fn instance(plugin: &Plugin) -> PluginInstance {
    let stats = plugin.stats();
    PluginInstance {
        generation: plugin.generation(),
        hooks: plugin.hooks().iter().map(|hook| hook.name().to_owned()).collect(),
        calls: stats.calls,
        records: stats.records,
        refused: stats.refusals,
        faults: stats
            .faults
            .iter()
            .map(|(kind, count)| (kind.name().to_owned(), *count))
            .collect(),
        cpu_seconds: stats.cpu_time.as_secs_f64(),
        ns_per_record: (stats.cpu_time.as_nanos() / u128::from(stats.records.max(1))) as u64,
        breaker: breaker(stats.breaker).to_owned(),
        memory_bytes: stats.memory_high_water,
        breaker_opened: stats.breaker_opened,
        counters: stats.counters.into_iter().collect(),
        by_hook: stats.hooks.into_iter().map(hook).collect(),
        last_faults: plugin.last_faults().into_iter().map(fault).collect(),
    }
}

fn hook(stats: HookStats) -> HookBody {
    HookBody {
        hook: stats.hook.to_owned(),
        calls: stats.calls,
        records: stats.records,
        refused: stats.refused,
        diverted: stats.diverted,
        moved: stats.moved,
        dropped: stats.dropped,
        passed: stats.passed,
        ns_per_record: (stats.cpu_time.as_nanos() / u128::from(stats.records.max(1))) as u64,
        faults: stats
            .faults
            .into_iter()
            .map(|(kind, count)| (kind.name().to_owned(), count))
            .collect(),
    }
}

fn fault(fault: LastFault) -> FaultBody {
    FaultBody {
        at_ms: fault.at_ms,
        hook: fault.hook.to_owned(),
        topic: fault.topic,
        partition: fault.partition,
        record: fault.record,
        key: fault.key,
        kind: fault.kind.name().to_owned(),
        reason: fault.detail,
    }
}

fn breaker(state: BreakerState) -> &'static str {
    match state {
        BreakerState::Closed => "closed",
        BreakerState::Open => "open",
        BreakerState::HalfOpen => "half-open",
    }
}
