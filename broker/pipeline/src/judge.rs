//! Runs a topic's produce hooks over the records of one batch: outside any lock, and without effects.

use std::sync::Arc;

use bytes::Bytes;
use corvid_metadata::policy::{OnFault, OnRefused};
use corvid_plugin_host::{Edit, Edited as PluginEdit, Fault, Hook, HookInput, Outcome, Plugin, Route, Verdict};
use corvid_record::BuildError;

use crate::edit;
use crate::fates::{Edited, Fate, Fates, Stage, Why};
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

/// Marks a record that a faulting plugin let through (`on_fault = "pass"`): the plugin's name.
pub const PASSED_HEADER: &[u8] = b"corvid-fault-passed";

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

/// What a hook is given: the records that are still there, and where each stands in the batch.
struct Left {
    records: Bytes,
    /// `None`: all of them, each at its own place.
    places: Option<Vec<u32>>,
    count: u32,
}

impl Left {
    fn place(&self, index: u32) -> u32 {
        self.places.as_ref().map_or(index, |places| places[index as usize])
    }
}

impl Run<'_> {
    fn left(&self) -> Result<Left, BuildError> {
        if self.fates.untouched() {
            return Ok(Left {
                records: self.section.bytes().clone(),
                places: None,
                count: self.section.count() as u32,
            });
        }
        let places: Vec<u32> = self.fates.staying().collect();
        Ok(Left {
            records: edit::render(self.section, &self.fates, &places)?,
            count: places.len() as u32,
            places: Some(places),
        })
    }

    fn input<'b>(&'b self, left: &'b Left) -> HookInput<'b> {
        HookInput {
            topic: self.to.topic,
            partition: self.to.partition,
            partitions: self.to.partitions,
            base_timestamp: self.section.base_timestamp(),
            records: &left.records,
            count: left.count,
            failures: &[],
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
        let left = self.left()?;
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
        let left = self.left()?;
        let edits = self.plugin(hook).transform(self.input(&left)).await;
        self.show(hook, Hook::Transform, &left, || Answers::Transform(edits.clone()));
        for (index, edited) in edits.list {
            let place = left.place(index);
            match edited {
                PluginEdit::Drop => self.fates.decide(place, Fate::Drop),
                PluginEdit::Refused { code, reason } => {
                    self.refused(hook, Stage::Transform, place, code, reason);
                }
                PluginEdit::Fault(fault) => self.faulted(hook, Stage::Transform, place, &fault),
                PluginEdit::Edit(edit) => self.apply(place, edit),
            }
        }
        Ok(())
    }

    async fn partition(&mut self, hook: &BoundHook) -> Result<(), BuildError> {
        let left = self.left()?;
        let routes: Vec<Outcome<Route>> = self.plugin(hook).partition(self.input(&left)).await;
        self.show(hook, Hook::Partition, &left, || Answers::Partition(routes.clone()));
        for (index, route) in (0..).zip(routes) {
            match route {
                Ok(Route::To(partition)) if partition != self.to.partition => {
                    self.fates.decide(left.place(index), Fate::Move(partition));
                }
                Ok(Route::To(_) | Route::Keep) => {}
                Err(fault) => self.faulted(hook, Stage::Partitioner, left.place(index), &fault),
            }
        }
        Ok(())
    }

    fn refused(&mut self, hook: &BoundHook, stage: Stage, place: u32, code: u16, reason: String) {
        let fate = match hook.on_refused {
            OnRefused::Refuse => Fate::Refuse(why(self.plugin(hook), stage, code.to_string(), reason)),
            OnRefused::DeadLetter => Fate::DeadLetter(why(self.plugin(hook), stage, code.to_string(), reason)),
            OnRefused::Drop => Fate::Drop,
        };
        self.fates.decide(place, fate);
    }

    fn faulted(&mut self, hook: &BoundHook, stage: Stage, place: u32, fault: &Fault) {
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
            OnFault::DeadLetter => self.fates.decide(place, Fate::DeadLetter(why())),
            OnFault::Pass => {
                let mut headers = edit::headers_of(self.section, &self.fates, place);
                let name = Bytes::copy_from_slice(self.plugin(hook).name().as_bytes());
                headers.push((Bytes::from_static(PASSED_HEADER), Some(name)));
                self.fates.edit(
                    place,
                    Edited {
                        headers: Some(headers),
                        ..Edited::default()
                    },
                );
            }
        }
    }

    fn apply(&mut self, place: u32, edit: Edit) {
        let headers = (!edit.headers.is_empty()).then(|| {
            let mut headers = edit::headers_of(self.section, &self.fates, place);
            for op in edit.headers.iter() {
                edit::apply_header(&mut headers, op);
            }
            headers
        });
        self.fates.edit(
            place,
            Edited {
                key: edit.key,
                value: edit.value,
                headers,
            },
        );
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
