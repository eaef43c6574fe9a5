//! A plugin's instances and the calls on them: what all that call a plugin share.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use corvid_env::clock;
use parking_lot::Mutex;
use wasmtime::Module;

use crate::answer::Findings;
use crate::breaker::Switch;
use crate::chunk::Chunk;
use crate::counters::Counters;
use crate::fault::{Fault, FaultKind};
use crate::hook::{Hook, HookInput, HookSet};
use crate::hook_stats::LastFaults;
use crate::host::Limits;
use crate::instance::{Blueprint, Instance};
use crate::meter::Allowance;
use crate::stats::PluginStats;
use crate::voice::one_line;

/// The CPU time that a plugin may take to start and to read its configuration.
pub(crate) const START_MAX: Duration = Duration::from_secs(2);

/// How much longer than the first one later instances may take to start; a deadline they always have.
const START_PATIENCE: u32 = 10;

/// A record may be as large as the memory ceiling over this: the plugin needs room for its answer too.
const RECORD_SHARE: usize = 4;

/// What a plugin is, before there is an instance.
pub(crate) struct Build {
    pub blueprint: Blueprint,
    /// The compiled module, here so that other plugins of the same module find it.
    #[cfg_attr(not(test), expect(dead_code, reason = "held, not read"))]
    pub module: Arc<Module>,
    pub hooks: HookSet,
    pub config: String,
    pub limits: Limits,
    /// How many idle instances are kept.
    pub idle_max: usize,
}

/// A plugin's instances, limits, breaker and counters.
pub(crate) struct Sandbox {
    build: Build,
    idle: Mutex<Vec<Instance>>,
    start_cost: Duration,
    /// Why the breaker is open, when it is.
    last_fault: Mutex<Option<Fault>>,
    pub switch: Switch,
    pub counters: Counters,
    pub last_faults: LastFaults,
}

/// Why an instance could not be made.
#[derive(Debug)]
pub(crate) enum StartError {
    /// It trapped, ran late or wanted too much memory.
    Start(Fault),
    /// The same, while it read its configuration.
    Init(Fault),
    /// It does not like its configuration, and says so.
    Objection(String),
}

/// A call that failed.
pub(crate) struct Failed {
    pub fault: Fault,
    /// Whether calling again would only show the same.
    pub conclusive: bool,
}

impl Sandbox {
    /// Starts the plugin: a first instance is made and tested.
    pub(crate) fn start<E: From<StartError>>(
        mut build: Build,
        test: impl FnOnce(&mut Instance, HookSet) -> Result<(), E>,
    ) -> Result<Self, E> {
        let counters = Counters::default();
        let (mut instance, start_cost) = build.instance(&counters, START_MAX)?;
        let allowance = Allowance {
            time: START_MAX,
            exact: true,
        };
        build.hooks = instance.hooks(build.hooks, allowance).map_err(StartError::Init)?;
        if build.hooks.is_empty() {
            let what = "it has none of its hooks with this configuration";
            return Err(StartError::Objection(what.to_owned()).into());
        }
        test(&mut instance, build.hooks)?;
        // What it may have kept of a table is of one that was not read yet.
        let keeps = !build.blueprint.tables.is_granted();
        let idle = Mutex::new(Vec::from_iter(keeps.then_some(instance)));
        Ok(Self {
            build,
            idle,
            start_cost,
            last_fault: Mutex::new(None),
            switch: Switch::default(),
            counters,
            last_faults: LastFaults::default(),
        })
    }

    /// The plugin's name.
    pub(crate) fn name(&self) -> &str {
        self.build.blueprint.voice.plugin()
    }

    /// Its hooks.
    pub(crate) fn hooks(&self) -> HookSet {
        self.build.hooks
    }

    /// Whether both were made from the same compiled module.
    #[cfg(test)]
    pub(crate) fn shares_code_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.build.module, &other.build.module)
    }

    /// The CPU time that a call may take.
    pub(crate) fn deadline(&self) -> Duration {
        self.build.limits.deadline
    }

    /// The most bytes of one record.
    pub(crate) fn record_max(&self) -> usize {
        self.build.limits.memory_bytes / RECORD_SHARE
    }

    /// Whether the next call would hold up the thread that it is made on.
    pub(crate) fn wants_pool(&self) -> bool {
        self.counters.is_slow() || Counters::is_long(self.start_cost) && self.idle.lock().is_empty()
    }

    /// Calls the hook on an instance that is used again and again, and checks the answer.
    pub(crate) fn attempt<F: Findings>(
        &self,
        input: &HookInput<'_>,
        chunk: &Chunk<'_>,
        findings: &mut F,
    ) -> Result<(), Failed> {
        let idle = self.idle.lock().pop();
        let mut instance = match idle {
            Some(instance) => instance,
            None => {
                self.instance()
                    .map_err(|fault| Failed {
                        fault,
                        conclusive: true,
                    })?
                    .0
            }
        };
        let time = self.deadline();
        let allowance = Allowance {
            time,
            exact: self.counters.wants_exact(),
        };
        match self.call(&mut instance, input, chunk, allowance, findings) {
            Ok(()) => {
                self.keep(instance);
                Ok(())
            }
            Err(fault) => Err(Failed {
                fault,
                conclusive: chunk.count == 1 && instance.is_fresh(),
            }),
        }
    }

    /// Calls the hook on `instance` and checks the answer. After a fault the instance must be dropped.
    pub(crate) fn call<F: Findings>(
        &self,
        instance: &mut Instance,
        input: &HookInput<'_>,
        chunk: &Chunk<'_>,
        allowance: Allowance,
        findings: &mut F,
    ) -> Result<(), Fault> {
        let answer = instance.call(F::HOOK, input, chunk, allowance);
        let refused = answer.and_then(|answer| findings.take(answer, chunk, input.partitions));
        self.counters.called(F::HOOK, instance.spent(), instance.memory_size());
        self.counters.of(F::HOOK).refused(refused?);
        Ok(())
    }

    /// A new instance, and the CPU time that making it took.
    pub(crate) fn instance(&self) -> Result<(Instance, Duration), Fault> {
        // What started quickly once is not waited for long: this may be a thread that others wait for.
        let time = (self.start_cost * START_PATIENCE).max(self.deadline()).min(START_MAX);
        self.build.instance(&self.counters, time).map_err(|error| {
            let detail = match error {
                StartError::Start(fault) | StartError::Init(fault) => fault.to_string(),
                StartError::Objection(text) => text,
            };
            Fault::new(FaultKind::NoInstance, format!("no new instance starts: {detail}"))
        })
    }

    /// Keeps an instance for the next call.
    pub(crate) fn keep(&self, instance: Instance) {
        let mut idle = self.idle.lock();
        if idle.len() < self.build.idle_max {
            idle.push(instance);
        }
    }

    /// Notes the fault of the records at `places`: in the findings, the counters and the log.
    pub(crate) fn condemn<F: Findings>(
        &self,
        input: &HookInput<'_>,
        places: Range<u32>,
        fault: &Fault,
        findings: &mut F,
    ) {
        self.report(input, F::HOOK, places.end - places.start, fault);
        findings.fault(places, fault);
    }

    /// Notes the fault of so many records in the counters and the log.
    pub(crate) fn report(&self, input: &HookInput<'_>, hook: Hook, records: u32, fault: &Fault) {
        self.counters.of(hook).faulted(fault.kind, records);
        // Nothing happened that the log does not have: it told when the breaker opened, and why.
        if fault.kind == FaultKind::BreakerOpen {
            return;
        }
        *self.last_fault.lock() = Some(fault.clone());
        let voice = &self.build.blueprint.voice;
        if voice.may_complain() {
            let (plugin, hook, kind) = (voice.plugin(), hook.name(), fault.kind.name());
            let HookInput { topic, partition, .. } = *input;
            let detail = one_line(&fault.detail);
            tracing::warn!(plugin, hook, topic, partition, records, kind, "plugin fault: {detail}");
        }
    }

    /// The breaker learns how a chunk went.
    pub(crate) fn note(&self, worked: bool) {
        if worked {
            self.switch.worked();
        } else if self.switch.failed(clock::now()) {
            tracing::error!(
                plugin = self.name(),
                "the plugin only fails; it is not called for a while{}",
                self.last_words()
            );
        }
    }

    /// What the plugin last failed of, as the end of a sentence.
    pub(crate) fn last_words(&self) -> String {
        let last = self.last_fault.lock();
        last.as_ref()
            .map_or_else(String::new, |fault| format!("; its last fault: {fault}"))
    }

    /// All counters.
    pub(crate) fn stats(&self) -> PluginStats {
        let (breaker, breaker_opened) = self.switch.state();
        let voice = &self.build.blueprint.voice;
        PluginStats {
            breaker,
            breaker_opened,
            log_lines_dropped: voice.dropped(),
            counters: voice.counters(),
            ..self.counters.snapshot(self.hooks())
        }
    }
}

impl Build {
    /// Makes an instance and gives it its configuration; tells the CPU time that this took.
    fn instance(&self, counters: &Counters, time: Duration) -> Result<(Instance, Duration), StartError> {
        let allowance = Allowance { time, exact: true };
        let alive = counters.made();
        let mut instance = Instance::new(&self.blueprint, allowance, alive).map_err(StartError::Start)?;
        let mut cost = instance.spent().time;
        let objection = instance.init(&self.config, allowance).map_err(StartError::Init)?;
        cost += instance.spent().time;
        match objection {
            None => Ok((instance, cost)),
            Some(text) => Err(StartError::Objection(text)),
        }
    }
}
