//! The topics that bindings look things up in: whether there can be a table of them, as far as the file says it.

use std::collections::{BTreeMap, BTreeSet};

use corvid_metadata::config::keys;
use corvid_metadata::desired::DesiredTopic;
use corvid_metadata::policy::TopicBindings;

use super::problem::Problem;
use super::reader::{Entry, Notes, Table};

/// What makes a topic one that keeps the last value of every key.
const COMPACT: &str = "compact";

/// Notes what a node would refuse, and what it may: a topic of another file may be on the node already.
pub(super) fn check(topics: &Table<'_>, desired: &BTreeMap<String, DesiredTopic>, notes: &mut Notes) {
    for topic in topics.entries() {
        let Some(wanted) = desired.get(topic.key) else {
            continue;
        };
        // What is wrong with the bindings was said before.
        let Ok(bindings) = TopicBindings::from_configs(topic.key, &wanted.configs) else {
            continue;
        };
        let tables: BTreeSet<&String> = bindings
            .everywhere()
            .flat_map(|binding| binding.tables.values())
            .collect();
        for source in tables {
            of_one(&topic, source, desired.get(source), notes);
        }
    }
}

fn of_one(topic: &Entry<'_>, source: &str, wanted: Option<&DesiredTopic>, notes: &mut Notes) {
    let about = |what: &str| {
        let message = format!("topic `{}` looks things up in topic `{source}`, {what}", topic.key);
        Problem::new(topic.key_span.clone(), message)
    };
    let compact = format!(
        "a table wants configs = {{ \"{}\" = \"{COMPACT}\" }}",
        keys::CLEANUP_POLICY
    );
    let policy = wanted.map(|wanted| wanted.configs.get(keys::CLEANUP_POLICY).map(String::as_str));
    match policy {
        None => {
            let hint = format!("it has to be on the node already, and compacted: {compact}");
            notes.odd(about("which this file does not have").hint(hint));
        }
        Some(None) => notes.odd(about("of which this file does not say that it is compacted").hint(compact)),
        Some(Some(COMPACT)) => {}
        Some(Some(_)) => notes.wrong(about("which forgets records by their age").hint(compact)),
    }
}
