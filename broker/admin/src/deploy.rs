//! One plugin's change in two phases: every node that may run it prepares, then one record flips the generation.
//!
//! Prepare is to load, compile and self-test what the change leads to, with each configuration that a binding gives it, and to
//! look whether it has the hooks of its bindings. What fails there never becomes active. The flip is one record of the metadata;
//! requests under way finish with the generation that they began with, and no request waits or fails.

use std::time::Duration;

use corvid_controller::SubmitError;
use corvid_env::clock;
use corvid_metadata::plugin::{ChangeOutcome, Deployment, PlannedChange, PluginChange, PluginChangeError};
use corvid_metadata::{Conflict, Image, Rollout};
use corvid_pipeline::{PluginError, Plugins};

use crate::apply::Applier;

/// What became of a change.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    /// The generation, and what became of it.
    pub planned: PlannedChange,
    /// The hooks of the plugin that was prepared.
    pub hooks: Vec<&'static str>,
    /// How long preparing took.
    pub took: Duration,
    /// What is odd about the result.
    pub warnings: Vec<String>,
}

/// Why a plugin is as it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeployFailure {
    /// The change makes no sense.
    #[error("{0}")]
    Change(#[from] PluginChangeError),
    /// It does not load, fails its self-test, or lacks the hook of a binding.
    #[error("{0}")]
    Check(String),
    /// Somebody else changed it meanwhile.
    #[error("{0}")]
    Conflict(#[from] Conflict),
    /// The quorum did not take it.
    #[error("{0}")]
    Submit(#[source] SubmitError),
}

impl Applier {
    /// Prepares, and flips. When this returns, this node has put the change into effect.
    pub(crate) async fn change_plugin(
        &self,
        name: &str,
        change: &PluginChange,
        by: Deployment,
    ) -> Result<Changed, DeployFailure> {
        let _turn = self.turn.lock().await;
        let began = clock::now();
        let image = self.controller.image();
        let planned = change.plan(&image, name, by)?;
        let Some(record) = &planned.record else {
            return Ok(Changed {
                hooks: self.hooks(&image, name, planned.generation).await.unwrap_or_default(),
                planned,
                took: began.elapsed(),
                warnings: Vec::new(),
            });
        };
        let after = image.apply(std::slice::from_ref(record))?;
        let checked = self.topics.check(&after).await;
        if checked.is_err() {
            // What was loaded to be tried, and will not be bound.
            self.topics.plugins().forget_unused();
            self.topics.plugins().prune_cache().await;
        }
        checked.map_err(DeployFailure::Check)?;
        let hooks = self.hooks(&after, name, planned.generation).await;
        let took = began.elapsed();
        self.controller
            .submit(vec![record.clone()])
            .await
            .map_err(|error| match error {
                SubmitError::Conflict(conflict) => DeployFailure::Conflict(conflict),
                other => DeployFailure::Submit(other),
            })?;
        self.settle().await;
        Ok(Changed {
            hooks: hooks.unwrap_or_default(),
            took,
            warnings: self.warnings(&after, name, planned.outcome).await,
            planned,
        })
    }

    /// The hooks of a generation that was prepared.
    async fn hooks(&self, image: &Image, name: &str, generation: u64) -> Result<Vec<&'static str>, PluginError> {
        let candidate = image.candidate(name).map(|candidate| &candidate.plugin);
        let mut known = image.plugin(name).into_iter().chain(candidate);
        let Some(record) = known.find(|record| record.generation == generation) else {
            return Ok(Vec::new());
        };
        let plugin = self
            .topics
            .plugins()
            .load(&Plugins::key_of_record(name, record))
            .await?;
        Ok(plugin.hooks().iter().map(corvid_plugin_host::Hook::name).collect())
    }

    async fn warnings(&self, image: &Image, name: &str, outcome: ChangeOutcome) -> Vec<String> {
        let topics: Vec<&str> = image.topics_binding(name).collect();
        let mut warnings = self.unavailable(topics.iter().copied());
        let rollout = image.candidate(name).map(|candidate| &candidate.rollout);
        let shadowed = (outcome, rollout) == (ChangeOutcome::Tried, Some(&Rollout::Shadow));
        if topics.is_empty() {
            let then = if shadowed {
                "the shadow has nothing to compare until one does"
            } else {
                "it is called once one does"
            };
            warnings.push(format!("no topic binds {name} yet: {then}"));
        }
        if shadowed {
            warnings.extend(self.topics.blind_spots(image, name).await);
        }
        if let (ChangeOutcome::Tried, Some(Rollout::Canary(partitions))) = (outcome, rollout) {
            for topic in topics.iter().filter_map(|topic| image.topic(topic)) {
                let have = topic.partitions.len();
                let missing = partitions
                    .iter()
                    .filter(|partition| partition.unsigned_abs() as usize >= have);
                warnings.extend(
                    missing
                        .map(|partition| format!("topic {} has no partition {partition} for the canary", topic.name)),
                );
            }
        }
        warnings
    }
}
