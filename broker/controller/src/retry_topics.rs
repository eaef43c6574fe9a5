//! Topics whose name is that of a retry topic, however they are created.

use corvid_metadata::config::{Configs, keys};
use corvid_metadata::desired::{NewTopic, Plan};
use corvid_metadata::policy::TopicBindings;
use corvid_metadata::{Image, Record, retry_topic};

use crate::topics::TopicSpec;

/// Gives a topic that is asked for what a retry topic has: as many partitions as its source, and configs that say what it is
/// for. Any other stays as it is.
pub(crate) fn completed(image: &Image, mut spec: TopicSpec) -> TopicSpec {
    let Some((source, of)) = retry_topic::of_name(image, &spec.name) else {
        return spec;
    };
    if spec.partitions.is_none() && spec.assignments.is_empty() {
        spec.partitions = Some(source.partitions.len() as i32);
    }
    complete(&mut spec.configs, retry_topic::configs_of(&of));
    spec
}

/// The same for a topic of a file, whose source or whose source's retry table may be in the file, too.
pub(crate) fn completed_by_plan(image: &Image, plan: &Plan, topic: &NewTopic) -> NewTopic {
    let mut topic = topic.clone();
    let found = retry_topic::of_name_where(&topic.name, |candidate| has_table(image, plan, candidate));
    let Some(of) = found else { return topic };
    topic.partitions = topic.partitions.or_else(|| partitions(image, plan, &of.source));
    complete(&mut topic.configs, retry_topic::configs_of(&of));
    topic
}

/// What somebody has set by hand stands.
fn complete(configs: &mut Configs, of: Configs) {
    if !configs.contains_key(keys::RETRY_SOURCE) {
        configs.extend(of);
    }
}

fn has_table(image: &Image, plan: &Plan, name: &str) -> bool {
    let configs = match (image.topic(name), plan.create.iter().find(|new| new.name == name)) {
        (Some(topic), _) => {
            let mut configs = topic.configs.clone();
            for record in &plan.records {
                if let Record::SetTopicConfig { topic: id, key, value } = record
                    && *id == topic.id
                {
                    match value {
                        Some(value) => configs.insert(key.clone(), value.clone()),
                        None => configs.remove(key),
                    };
                }
            }
            configs
        }
        (None, Some(new)) => new.configs.clone(),
        (None, None) => return false,
    };
    TopicBindings::from_configs(name, &configs).is_ok_and(|bindings| bindings.retry.is_some())
}

fn partitions(image: &Image, plan: &Plan, source: &str) -> Option<i32> {
    match image.topic(source) {
        Some(topic) => Some(topic.partitions.len() as i32),
        None => plan.create.iter().find(|new| new.name == source)?.partitions,
    }
}
