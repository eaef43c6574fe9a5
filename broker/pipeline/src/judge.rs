//! Runs a topic's produce hooks over the records of one batch: outside any lock, and without effects.

use std::sync::Arc;

use corvid_env::clock;
use corvid_metadata::policy::{OnFault, OnRefused};
use corvid_plugin_host::{
    Became, Edited as PluginEdit, FailedStage, Failure, Fault, FaultKind, Hook, HookInput, LastFault, Outcome, Plugin,
    Route, Verdict,
};
use corvid_record::BuildError;

use crate::edit;
use crate::fates::{Fate, Fates, Stage, Why};
use crate::left::Left;
use crate::plan::{BoundHook, TopicPlan};
use crate::policy::{Policy, Ruling};
use crate::section::Section;
use crate::shadow::{Answers, Beside, Look};

/// Where the records of a batch were sent.
#[derive(Debug, Clone, Copy)]
pub struct Destination<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The partition that the client chose.
    pub partition: i32,
    /// How many the topic has.
    pub partitions: i32,
}

/// The fate of each record of `section`. `policy` decides of those that `policy` is set for. What shadows are to see of it goes
/// into `looks`.
pub async fn judge(
    plan: &TopicPlan,
    policy: Option<Policy<'_>>,
    to: Destination<'_>,
    section: &Section,
    looks: &mut Vec<Look>,
) -> Result<Fates, BuildError> {
    let mut run = Run {
        to,
        section,
        policy,
        fates: Fates::all_stay(section.count()),
        looks,
        undecided: Vec::new(),
    };
    for hook in &plan.produce {
        let hooks = hook.plugin_at(to.partition).hooks();
        if hooks.validate {
            run.validate(hook).await?;
        }
        if hooks.transform {
            run.transform(hook).await?;
        }
    }
    if let Some(hook) = &plan.partitioner {
        run.partition(hook).await?;
    }
    Ok(run.fates)
}

struct Run<'a> {
    to: Destination<'a>,
    section: &'a Section,
    policy: Option<Policy<'a>>,
    fates: Fates,
    looks: &'a mut Vec<Look>,
    /// What the present hook has failed and the policy is to decide.
    undecided: Vec<Undecided>,
}

/// A record that waits for the policy's word.
struct Undecided {
    place: u32,
    /// The plugin that did not let it through, and as what.
    plugin: Arc<Plugin>,
    stage: FailedStage,
    why: Box<Why>,
    /// What becomes of it where the policy says nothing.
    otherwise: fn(Box<Why>) -> Fate,
}

impl<'a> Run<'a> {
    fn input<'b>(&self, left: &'b Left, beside: Option<&Beside<'_>>) -> HookInput<'b>
    where
        'a: 'b,
    {
        HookInput {
            topic: self.to.topic,
            partition: self.to.partition,
            partitions: self.to.partitions,
            base_timestamp: self.section.base_timestamp(),
            records: &left.records,
            count: left.count,
            failures: &[],
            viewer: None,
            moment: beside.map(Beside::moment),
        }
    }

    fn plugin<'h>(&self, hook: &'h BoundHook) -> &'h Arc<Plugin> {
        hook.plugin_at(self.to.partition)
    }

    /// Notes for a shadow what it is to be asked, and what the active generation said.
    fn show(&mut self, beside: Option<Beside<'_>>, left: &Left, answers: impl FnOnce() -> Answers) {
        if let Some(beside) = beside.filter(|_| left.count > 0) {
            let input = self.input(left, Some(&beside));
            let look = beside.look(&input, &left.records, left.places.as_deref(), answers());
            self.looks.push(look);
        }
    }

    async fn validate(&mut self, hook: &BoundHook) -> Result<(), BuildError> {
        let left = Left::of(self.section, &self.fates)?;
        let beside = hook.beside(Hook::Validate);
        let failing = self.plugin(hook).validate(self.input(&left, beside.as_ref())).await;
        self.show(beside, &left, || Answers::Validate(failing.clone()));
        for failed in failing {
            let place = left.place(failed.index);
            match failed.verdict {
                Verdict::Refused { code, reason } => {
                    self.refused(hook, FailedStage::Validator, place, code, reason);
                }
                Verdict::Fault(fault) => self.faulted(hook, FailedStage::Validator, place, &fault),
            }
        }
        self.ask_policy().await
    }

    async fn transform(&mut self, hook: &BoundHook) -> Result<(), BuildError> {
        let left = Left::of(self.section, &self.fates)?;
        let beside = hook.beside(Hook::Transform);
        let edits = self.plugin(hook).transform(self.input(&left, beside.as_ref())).await;
        self.show(beside, &left, || Answers::Transform(edits.clone()));
        for (index, edited) in edits.list {
            let place = left.place(index);
            match edited {
                PluginEdit::Drop => {
                    self.plugin(hook).note(Hook::Transform, Became::Dropped, 1);
                    self.fates.decide(place, Fate::Drop);
                }
                PluginEdit::Refused { code, reason } => {
                    self.refused(hook, FailedStage::Transform, place, code, reason);
                }
                PluginEdit::Fault(fault) => self.faulted(hook, FailedStage::Transform, place, &fault),
                PluginEdit::Edit(change) => edit::apply(self.section, &mut self.fates, place, change),
            }
        }
        self.ask_policy().await
    }

    async fn partition(&mut self, hook: &BoundHook) -> Result<(), BuildError> {
        let left = Left::of(self.section, &self.fates)?;
        let beside = hook.beside(Hook::Partition);
        let routes: Vec<Outcome<Route>> = self.plugin(hook).partition(self.input(&left, beside.as_ref())).await;
        self.show(beside, &left, || Answers::Partition(routes.clone()));
        let mut moved = 0;
        for (index, route) in (0..).zip(routes) {
            match route {
                Ok(Route::To(partition)) if partition != self.to.partition => {
                    moved += 1;
                    self.fates.decide(left.place(index), Fate::Move(partition));
                }
                Ok(Route::To(_) | Route::Keep) => {}
                Err(fault) => self.faulted(hook, FailedStage::Partitioner, left.place(index), &fault),
            }
        }
        self.plugin(hook).note(Hook::Partition, Became::Moved, moved);
        self.ask_policy().await
    }

    /// Asks the policy about what the hook before has left to it. Nothing is kept here that was not checked, so a retry is the
    /// client's.
    async fn ask_policy(&mut self) -> Result<(), BuildError> {
        let undecided = std::mem::take(&mut self.undecided);
        let (Some(policy), false) = (self.policy, undecided.is_empty()) else {
            for Undecided {
                place, why, otherwise, ..
            } in undecided
            {
                self.fates.decide(place, otherwise(why));
            }
            return Ok(());
        };
        let now = clock::wall_clock().0;
        let failed: Vec<_> = undecided
            .iter()
            .map(|undecided| (undecided.place, failure(undecided, self.to, now)))
            .collect();
        let rulings = policy
            .ask(self.to, self.section, &self.fates, &failed, self.looks)
            .await?;
        for (failed, ruling) in undecided.into_iter().zip(rulings.list) {
            let Undecided {
                place,
                plugin,
                stage,
                why,
                otherwise,
            } = failed;
            let fate = match ruling {
                None => otherwise(why),
                Some(Ruling::RetryAfter(_)) => Fate::Retry(why),
                Some(Ruling::DeadLetter(letters)) => Fate::DeadLetter(Box::new(Why { letters, ..*why })),
                Some(Ruling::Drop) => Fate::Drop,
                Some(Ruling::Refuse { code, reason }) => {
                    Fate::Refuse(self::why(policy.plugin, Stage::Policy, code.to_string(), reason))
                }
            };
            note(&plugin, stage, &fate);
            self.fates.decide(place, fate);
        }
        Ok(())
    }

    fn leave_to_policy(
        &mut self,
        hook: &BoundHook,
        stage: FailedStage,
        place: u32,
        why: Box<Why>,
        otherwise: fn(Box<Why>) -> Fate,
    ) {
        let plugin = self.plugin(hook).clone();
        self.undecided.push(Undecided {
            place,
            plugin,
            stage,
            why,
            otherwise,
        });
    }

    /// Keeps the place of a record that the plugin failed on. While it is not called, there is nothing to look at.
    fn remember(&self, hook: &BoundHook, stage: FailedStage, place: u32, fault: &Fault) {
        if fault.kind == FaultKind::BreakerOpen {
            return;
        }
        let key = self.section.record(place).key;
        self.plugin(hook).remember(LastFault {
            at_ms: clock::wall_clock().0,
            hook: hook_of(stage).name(),
            topic: self.to.topic.to_owned(),
            partition: self.to.partition,
            record: place,
            key: key.map(|key| String::from_utf8_lossy(&key[..key.len().min(KEY_BYTES_KEPT)]).into_owned()),
            kind: fault.kind,
            detail: fault.detail.to_string(),
        });
    }

    fn refused(&mut self, hook: &BoundHook, stage: FailedStage, place: u32, code: u16, reason: String) {
        let why = || why(self.plugin(hook), stage_of(stage), code.to_string(), reason);
        let fate = match hook.on_refused {
            OnRefused::Refuse => Fate::Refuse(why()),
            OnRefused::DeadLetter => Fate::DeadLetter(why()),
            OnRefused::Drop => Fate::Drop,
            OnRefused::Policy => {
                let why = why();
                return self.leave_to_policy(hook, stage, place, why, Fate::Refuse);
            }
        };
        note(self.plugin(hook), stage, &fate);
        self.fates.decide(place, fate);
    }

    fn faulted(&mut self, hook: &BoundHook, stage: FailedStage, place: u32, fault: &Fault) {
        self.remember(hook, stage, place, fault);
        let why = || {
            why(
                self.plugin(hook),
                stage_of(stage),
                fault.kind.name().to_owned(),
                fault.to_string(),
            )
        };
        match hook.on_fault {
            OnFault::Refuse => self.fates.decide(place, Fate::Retry(why())),
            OnFault::DeadLetter => {
                let fate = Fate::DeadLetter(why());
                note(self.plugin(hook), stage, &fate);
                self.fates.decide(place, fate);
            }
            OnFault::Policy => {
                let why = why();
                self.leave_to_policy(hook, stage, place, why, Fate::Retry);
            }
            OnFault::Pass => {
                let plugin = self.plugin(hook).clone();
                plugin.note(hook_of(stage), Became::Passed, 1);
                edit::mark_passed(self.section, &mut self.fates, place, plugin.name());
            }
        }
    }
}

/// Counts what became of a record that this plugin did not let through.
fn note(plugin: &Plugin, stage: FailedStage, fate: &Fate) {
    let became = match fate {
        Fate::DeadLetter(_) => Became::Diverted,
        Fate::Drop => Became::Dropped,
        Fate::Stay | Fate::Move(_) | Fate::Hold(_) | Fate::Refuse(_) | Fate::Retry(_) => return,
    };
    plugin.note(hook_of(stage), became, 1);
}

/// How much of the key of a record is kept that a plugin failed on.
const KEY_BYTES_KEPT: usize = 200;

/// The hook that is asked at this stage.
fn hook_of(stage: FailedStage) -> Hook {
    match stage {
        FailedStage::Validator => Hook::Validate,
        FailedStage::Transform => Hook::Transform,
        FailedStage::Partitioner => Hook::Partition,
        FailedStage::Consumer => Hook::Policy,
    }
}

fn stage_of(stage: FailedStage) -> Stage {
    match stage {
        FailedStage::Validator => Stage::Validator,
        FailedStage::Transform => Stage::Transform,
        FailedStage::Partitioner => Stage::Partitioner,
        FailedStage::Consumer => Stage::Consumer,
    }
}

/// What the policy is told of a record that failed at the produce: its first and only attempt.
fn failure<'a>(failed: &'a Undecided, to: Destination<'a>, now: i64) -> Failure<'a> {
    Failure {
        stage: failed.stage,
        attempt: 1,
        attempts: 1,
        first_at: now,
        last_at: now,
        topic: to.topic,
        partition: to.partition,
        code: &failed.why.code,
        reason: &failed.why.reason,
    }
}

fn why(plugin: &Plugin, stage: Stage, code: String, reason: String) -> Box<Why> {
    Box::new(Why {
        stage,
        plugin: plugin.name().to_owned(),
        generation: plugin.generation(),
        code,
        reason,
        letters: 0,
        history: None,
    })
}
