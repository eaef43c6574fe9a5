//! A loaded plugin.

use std::fmt;
use std::sync::Arc;

use corvid_env::task;

use crate::answer::Findings;
use crate::failure::Failure;
use crate::fault::{Fault, FaultKind};
use crate::hook::{Hook, HookInput, HookSet};
use crate::hook_stats::{Became, LastFault};
use crate::outcome::{Decisions, Edits, Failing, Outcome, Route, Views};
use crate::pool::{Pool, watched};
use crate::run::{OwnedWork, Place, Work, broken_section};
use crate::sandbox::Sandbox;
use crate::stats::PluginStats;

/// The smallest record that there is: its length, and six fields of one byte.
const RECORD_MIN: usize = 7;

/// A plugin that is compiled, configured and tested. Its hooks may be called from many threads at once.
///
/// Calls that take long by experience, and the search for the record that a plugin fell over, happen on a pool
/// of threads; all others on the caller's thread, without ever waiting.
pub struct Plugin {
    pub(crate) sandbox: Arc<Sandbox>,
    pub(crate) digest: [u8; 32],
    pub(crate) generation: u64,
    /// Its way to the threads that slow calls are made on.
    pub(crate) pool: Pool,
}

impl Plugin {
    /// The same plugin for a caller whose answers nobody waits for: what is slow has one place of its own on the pool, and
    /// takes none from others.
    #[must_use]
    pub fn aside(&self) -> Self {
        Self {
            sandbox: self.sandbox.clone(),
            digest: self.digest,
            generation: self.generation,
            pool: Pool::new(1),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.sandbox.name()
    }

    /// The SHA-256 of its module.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Which deployment of the plugin this is.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The hooks that it has.
    pub fn hooks(&self) -> HookSet {
        self.sandbox.hooks()
    }

    /// Notes what a binding made of so many records that a hook decided on.
    pub fn note(&self, hook: Hook, became: Became, records: u32) {
        if records > 0 {
            self.sandbox.counters.of(hook).became(became, records);
        }
    }

    /// Notes which record the plugin failed on: for people, who want to look at it.
    pub fn remember(&self, fault: LastFault) {
        self.sandbox.last_faults.add(fault);
    }

    /// What it failed on last, the newest first.
    pub fn last_faults(&self) -> Vec<LastFault> {
        self.sandbox.last_faults.all()
    }

    /// What it has done so far.
    pub fn stats(&self) -> PluginStats {
        self.sandbox.stats()
    }

    /// Asks the partitioner: an outcome for each record, in order.
    pub async fn partition(&self, input: HookInput<'_>) -> Vec<Outcome<Route>> {
        self.ask(input).await
    }

    /// Asks the validator: the records that are not accepted, ascending.
    pub async fn validate(&self, input: HookInput<'_>) -> Vec<Failing> {
        self.ask(input).await
    }

    /// Asks the transform: what changes.
    pub async fn transform(&self, input: HookInput<'_>) -> Edits {
        self.ask(input).await
    }

    /// Asks the policy: what becomes of records that failed as `input.failures` says.
    pub async fn policy(&self, input: HookInput<'_>) -> Decisions {
        self.ask(input).await
    }

    /// Asks the view: what the viewer of the input is to see otherwise.
    pub async fn view(&self, input: HookInput<'_>) -> Views {
        self.ask(input).await
    }

    async fn ask<F: Findings>(&self, input: HookInput<'_>) -> F {
        let mut findings = F::default();
        if let Err((places, fault)) = self.check::<F>(&input) {
            self.sandbox.condemn(&input, 0..places, &fault, &mut findings);
            return findings;
        }
        let mut work = Work::new(input);
        if work.run(&self.sandbox, Place::Here, &mut findings) {
            return findings;
        }
        self.ask_on_pool(work, findings).await
    }

    /// What can be told without a call; with an error comes how many records there are to have it.
    fn check<F: Findings>(&self, input: &HookInput<'_>) -> Result<(), (u32, Fault)> {
        let possible = input.records.len() / RECORD_MIN;
        if input.count as usize > possible || input.topic.len() > usize::from(u16::MAX) {
            // A count that lies must not decide how much memory the answer takes.
            return Err((input.count.min(possible as u32 + 1), broken_section()));
        }
        let wanted = if F::HOOK == Hook::Policy {
            input.count as usize
        } else {
            0
        };
        if input.failures.len() != wanted || !input.failures.iter().all(Failure::is_writable) {
            let what = "the failures are not those of the records";
            return Err((input.count, Fault::new(FaultKind::BadInput, what)));
        }
        if !self.hooks().has(F::HOOK) {
            let what = format!("the plugin has no hook `{}`", F::HOOK.name());
            return Err((input.count, Fault::new(FaultKind::NoInstance, what)));
        }
        Ok(())
    }

    /// Does the rest of the work on the pool, with a copy of the records.
    async fn ask_on_pool<F: Findings>(&self, work: Work<'_>, mut findings: F) -> F {
        let mut work = OwnedWork::of(&work);
        let (pool, sandbox) = (self.pool.clone(), self.sandbox.clone());
        let all = async move {
            loop {
                let (turn, sandbox) = (pool.turn().await, sandbox.clone());
                let done;
                (work, findings, done) = task::offload(move || {
                    let done = work.go_on(&sandbox, &turn, &mut findings);
                    drop(turn);
                    (work, findings, done)
                })
                .await;
                if done {
                    return findings;
                }
            }
        };
        watched(all).await
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plugin({}, generation {})", self.name(), self.generation)
    }
}
