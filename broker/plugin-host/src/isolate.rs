//! Finding the record that a plugin falls over, so that its neighbours need not suffer for it.
//!
//! Each record goes in alone, into an instance that no record has harmed, until five deadlines' worth of CPU
//! time are used up; then the whole chunk has the fault.

use std::time::Duration;

use crate::answer::Findings;
use crate::chunk::{Chunk, Chunks};
use crate::fault::{Fault, FaultKind};
use crate::hook::{Hook, HookInput};
use crate::instance::Instance;
use crate::meter::Allowance;
use crate::run::broken_section;
use crate::sandbox::Sandbox;

/// How many deadlines the search may take.
const DEADLINES: u32 = 5;

/// Gives every record of `chunk`, which faulted as a whole, an outcome of its own.
///
/// Answers whether the plugin can be said to work: some record has an answer, and finding it cost no more than
/// one deadline. A plugin that is only ever searched for culprits is as bad as one that never answers.
pub(crate) fn isolate<F: Findings>(
    sandbox: &Sandbox,
    input: &HookInput<'_>,
    chunk: &Chunk<'_>,
    fault: &Fault,
    findings: &mut F,
) -> bool {
    let left = sandbox.deadline() * DEADLINES;
    let mut search = Search {
        sandbox,
        input,
        left,
        instance: None,
        culprits: Vec::new(),
    };
    let mark = findings.mark();
    match search.run(chunk, findings) {
        Ok(()) => search.end(chunk, F::HOOK),
        Err(whole) => {
            findings.rewind(mark);
            let no_time = || {
                let what = format!("{} (no time to find the culprit)", fault.detail);
                Fault::new(fault.kind, what)
            };
            let whole = whole.unwrap_or_else(no_time);
            sandbox.condemn(input, chunk.places(), &whole, findings);
            false
        }
    }
}

/// A search under way.
struct Search<'a> {
    sandbox: &'a Sandbox,
    input: &'a HookInput<'a>,
    /// The CPU time that is left.
    left: Duration,
    /// An instance that has not faulted.
    instance: Option<Instance>,
    /// The faults of single records.
    culprits: Vec<Fault>,
}

impl Search<'_> {
    /// Tries record by record. An error means that the whole chunk faults: with that, or for want of time.
    fn run<F: Findings>(&mut self, chunk: &Chunk<'_>, findings: &mut F) -> Result<(), Option<Fault>> {
        let mut records = Chunks::of(chunk);
        while let Some(record) = records.next_record() {
            let record = record.map_err(|_| Some(broken_section()))?;
            if let Err(fault) = self.record(&record, findings)? {
                findings.fault(record.places(), &fault);
                self.culprits.push(fault);
            }
        }
        Ok(())
    }

    /// A record's own outcome is in the inner result. A record that faults where others have been is tried once
    /// more where none has, unless it has only been too slow.
    fn record<F: Findings>(
        &mut self,
        record: &Chunk<'_>,
        findings: &mut F,
    ) -> Result<Result<(), Fault>, Option<Fault>> {
        let mut instance = self.instance()?;
        let mut result = self.call(&mut instance, record, findings)?;
        if result.as_ref().is_err_and(|fault| fault.kind != FaultKind::Deadline) && !instance.is_fresh() {
            instance = self.instance()?;
            result = self.call(&mut instance, record, findings)?;
        }
        if result.is_ok() {
            self.instance = Some(instance);
        }
        Ok(result)
    }

    fn call<F: Findings>(
        &mut self,
        instance: &mut Instance,
        record: &Chunk<'_>,
        findings: &mut F,
    ) -> Result<Result<(), Fault>, Option<Fault>> {
        let time = self.left.min(self.sandbox.deadline());
        if time.is_zero() {
            return Err(None);
        }
        let allowance = Allowance { time, exact: true };
        let result = self.sandbox.call(instance, self.input, record, allowance, findings);
        self.left = self.left.saturating_sub(instance.spent().time);
        match result {
            Err(fault) if fault.kind == FaultKind::Deadline && time < self.sandbox.deadline() => Err(None),
            result => Ok(result),
        }
    }

    fn instance(&mut self) -> Result<Instance, Option<Fault>> {
        if let Some(instance) = self.instance.take() {
            return Ok(instance);
        }
        let (instance, cost) = self.sandbox.instance().map_err(Some)?;
        self.left = self.left.saturating_sub(cost);
        Ok(instance)
    }

    /// Every record has its outcome: reports the culprits, and tells whether the plugin works.
    fn end(self, chunk: &Chunk<'_>, hook: Hook) -> bool {
        if let Some(instance) = self.instance {
            self.sandbox.keep(instance);
        }
        for fault in &self.culprits {
            self.sandbox.report(self.input, hook, 1, fault);
        }
        let spent = (self.sandbox.deadline() * DEADLINES).saturating_sub(self.left);
        self.culprits.len() < chunk.count as usize && spent <= self.sandbox.deadline()
    }
}
