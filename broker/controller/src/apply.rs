//! A TOML file's topics and plugins, made so.

use std::collections::BTreeMap;
use std::sync::Arc;

use corvid_env::{clock, random};
use corvid_metadata::config;
use corvid_metadata::desired::{Desired, NewTopic, Plan, PlanError, plan};
use corvid_metadata::{Conflict, Image, Record, TopicId};

use crate::controller::Controller;
use crate::error::SubmitError;
use crate::retry_topics;
use crate::topics::{self, TopicSpec};

/// What a file changed, or would change.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The differences, for people; none if the cluster was as the file wants it.
    pub plan: Plan,
    /// What the metadata is with it.
    pub image: Arc<Image>,
    /// The ids of the topics that were made, or would be.
    pub made: Made,
}

/// Topics' ids by their names.
pub type Made = BTreeMap<String, TopicId>;

/// Why a file was not applied. Nothing of it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The file can't be made so.
    #[error("{0}")]
    Plan(#[from] PlanError),
    /// A topic of it can't be placed.
    #[error("[topics.\"{topic}\"]: {reason}")]
    Topic {
        /// Which topic.
        topic: String,
        /// Why not.
        reason: String,
    },
    /// The quorum did not take it.
    #[error("{0}")]
    Submit(#[source] SubmitError),
}

/// How often a file is compared anew when requests overtake it.
const MAX_RACES: usize = 10;

impl Controller {
    /// Compares a file with the image and commits the difference in one batch; with `dry_run` it
    /// only says what that would be.
    pub async fn apply(&self, desired: &Desired, dry_run: bool) -> Result<Applied, ApplyError> {
        self.apply_as(desired, dry_run, &Made::new()).await
    }

    /// The same, where new topics have the ids that a dry run gave them: what was loaded for these stays loaded.
    pub async fn apply_as(&self, desired: &Desired, dry_run: bool, tried: &Made) -> Result<Applied, ApplyError> {
        let mut races = 0;
        loop {
            let image = self.image();
            let plan = plan(&image, desired)?;
            let records = self.records_of(&image, &plan, tried)?;
            let made = made(&records);
            if records.is_empty() {
                return Ok(Applied { plan, image, made });
            }
            if dry_run {
                let image = image
                    .apply(&records)
                    .map_err(|conflict| ApplyError::Submit(SubmitError::Conflict(conflict)))?;
                let image = Arc::new(image);
                return Ok(Applied { plan, image, made });
            }
            match self.submit(records).await {
                Ok(image) => return Ok(Applied { plan, image, made }),
                // Somebody else has changed what the plan was made for: it is made anew.
                Err(SubmitError::Conflict(conflict)) if races < MAX_RACES && overtaken(&conflict) => races += 1,
                Err(error) => return Err(ApplyError::Submit(error)),
            }
        }
    }

    /// One batch. Each growth is made on top of the one before it, since they may take source ids.
    fn records_of(&self, image: &Image, plan: &Plan, tried: &Made) -> Result<Vec<Record>, ApplyError> {
        let mut records = Vec::new();
        let mut grown = image.clone();
        for growth in &plan.grow {
            let refused = |reason: String| ApplyError::Topic {
                topic: growth.topic.clone(),
                reason,
            };
            let more =
                topics::growth(&grown, &growth.topic, growth.to, &[]).map_err(|error| refused(error.to_string()))?;
            grown = grown.apply(&more).map_err(|conflict| refused(conflict.to_string()))?;
            records.extend(more);
        }
        for topic in &plan.create {
            let topic = retry_topics::completed_by_plan(image, plan, topic);
            records.push(self.creation(image, &topic, tried)?);
        }
        records.extend(plan.records.iter().cloned().map(stamped));
        Ok(records)
    }

    fn creation(&self, image: &Image, topic: &NewTopic, tried: &Made) -> Result<Record, ApplyError> {
        let spec = TopicSpec {
            name: topic.name.clone(),
            partitions: topic.partitions,
            ..TopicSpec::default()
        };
        let refused = |reason: String| ApplyError::Topic {
            topic: topic.name.clone(),
            reason,
        };
        config::check_together(&topic.name, &topic.configs).map_err(|error| refused(error.to_string()))?;
        topics::check_place(image, &topic.name).map_err(|error| refused(error.to_string()))?;
        let partitions = self
            .partitions_of(image, &spec)
            .map_err(|error| refused(error.to_string()))?;
        let id = tried.get(&topic.name).copied();
        let id = id.unwrap_or_else(|| TopicId(random::uuid()));
        Ok(Record::CreateTopic {
            id,
            name: topic.name.clone(),
            partitions,
            configs: topic.configs.clone(),
        })
    }
}

fn made(records: &[Record]) -> Made {
    let topics = records.iter().filter_map(|record| match record {
        Record::CreateTopic { id, name, .. } => Some((name.clone(), *id)),
        _ => None,
    });
    topics.collect()
}

/// With the time at which a plugin's generation was made.
fn stamped(mut record: Record) -> Record {
    if let Record::PutPlugin { plugin, .. } = &mut record {
        plugin.deployment.at_ms = clock::wall_clock().0;
    }
    record
}

fn overtaken(conflict: &Conflict) -> bool {
    matches!(
        conflict,
        Conflict::TopicExists { .. }
            | Conflict::TopicCollides { .. }
            | Conflict::UnknownTopic(_)
            | Conflict::PartitionsMoved { .. }
            | Conflict::SourcesMoved { .. }
            | Conflict::StaleGeneration { .. }
            | Conflict::NoSuchPlugin(_)
            | Conflict::UnknownPlugin { .. }
    )
}
