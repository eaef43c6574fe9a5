//! Asks a policy plugin what becomes of records that failed, and makes sure that there is always an answer.

use corvid_metadata::policy::DeadLetter;
use corvid_plugin_host::{Decision, Failure, HookInput, Plugin};
use corvid_record::BuildError;

use crate::edit;
use crate::fates::Fates;
use crate::judge::Destination;
use crate::section::Section;
use crate::shadow::{Answers, Beside, Look};

/// How many records one call is told the failures of: reasons are longer than most records, and a plugin's memory is bounded.
const CALL_MAX: usize = 256;

/// What a policy decided of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It comes back after so many milliseconds.
    RetryAfter(u64),
    /// It goes to one of the dead-letter topics: 0 is the usual one.
    DeadLetter(usize),
    /// It is gone.
    Drop,
    /// Whoever produced it is told why.
    Refuse {
        /// The plugin's own code.
        code: u16,
        /// For people.
        reason: String,
    },
}

/// A topic's policy.
#[derive(Clone, Copy)]
pub struct Policy<'a> {
    /// The plugin.
    pub plugin: &'a Plugin,
    /// The topics that letters may be sent to.
    pub letters: &'a DeadLetter,
    /// The shadow that wants to see what it is asked.
    pub(crate) beside: Option<Beside<'a>>,
}

/// What a policy decided of each record that failed; `None` where it said nothing, or faulted: the settings decide.
#[derive(Debug, Default)]
pub struct Rulings {
    /// In the order of the records.
    pub list: Vec<Option<Ruling>>,
    /// How many of them are `None` because the policy failed.
    pub faults: u32,
}

impl Policy<'_> {
    /// Asks about the records at these places, as edited so far, ascending. What a shadow is to see of it goes into `looks`.
    pub async fn ask(
        &self,
        to: Destination<'_>,
        section: &Section,
        fates: &Fates,
        failed: &[(u32, Failure<'_>)],
        looks: &mut Vec<Look>,
    ) -> Result<Rulings, BuildError> {
        let mut rulings = Rulings::default();
        for call in failed.chunks(CALL_MAX) {
            let places: Vec<u32> = call.iter().map(|(place, _)| *place).collect();
            let failures: Vec<Failure<'_>> = call.iter().map(|(_, failure)| *failure).collect();
            let records = edit::render(section, fates, &places)?;
            let input = HookInput {
                topic: to.topic,
                partition: to.partition,
                partitions: to.partitions,
                base_timestamp: section.base_timestamp(),
                records: &records,
                count: places.len() as u32,
                failures: &failures,
                viewer: None,
                moment: self.beside.as_ref().map(Beside::moment),
            };
            let first = rulings.list.len();
            rulings.list.resize(first + call.len(), None);
            let decisions = self.plugin.policy(input).await;
            if let Some(beside) = &self.beside {
                let look = beside.look(&input, &records, Some(&places), Answers::Policy(decisions.clone()));
                looks.push(look.with_letters(&self.letters.topic));
            }
            for (index, decision) in decisions.list {
                match self.ruling(to.topic, decision) {
                    Some(ruling) => rulings.list[first + index as usize] = Some(ruling),
                    None => rulings.faults += 1,
                }
            }
        }
        Ok(rulings)
    }

    /// The host has logged and counted faults; one that only the topic's settings show is told here.
    fn ruling(&self, topic: &str, decision: Decision) -> Option<Ruling> {
        match decision {
            Decision::RetryAfter(ms) => Some(Ruling::RetryAfter(ms)),
            Decision::DeadLetter(None) => Some(Ruling::DeadLetter(0)),
            Decision::DeadLetter(Some(name)) => {
                let place = self.letters.topics().position(|known| known == name);
                if place.is_none() {
                    let (plugin, letters) = (self.plugin.name(), &self.letters.topic);
                    tracing::debug!(
                        plugin,
                        topic,
                        "the policy names {name}, which the topic does not; its own settings decide, and letters go to {letters}"
                    );
                }
                place.map(Ruling::DeadLetter)
            }
            Decision::Drop => Some(Ruling::Drop),
            Decision::Refused { code, reason } => Some(Ruling::Refuse { code, reason }),
            Decision::Fault(_) => None,
        }
    }
}
