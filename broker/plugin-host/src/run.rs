//! Taking a batch through a hook, chunk by chunk.

use corvid_env::clock;

use crate::answer::Findings;
use crate::chunk::{Chunk, Chunks};
use crate::fault::{Fault, FaultKind};
use crate::hook::HookInput;
use crate::isolate::isolate;
use crate::sandbox::Sandbox;

/// Where calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the caller's thread, which others wait for: short calls only.
    Here,
    /// On a thread of the pool.
    Pool,
}

/// What is left to do of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Work<'a> {
    /// What the batch is; its records are in `rest`.
    pub input: HookInput<'a>,
    /// The records that have no outcome yet.
    pub rest: Chunks<'a>,
    /// The fault of the first chunk of `rest`, when that was tried already.
    pub suspect: Option<Fault>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(input: HookInput<'a>) -> Self {
        Self {
            input,
            rest: Chunks::new(input.records, input.count),
            suspect: None,
        }
    }

    /// Works until everything has an outcome, or what comes next belongs on the pool. True when done.
    pub(crate) fn run<F: Findings>(&mut self, sandbox: &Sandbox, place: Place, findings: &mut F) -> bool {
        loop {
            let before = self.rest;
            let Some(chunk) = self.rest.next() else { return true };
            let Ok(chunk) = chunk else {
                sandbox.condemn(&self.input, before.places(), &broken_section(), findings);
                return true;
            };
            if let Some(fault) = self.suspect.take() {
                let worked = isolate(sandbox, &self.input, &chunk, &fault, findings);
                sandbox.note(worked);
            } else if place == Place::Here && sandbox.wants_pool() {
                self.rest = before;
                return false;
            } else if let Some(suspect) = self.attempt(sandbox, &chunk, findings) {
                self.suspect = Some(suspect);
                self.rest = before;
                if place == Place::Here {
                    return false;
                }
            }
        }
    }

    /// Tries a chunk. What it answers is a fault whose culprit has yet to be found.
    fn attempt<F: Findings>(&self, sandbox: &Sandbox, chunk: &Chunk<'_>, findings: &mut F) -> Option<Fault> {
        let places = chunk.places();
        if let Err(fault) = admissible(sandbox, chunk) {
            sandbox.condemn(&self.input, places, &fault, findings);
            return None;
        }
        sandbox.counters.of(F::HOOK).took(chunk.count);
        match sandbox.attempt(&self.input, chunk, findings) {
            Ok(()) => sandbox.note(true),
            Err(failed) if failed.conclusive => {
                sandbox.condemn(&self.input, places, &failed.fault, findings);
                sandbox.note(false);
            }
            Err(failed) => return Some(failed.fault),
        }
        None
    }
}

/// Whether the plugin may be called on the chunk.
fn admissible(sandbox: &Sandbox, chunk: &Chunk<'_>) -> Result<(), Fault> {
    let most = sandbox.record_max();
    if chunk.count == 1 && chunk.records.len() > most {
        let what = format!("a record of {} bytes; the most is {most}", chunk.records.len());
        return Err(Fault::new(FaultKind::TooLarge, what));
    }
    if !sandbox.switch.admit(clock::now) {
        let what = format!(
            "the plugin failed too often in a row and is not called for a while{}",
            sandbox.last_words()
        );
        return Err(Fault::new(FaultKind::BreakerOpen, what));
    }
    Ok(())
}

/// The fault of records whose bytes are no records.
pub(crate) fn broken_section() -> Fault {
    Fault::new(FaultKind::BadInput, "the records section is broken")
}
