//! Topics: new, grown, configured otherwise.

use std::collections::BTreeMap;

use super::{Change, Desired, DesiredTopic, Growth, LeftTopic, NewTopic, Plan, PlanError, Why};
use crate::config::{self, Configs};
use crate::image::{Image, TopicImage};
use crate::limits::MAX_PARTITIONS_PER_REQUEST;
use crate::policy::TopicBindings;
use crate::record::{AppliedKeys, Record};
use crate::topic_name;

pub(super) fn plan(image: &Image, desired: &Desired, before: &AppliedKeys, plan: &mut Plan) -> Result<(), PlanError> {
    check_names(image, desired)?;
    let nothing = BTreeMap::new();
    for (name, wanted) in &desired.topics {
        check_partitions(name, wanted)?;
        match image.topic(name) {
            None => create(image, desired, name, wanted, plan)?,
            Some(present) => {
                grow(present, wanted, plan)?;
                let last = before.topics.get(name).unwrap_or(&nothing);
                configure(image, desired, present, wanted, last, plan)?;
            }
        }
    }
    plan.left.extend(left(image, desired, before));
    Ok(())
}

/// Who takes `[topics.orders.retry]` out, and nothing else of `orders` is in the file, expects the retries to end.
fn left(image: &Image, desired: &Desired, before: &AppliedKeys) -> Vec<LeftTopic> {
    let absent = before
        .topics
        .iter()
        .filter(|(name, _)| !desired.topics.contains_key(*name));
    let left = absent.filter_map(|(name, last)| {
        let present = image.topic(name)?;
        let stays = last
            .iter()
            .filter(|(key, value)| present.configs.get(*key) == Some(*value));
        let keys: Vec<String> = stays.map(|(key, _)| key.clone()).collect();
        (!keys.is_empty()).then(|| LeftTopic {
            topic: name.clone(),
            keys,
        })
    });
    left.collect()
}

fn check_names(image: &Image, desired: &Desired) -> Result<(), PlanError> {
    let mut folded: BTreeMap<String, &str> = image
        .topics()
        .map(|topic| (topic_name::fold(&topic.name), topic.name.as_str()))
        .collect();
    for topic in desired.topics.keys() {
        topic_name::check(topic).map_err(|error| PlanError::BadTopicName {
            topic: topic.clone(),
            error,
        })?;
        if topic_name::is_internal(topic) {
            return Err(PlanError::Internal { topic: topic.clone() });
        }
        match folded.insert(topic_name::fold(topic), topic) {
            Some(other) if other != topic => {
                return Err(PlanError::TopicCollides {
                    topic: topic.clone(),
                    other: other.to_owned(),
                });
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_partitions(topic: &str, wanted: &DesiredTopic) -> Result<(), PlanError> {
    match wanted.partitions {
        Some(partitions) if !(1..=MAX_PARTITIONS_PER_REQUEST).contains(&partitions) => Err(PlanError::BadPartitions {
            topic: topic.to_owned(),
            partitions,
            limit: MAX_PARTITIONS_PER_REQUEST,
        }),
        _ => Ok(()),
    }
}

fn create(
    image: &Image,
    desired: &Desired,
    name: &str,
    wanted: &DesiredTopic,
    plan: &mut Plan,
) -> Result<(), PlanError> {
    check_configs(image, desired, name, &wanted.configs)?;
    let topic = NewTopic {
        name: name.to_owned(),
        partitions: wanted.partitions,
        configs: wanted.configs.clone(),
    };
    plan.changes.push(Change::CreateTopic(topic.clone()));
    plan.create.push(topic);
    Ok(())
}

fn grow(present: &TopicImage, wanted: &DesiredTopic, plan: &mut Plan) -> Result<(), PlanError> {
    let have = present.partitions.len() as i32;
    let want = wanted.partitions.unwrap_or(have);
    if want < have {
        return Err(PlanError::WouldShrink {
            topic: present.name.clone(),
            have,
            want,
        });
    }
    if want > have {
        let growth = Growth {
            topic: present.name.clone(),
            from: have,
            to: want,
        };
        plan.changes.push(Change::AddPartitions(growth.clone()));
        plan.grow.push(growth);
    }
    Ok(())
}

fn configure(
    image: &Image,
    desired: &Desired,
    present: &TopicImage,
    wanted: &DesiredTopic,
    last: &BTreeMap<String, String>,
    plan: &mut Plan,
) -> Result<(), PlanError> {
    let mut result = present.configs.clone();
    for (key, value) in &wanted.configs {
        let from = present.configs.get(key);
        if from.is_some_and(|from| config::same_value(key, from, value)) {
            continue;
        }
        // What the image has is what the last file said, or somebody else has been there.
        let why = if last.get(key).is_some_and(|last| from != Some(last)) {
            Why::Drift
        } else {
            Why::File
        };
        result.insert(key.clone(), value.clone());
        set(present, key, Some(value), why, plan);
    }
    for key in last.keys().filter(|key| !wanted.configs.contains_key(*key)) {
        if result.remove(key).is_some() {
            set(present, key, None, Why::Gone, plan);
        }
    }
    check_configs(image, desired, &present.name, &result)
}

fn set(topic: &TopicImage, key: &str, value: Option<&str>, why: Why, plan: &mut Plan) {
    plan.changes.push(Change::SetConfig {
        topic: topic.name.clone(),
        key: key.to_owned(),
        from: topic.configs.get(key).cloned(),
        to: value.map(str::to_owned),
        why,
    });
    plan.records.push(Record::SetTopicConfig {
        topic: topic.id,
        key: key.to_owned(),
        value: value.map(str::to_owned),
    });
}

/// The configs that the topic will have, together, and the plugins that they bind.
fn check_configs(image: &Image, desired: &Desired, topic: &str, configs: &Configs) -> Result<(), PlanError> {
    let bad = |error| PlanError::BadConfig {
        topic: topic.to_owned(),
        error,
    };
    config::check_topic(topic, configs).map_err(bad)?;
    let bindings = TopicBindings::from_configs(topic, configs).map_err(bad)?;
    let known = |plugin: &str| desired.plugins.contains_key(plugin) || image.plugin(plugin).is_some();
    match bindings.everywhere().find(|binding| !known(&binding.plugin)) {
        Some(binding) => Err(PlanError::UnknownPlugin {
            topic: topic.to_owned(),
            plugin: binding.plugin.clone(),
        }),
        None => Ok(()),
    }
}
