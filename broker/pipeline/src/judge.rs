//! Runs a topic's produce hooks over the records of one batch: outside any lock, and without effects.

use std::sync::Arc;

use corvid_env::clock;
use corvid_metadata::policy::{OnFault, OnRefused};
use corvid_plugin_host::{
    Became, Edited as PluginEdit, Fault, FaultKind, Hook, HookInput, LastFault, Outcome, Plugin, Route, Verdict,
};
use corvid_record::BuildError;

use crate::edit;
use crate::fates::{Fate, Fates, Stage, Why};
use crate::left::Left;
use crate::plan::{BoundHook, TopicPlan};
use crate::section::Section;
use crate::shadow::{Answers, Look};

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

/// The fate of each record of `section`. What shadows are to see of it goes into `looks`.
pub async fn judge(
    plan: &TopicPlan,
    to: Destination<'_>,
    section: &Section,
    looks: &mut Vec<Look>,
) -> Result<Fates, BuildError> {
    let mut run = Run {
        to,
        section,
        fates: Fates::all_stay(section.count()),
        looks,
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
    fates: Fates,
    looks: &'a mut Vec<Look>,
}

impl Run<'_> {
    fn input<'b>(&'b self, left: &'b Left) -> HookInput<'b> {
        HookInput {
            topic: self.to.topic,
            partition: self.to.partition,
            partitions: self.to.partitions,
            base_timestamp: self.section.base_timestamp(),
            records: &left.records,
            count: left.count,
            failures: &[],
            viewer: None,
        }
    }

    fn plugin<'h>(&self, hook: &'h BoundHook) -> &'h Arc<Plugin> {
        hook.plugin_at(self.to.partition)
    }

    /// Notes for a shadow what it is to be asked, and what the active generation said.
    fn show(&mut self, hook: &BoundHook, asked: Hook, left: &Left, answers: impl FnOnce() -> Answers) {
        let Some(trial) = &hook.trial else { return };
        let Some(shadow) = trial.shadow() else { return };
        if trial.plugin.hooks().has(asked) && left.count > 0 {
            let input = self.input(left);
            let look = Look::new(
                shadow,
                &trial.plugin,
                &input,
                &left.records,
                left.places.as_deref(),
                answers(),
            );
            self.looks.push(look);
        }
    }

    async fn validate(&mut self, hook: &BoundHook) -> Result<(), BuildError> {
        let left = Left::of(self.section, &self.fates)?;
        let failing = self.plugin(hook).validate(self.input(&left)).await;
        self.show(hook, Hook::Validate, &left, || Answers::Validate(failing.clone()));
        for failed in failing {
            let place = left.place(failed.index);
            match failed.verdict {
                Verdict::Refused { code, reason } => {
                    self.refused(hook, Stage::Validator, place, code, reason);
                }
                Verdict::Fault(fault) => self.faulted(hook, Stage::Validator, place, &fault),
            }
        }
        Ok(())
    }

    async fn transform(&mut self, hook: &BoundHook) -> Result<(), BuildError> {
        let left = Left::of(self.section, &self.fates)?;
        let edits = self.plugin(hook).transform(self.input(&left)).await;
        self.show(hook, Hook::Transform, &left, || Answers::Transform(edits.clone()));
        for (index, edited) in edits.list {
            let place = left.place(index);
            match edited {
                PluginEdit::Drop => {
                    self.plugin(hook).note(Hook::Transform, Became::Dropped, 1);
                    self.fates.decide(place, Fate::Drop);
                }
                PluginEdit::Refused { code, reason } => {
                    self.refused(hook, Stage::Transform, place, code, reason);
                }
                PluginEdit::Fault(fault) => self.faulted(hook, Stage::Transform, place, &fault),
                PluginEdit::Edit(change) => edit::apply(self.section, &mut self.fates, place, change),
            }
        }
        Ok(())
    }

    async fn partition(&mut self, hook: &BoundHook) -> Result<(), BuildError> {
        let left = Left::of(self.section, &self.fates)?;
        let routes: Vec<Outcome<Route>> = self.plugin(hook).partition(self.input(&left)).await;
        self.show(hook, Hook::Partition, &left, || Answers::Partition(routes.clone()));
        let mut moved = 0;
        for (index, route) in (0..).zip(routes) {
            match route {
                Ok(Route::To(partition)) if partition != self.to.partition => {
                    moved += 1;
                    self.fates.decide(left.place(index), Fate::Move(partition));
                }
                Ok(Route::To(_) | Route::Keep) => {}
                Err(fault) => self.faulted(hook, Stage::Partitioner, left.place(index), &fault),
            }
        }
        self.plugin(hook).note(Hook::Partition, Became::Moved, moved);
        Ok(())
    }

    /// Counts what the binding made of a record.
    fn note(&self, hook: &BoundHook, stage: Stage, fate: &Fate) {
        let became = match fate {
            Fate::DeadLetter(_) => Became::Diverted,
            Fate::Drop => Became::Dropped,
            _ => return,
        };
        self.plugin(hook).note(hook_of(stage), became, 1);
    }

    /// Keeps the place of a record that the plugin failed on. While it is not called, there is nothing to look at.
    fn remember(&self, hook: &BoundHook, stage: Stage, place: u32, fault: &Fault) {
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

    fn refused(&mut self, hook: &BoundHook, stage: Stage, place: u32, code: u16, reason: String) {
        let fate = match hook.on_refused {
            OnRefused::Refuse => Fate::Refuse(why(self.plugin(hook), stage, code.to_string(), reason)),
            OnRefused::DeadLetter => Fate::DeadLetter(why(self.plugin(hook), stage, code.to_string(), reason)),
            OnRefused::Drop => Fate::Drop,
        };
        self.note(hook, stage, &fate);
        self.fates.decide(place, fate);
    }

    fn faulted(&mut self, hook: &BoundHook, stage: Stage, place: u32, fault: &Fault) {
        self.remember(hook, stage, place, fault);
        let why = || {
            why(
                self.plugin(hook),
                stage,
                fault.kind.name().to_owned(),
                fault.to_string(),
            )
        };
        match hook.on_fault {
            OnFault::Refuse => self.fates.decide(place, Fate::Retry(why())),
            OnFault::DeadLetter => {
                let fate = Fate::DeadLetter(why());
                self.note(hook, stage, &fate);
                self.fates.decide(place, fate);
            }
            OnFault::Pass => {
                let plugin = self.plugin(hook).clone();
                plugin.note(hook_of(stage), Became::Passed, 1);
                edit::mark_passed(self.section, &mut self.fates, place, plugin.name());
            }
        }
    }
}

/// How much of the key of a record is kept that a plugin failed on.
const KEY_BYTES_KEPT: usize = 200;

/// The hook that judges at this stage of a produce.
fn hook_of(stage: Stage) -> Hook {
    match stage {
        Stage::Validator => Hook::Validate,
        Stage::Partitioner => Hook::Partition,
        Stage::Transform | Stage::Delay | Stage::Compaction => Hook::Transform,
    }
}

fn why(plugin: &Plugin, stage: Stage, code: String, reason: String) -> Box<Why> {
    Box::new(Why {
        stage,
        plugin: plugin.name().to_owned(),
        generation: plugin.generation(),
        code,
        reason,
    })
}
