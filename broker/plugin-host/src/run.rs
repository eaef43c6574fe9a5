//! Taking a batch through a hook, chunk by chunk.

use std::ops::Range;

use corvid_env::clock;

use crate::answer::Findings;
use crate::chunk::{Chunk, Chunks};
use crate::failure::OwnedFailures;
use crate::fault::{Fault, FaultKind};
use crate::hook::HookInput;
use crate::isolate::isolate;
use crate::moment::Moment;
use crate::pool::Turn;
use crate::sandbox::Sandbox;
use crate::viewer::OwnedViewer;

/// Where calls are made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'a> {
    /// On the caller's thread, which others wait for: short calls only.
    Here,
    /// On a thread of the pool, for one turn.
    Pool(&'a Turn),
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

    /// Works until everything has an outcome, or what comes next belongs elsewhere: on the pool, or there in another turn. True
    /// when done.
    pub(crate) fn run<F: Findings>(&mut self, sandbox: &Sandbox, place: Place<'_>, findings: &mut F) -> bool {
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
            } else if place.is_here() && sandbox.wants_pool() {
                self.rest = before;
                return false;
            } else if let Some(suspect) = self.attempt(sandbox, &chunk, findings) {
                self.suspect = Some(suspect);
                self.rest = before;
                if place.is_here() {
                    return false;
                }
            }
            if let Place::Pool(turn) = place
                && !self.is_done()
                && turn.is_over()
            {
                return false;
            }
        }
    }

    fn is_done(&self) -> bool {
        self.rest.places().is_empty()
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

impl Place<'_> {
    fn is_here(self) -> bool {
        matches!(self, Self::Here)
    }
}

/// What is left to do of a batch, for other threads.
pub(crate) struct OwnedWork {
    topic: String,
    partition: i32,
    partitions: i32,
    base_timestamp: i64,
    count: u32,
    failures: OwnedFailures,
    viewer: Option<OwnedViewer>,
    moment: Option<Moment>,
    /// The records that had no outcome when it was made.
    records: Vec<u8>,
    /// How many bytes of them have one by now.
    done: usize,
    /// The places of the others.
    places: Range<u32>,
    suspect: Option<Fault>,
}

impl OwnedWork {
    /// With a copy of the records.
    pub(crate) fn of(work: &Work<'_>) -> Self {
        let input = &work.input;
        Self {
            topic: input.topic.to_owned(),
            partition: input.partition,
            partitions: input.partitions,
            base_timestamp: input.base_timestamp,
            count: input.count,
            failures: OwnedFailures::of(input.failures),
            viewer: input.viewer.map(OwnedViewer::from),
            moment: input.moment,
            records: work.rest.rest().to_vec(),
            done: 0,
            places: work.rest.places(),
            suspect: work.suspect.clone(),
        }
    }

    /// Works for one turn. True when done.
    pub(crate) fn go_on<F: Findings>(&mut self, sandbox: &Sandbox, turn: &Turn, findings: &mut F) -> bool {
        let failures = self.failures.view();
        let left = &self.records[self.done..];
        let mut work = Work {
            input: HookInput {
                topic: &self.topic,
                partition: self.partition,
                partitions: self.partitions,
                base_timestamp: self.base_timestamp,
                records: &self.records,
                count: self.count,
                failures: &failures,
                viewer: self.viewer.as_ref().map(OwnedViewer::borrow),
                moment: self.moment,
            },
            rest: Chunks::from(left, self.places.clone()),
            suspect: self.suspect.take(),
        };
        let done = work.run(sandbox, Place::Pool(turn), findings);
        let (rest, suspect) = (work.rest, work.suspect);
        self.done += left.len() - rest.rest().len();
        (self.places, self.suspect) = (rest.places(), suspect);
        done
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
