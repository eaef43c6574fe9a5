//! The comparison, put together.

use std::collections::{BTreeMap, BTreeSet};

use super::{Desired, Plan, PlanError, plugins, topics};
use crate::image::Image;
use crate::record::{AppliedKeys, Record};

/// What has to be done to give the image what the file wants.
pub fn plan(image: &Image, desired: &Desired) -> Result<Plan, PlanError> {
    let before = image.applied_keys(&desired.owner).cloned().unwrap_or_default();
    let mut plan = Plan::default();
    plugins::put(image, desired, &before, &mut plan)?;
    topics::plan(image, desired, &before, &mut plan)?;
    let kept = plugins::remove(image, desired, &before, &mut plan);
    let after = applied(desired, kept);
    if after != before {
        plan.records.push(Record::AppliedKeys {
            owner: desired.owner.clone(),
            keys: after,
        });
    }
    Ok(plan)
}

/// What the image is to remember of this file. `kept` are plugins that it lacks, and that are
/// still bound: a later file lets them go.
fn applied(desired: &Desired, kept: BTreeSet<String>) -> AppliedKeys {
    let configs = |topic: &super::DesiredTopic| topic.configs.clone();
    let topics: BTreeMap<_, _> = desired
        .topics
        .iter()
        .map(|(name, topic)| (name.clone(), configs(topic)))
        .collect();
    AppliedKeys {
        topics,
        plugins: desired.plugins.keys().cloned().chain(kept).collect(),
        wanted: desired.plugins.clone(),
    }
}
