//! What `corvid plugin deploy`, `promote` and `rollback` come to: one record each.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::{Candidate, Deployment, How, Rollout};
use crate::config::keys;
use crate::ids::Digest;
use crate::image::Image;
use crate::limits::MAX_CONFIG_VALUE_BYTES;
use crate::policy::{LimitsError, PluginLimits};
use crate::record::{PluginRecord, Record};

/// The longest note, in bytes.
pub const NOTE_BYTES_MAX: usize = 1024;

/// A change of one plugin.
#[derive(Clone, Debug, PartialEq)]
pub enum PluginChange {
    /// Another module, configuration or limits.
    Deploy(Deploy),
    /// The generation that is tried becomes the active one.
    Promote {
        /// Which one is expected to be tried, if that is known.
        generation: Option<u64>,
    },
    /// The trial ends or, where there is none, an earlier generation is restored.
    Rollback {
        /// The generation to restore; by default the one that was active before.
        to: Option<u64>,
    },
}

/// What is deployed.
#[derive(Clone, Debug, PartialEq)]
pub struct Deploy {
    /// The module.
    pub module: Digest,
    /// The name of an embedded first-party plugin, if it is one.
    pub builtin: Option<String>,
    /// Its configuration; by default that of the active generation.
    pub config: Option<Value>,
    /// Its limits; by default those of the active generation.
    pub limits: Option<PluginLimits>,
    /// How it is tried; `None`: it is active at once.
    pub rollout: Option<Rollout>,
    /// Whether it may end the trial of another generation.
    pub replace: bool,
}

/// A change, ready to be committed.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedChange {
    /// The record; `None` where all is so already.
    pub record: Option<Record>,
    /// The generation that this is about: deployed, promoted, restored or given up.
    pub generation: u64,
    /// What becomes of it.
    pub outcome: ChangeOutcome,
}

/// What becomes of a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// It is the active one.
    Active,
    /// It is tried beside the active one.
    Tried,
    /// Its trial ends, and the active one stays.
    Abandoned,
    /// It is the active one, and has been.
    Unchanged,
}

/// Why a plugin is not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PluginChangeError {
    /// Nobody deployed it.
    #[error("there is no plugin \"{0}\"")]
    NoSuchPlugin(String),
    /// There is nothing to try it beside.
    #[error(
        "there is no plugin \"{0}\" yet that another generation could be tried beside: deploy the first one without --shadow or --canary"
    )]
    NothingToTryBeside(String),
    /// Somebody looks at another one: they are to know.
    #[error(
        "generation {tried} of plugin \"{plugin}\" is being tried as a {how} already: `corvid plugin promote {plugin}` makes it the active \
         one, `corvid plugin rollback {plugin}` gives it up, and `deploy` with --replace ends its trial for this one"
    )]
    UnderTrial {
        /// The plugin.
        plugin: String,
        /// The generation that is tried.
        tried: u64,
        /// How.
        how: &'static str,
    },
    /// It would decide nothing there.
    #[error(
        "no topic that binds plugin \"{plugin}\" has partition {partition} for the canary: the highest is {highest}"
    )]
    NoSuchPartition {
        /// The plugin.
        plugin: String,
        /// What was asked for.
        partition: i32,
        /// The last partition of the topic that has most.
        highest: usize,
    },
    /// More than a plugin may take.
    #[error("{0}")]
    Limits(#[from] LimitsError),
    /// Nothing is tried, or something else.
    #[error("generation {asked} of plugin \"{plugin}\" is not being tried; {tried}")]
    OtherCandidate {
        /// The plugin.
        plugin: String,
        /// What was asked for.
        asked: u64,
        /// What is.
        tried: String,
    },
    /// Nothing is tried.
    #[error("no generation of plugin \"{0}\" is being tried: deploy one with --shadow or --canary first")]
    NoCandidate(String),
    /// The history has it not.
    #[error("plugin \"{plugin}\" has no generation {generation} to go back to; its history has {known}")]
    NoSuchGeneration {
        /// The plugin.
        plugin: String,
        /// What was asked for.
        generation: u64,
        /// What there is.
        known: String,
    },
    /// It is the first, or the history is forgotten.
    #[error("plugin \"{0}\" has no earlier generation to go back to")]
    NothingBefore(String),
    /// A name that bindings could not spell, or a text without end.
    #[error("{0}")]
    Refused(String),
}

impl PluginChange {
    /// What is to be committed, given what there is.
    pub fn plan(&self, image: &Image, name: &str, by: Deployment) -> Result<PlannedChange, PluginChangeError> {
        check_text(&by)?;
        match self {
            PluginChange::Deploy(deploy) => deploy.plan(image, name, by),
            PluginChange::Promote { generation } => promote(image, name, *generation),
            PluginChange::Rollback { to } => rollback(image, name, *to, by),
        }
    }
}

impl Deploy {
    fn plan(&self, image: &Image, name: &str, by: Deployment) -> Result<PlannedChange, PluginChangeError> {
        check_name(name)?;
        let active = image.plugin(name);
        let plugin = self.record(active, image.next_generation(name), by);
        if plugin.config.to_string().len() > MAX_CONFIG_VALUE_BYTES {
            let refused = format!("the configuration is longer than {MAX_CONFIG_VALUE_BYTES} bytes");
            return Err(PluginChangeError::Refused(refused));
        }
        plugin.limits.check()?;
        if let Some(tried) = image.candidate(name).filter(|_| !self.replace) {
            return self.beside(tried, name, &plugin);
        }
        let generation = plugin.generation;
        match (&self.rollout, active) {
            (None, Some(active)) if image.candidate(name).is_none() && same(active, &plugin) => Ok(PlannedChange {
                record: None,
                generation: active.generation,
                outcome: ChangeOutcome::Unchanged,
            }),
            (None, _) => Ok(PlannedChange {
                record: Some(Record::PutPlugin {
                    name: name.to_owned(),
                    plugin,
                }),
                generation,
                outcome: ChangeOutcome::Active,
            }),
            (Some(_), None) => Err(PluginChangeError::NothingToTryBeside(name.to_owned())),
            (Some(rollout), Some(_)) => {
                check_rollout(image, name, rollout)?;
                let (name, rollout) = (name.to_owned(), rollout.clone());
                Ok(PlannedChange {
                    record: Some(Record::TryPlugin { name, plugin, rollout }),
                    generation,
                    outcome: ChangeOutcome::Tried,
                })
            }
        }
    }

    /// While something is tried, only the very same may be deployed again.
    fn beside(&self, tried: &Candidate, name: &str, plugin: &PluginRecord) -> Result<PlannedChange, PluginChangeError> {
        let generation = tried.plugin.generation;
        if self.rollout.as_ref() == Some(&tried.rollout) && same(&tried.plugin, plugin) {
            return Ok(PlannedChange {
                record: None,
                generation,
                outcome: ChangeOutcome::Tried,
            });
        }
        Err(PluginChangeError::UnderTrial {
            plugin: name.to_owned(),
            tried: generation,
            how: match tried.rollout {
                Rollout::Shadow => "shadow",
                Rollout::Canary(_) => "canary",
            },
        })
    }

    fn record(&self, active: Option<&Arc<PluginRecord>>, generation: u64, by: Deployment) -> PluginRecord {
        let inherited = |config: fn(&PluginRecord) -> Value| active.map_or(Value::Null, |active| config(active));
        PluginRecord {
            module: self.module,
            builtin: self.builtin.clone(),
            config: self
                .config
                .clone()
                .unwrap_or_else(|| inherited(|active| active.config.clone())),
            limits: self.limits.or(active.map(|active| active.limits)).unwrap_or_default(),
            generation,
            deployment: Deployment { how: How::Deploy, ..by },
        }
    }
}

fn promote(image: &Image, name: &str, asked: Option<u64>) -> Result<PlannedChange, PluginChangeError> {
    let plugin = name.to_owned();
    if image.plugin(name).is_none() {
        return Err(PluginChangeError::NoSuchPlugin(plugin));
    }
    let tried = image.candidate(name).map(|candidate| candidate.plugin.generation);
    match (tried, asked) {
        (None, _) => Err(PluginChangeError::NoCandidate(plugin)),
        (Some(tried), Some(asked)) if asked != tried => Err(PluginChangeError::OtherCandidate {
            plugin,
            asked,
            tried: format!("generation {tried} is"),
        }),
        (Some(generation), _) => Ok(PlannedChange {
            record: Some(Record::PromotePlugin {
                name: plugin,
                generation,
            }),
            generation,
            outcome: ChangeOutcome::Active,
        }),
    }
}

fn rollback(image: &Image, name: &str, to: Option<u64>, by: Deployment) -> Result<PlannedChange, PluginChangeError> {
    let plugin = name.to_owned();
    let Some(active) = image.plugin(name) else {
        return Err(PluginChangeError::NoSuchPlugin(plugin));
    };
    let tried = image.candidate(name).map(|candidate| candidate.plugin.generation);
    let to_active = to.is_none_or(|to| to == active.generation);
    if let Some(generation) = tried.filter(|_| to_active) {
        return Ok(PlannedChange {
            record: Some(Record::AbandonPlugin {
                name: plugin,
                generation,
            }),
            generation,
            outcome: ChangeOutcome::Abandoned,
        });
    }
    let lineage = image.lineage(name);
    let earlier = match to {
        None => lineage.and_then(|lineage| lineage.before(active)),
        Some(to) => lineage.and_then(|lineage| lineage.past(to)),
    };
    let Some(earlier) = earlier else {
        return Err(match to {
            None => PluginChangeError::NothingBefore(plugin),
            Some(generation) => PluginChangeError::NoSuchGeneration {
                plugin,
                generation,
                known: known(image, name),
            },
        });
    };
    let generation = image.next_generation(name);
    let restored = PluginRecord {
        generation,
        deployment: Deployment {
            how: How::Rollback,
            restores: Some(earlier.deployment.restores.unwrap_or(earlier.generation)),
            ..by
        },
        ..(**earlier).clone()
    };
    Ok(PlannedChange {
        record: Some(Record::PutPlugin {
            name: plugin,
            plugin: restored,
        }),
        generation,
        outcome: ChangeOutcome::Active,
    })
}

fn known(image: &Image, name: &str) -> String {
    let past = image
        .lineage(name)
        .map(|lineage| lineage.past.as_slice())
        .unwrap_or_default();
    let numbers: Vec<String> = past.iter().map(|past| past.plugin.generation.to_string()).collect();
    if numbers.is_empty() {
        "none".to_owned()
    } else {
        numbers.join(", ")
    }
}

fn same(active: &PluginRecord, plugin: &PluginRecord) -> bool {
    (active.module, &active.config, active.limits) == (plugin.module, &plugin.config, plugin.limits)
}

/// A canary decides somewhere: a plugin that nothing binds yet may be bound by any topic.
fn check_rollout(image: &Image, name: &str, rollout: &Rollout) -> Result<(), PluginChangeError> {
    let Rollout::Canary(partitions) = rollout else {
        return Ok(());
    };
    let (Some(first), Some(last)) = (partitions.first(), partitions.last()) else {
        return Err(no_partitions());
    };
    if *first < 0 {
        return Err(no_partitions());
    }
    let names: BTreeSet<&str> = image.topics_binding(name).collect();
    // A policy of consumers' retries is asked in their retry topics.
    let bound = image.topics().filter(|topic| {
        let source = topic.configs.get(keys::RETRY_SOURCE);
        names.contains(&*topic.name) || source.is_some_and(|source| names.contains(source.as_str()))
    });
    match bound.map(|topic| topic.partitions.len()).max() {
        Some(most) if last.unsigned_abs() as usize >= most => Err(PluginChangeError::NoSuchPartition {
            plugin: name.to_owned(),
            partition: *last,
            highest: most.saturating_sub(1),
        }),
        Some(_) | None => Ok(()),
    }
}

fn no_partitions() -> PluginChangeError {
    PluginChangeError::Refused("a canary wants the numbers of some partitions".to_owned())
}

/// A name that can stand in TOML, in a binding and in a path.
fn check_name(name: &str) -> Result<(), PluginChangeError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=100).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    let refused = "a plugin's name has letters, digits, dashes, dots and underscores, at most 100 of them";
    Err(PluginChangeError::Refused(refused.to_owned()))
}

fn check_text(by: &Deployment) -> Result<(), PluginChangeError> {
    if by.note.len() > NOTE_BYTES_MAX || by.by.len() > NOTE_BYTES_MAX {
        let refused = format!("a note has at most {NOTE_BYTES_MAX} bytes");
        return Err(PluginChangeError::Refused(refused));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deploy(module: u8, rollout: Option<Rollout>) -> PluginChange {
        PluginChange::Deploy(Deploy {
            module: Digest([module; 32]),
            builtin: None,
            config: None,
            limits: None,
            rollout,
            replace: false,
        })
    }

    fn change(image: &mut Image, change: &PluginChange) -> Result<PlannedChange, PluginChangeError> {
        let planned = change.plan(image, "p", Deployment::default())?;
        *image = image.apply(planned.record.as_slice()).unwrap();
        Ok(planned)
    }

    #[test]
    fn a_plugin_is_deployed_tried_promoted_and_taken_back() {
        let image = &mut Image::default();
        let canary = Some(Rollout::Canary([0].into()));
        let early = change(image, &deploy(1, canary.clone())).unwrap_err();
        assert_eq!(early, PluginChangeError::NothingToTryBeside("p".into()));
        change(image, &deploy(1, None)).unwrap();
        assert_eq!(
            change(image, &deploy(1, None)).unwrap().outcome,
            ChangeOutcome::Unchanged
        );
        assert_eq!(change(image, &deploy(2, canary)).unwrap().outcome, ChangeOutcome::Tried);
        assert!(change(image, &PluginChange::Promote { generation: Some(1) }).is_err());
        change(image, &PluginChange::Promote { generation: Some(2) }).unwrap();
        let back = change(image, &PluginChange::Rollback { to: None }).unwrap();
        assert_eq!((back.generation, back.outcome), (3, ChangeOutcome::Active));
        let active = image.plugin("p").unwrap();
        assert_eq!((active.module, active.deployment.restores), (Digest([1; 32]), Some(1)));
        let none = change(image, &PluginChange::Rollback { to: None }).unwrap_err();
        assert_eq!(none, PluginChangeError::NothingBefore("p".into()));
        let unknown = change(image, &PluginChange::Rollback { to: Some(7) }).unwrap_err();
        assert!(unknown.to_string().ends_with("its history has 1, 2"), "{unknown}");
        change(image, &PluginChange::Rollback { to: Some(2) }).unwrap();
        assert_eq!(image.plugin("p").unwrap().module, Digest([2; 32]));
    }

    /// The bug: a second trial ends the first one, and nobody is told.
    #[test]
    fn a_trial_is_ended_by_nobody_who_does_not_mean_to() {
        let image = &mut Image::default();
        change(image, &deploy(1, None)).unwrap();
        change(image, &deploy(2, Some(Rollout::Shadow))).unwrap();
        let again = change(image, &deploy(2, Some(Rollout::Shadow))).unwrap();
        assert_eq!((again.generation, again.outcome), (2, ChangeOutcome::Tried));
        for other in [
            deploy(3, Some(Rollout::Shadow)),
            deploy(2, Some(Rollout::Canary([0].into()))),
            deploy(2, None),
            deploy(1, None),
        ] {
            let refused = change(image, &other).unwrap_err();
            let expected = PluginChangeError::UnderTrial {
                plugin: "p".into(),
                tried: 2,
                how: "shadow",
            };
            assert_eq!(refused, expected);
            assert_eq!(image.candidate("p").unwrap().plugin.generation, 2);
        }
        let mut other = deploy(3, Some(Rollout::Canary([0].into())));
        if let PluginChange::Deploy(deploy) = &mut other {
            deploy.replace = true;
        }
        assert_eq!(change(image, &other).unwrap().outcome, ChangeOutcome::Tried);
        assert_eq!(image.candidate("p").unwrap().plugin.generation, 3);
    }

    #[test]
    fn a_rollback_during_a_trial_ends_the_trial_only() {
        let image = &mut Image::default();
        change(image, &deploy(1, None)).unwrap();
        change(image, &deploy(2, Some(Rollout::Shadow))).unwrap();
        let ended = change(image, &PluginChange::Rollback { to: None }).unwrap();
        assert_eq!((ended.generation, ended.outcome), (2, ChangeOutcome::Abandoned));
        assert_eq!(image.plugin("p").unwrap().generation, 1);
        assert_eq!(
            change(image, &PluginChange::Promote { generation: None }),
            Err(PluginChangeError::NoCandidate("p".into()))
        );
    }
}
