//! Which configs of retries and policies go together.

use super::validate::is_compacted;
use super::{Configs, keys};
use crate::policy::TopicBindings;
use crate::topic_name;

/// Why a topic's retry table, its policy, or what it is as a retry topic can't be; `None` if all of it can.
pub(super) fn check(topic: &str, configs: &Configs, bindings: &TopicBindings) -> Option<String> {
    let set = |key: &str| configs.get(key).is_some_and(|value| !value.trim().is_empty());
    if bindings.retry_of.is_some() {
        return of_retry_topic(topic, configs, bindings);
    }
    if set(keys::RETRY_GROUP) {
        return Some(format!(
            "topic \"{topic}\": {} is of a retry topic, and needs {}",
            keys::RETRY_GROUP,
            keys::RETRY_SOURCE
        ));
    }
    if bindings.retry.is_none() {
        let orphan = [keys::RETRY_BACKOFF, keys::RETRY_GROUPS_MAX, keys::RETRY_POLICY]
            .into_iter()
            .find(|key| set(key));
        if let Some(key) = orphan {
            return Some(format!(
                "topic \"{topic}\": {key} is nothing without {} (1 or more)",
                keys::RETRY_ATTEMPTS
            ));
        }
    } else if topic_name::is_internal(topic) {
        return Some(format!(
            "topic \"{topic}\" can't have retries ({}): it is one of the broker's internal topics",
            keys::RETRY_ATTEMPTS
        ));
    }
    if bindings.asks_policy() && bindings.policy.is_none() {
        return Some(format!(
            "topic \"{topic}\" leaves it to the policy what becomes of records, and binds none; set {}",
            keys::POLICY
        ));
    }
    None
}

/// A retry topic takes records back into the group that failed on them, whatever they are: it has no hooks but the policy,
/// and no retries of retries.
fn of_retry_topic(topic: &str, configs: &Configs, bindings: &TopicBindings) -> Option<String> {
    let of = bindings.retry_of.as_ref()?;
    let delays = configs.get(keys::DELAY_MAX_MS).is_some_and(|value| value.trim() != "0");
    let reason = if of.source == topic {
        "it can't be for itself".to_owned()
    } else if is_compacted(configs) {
        "it can't be compacted: a record that comes back would take the place of newer ones".to_owned()
    } else if bindings.all().next().is_some() || bindings.policy.is_some() {
        format!(
            "its records were checked at \"{}\", so it binds no plugin of its own",
            of.source
        )
    } else if bindings.retry.is_some() {
        format!("the retry table of \"{}\" counts, so it has none of its own", of.source)
    } else if delays {
        format!(
            "its records wait as the retry table of \"{}\" says ({})",
            of.source,
            keys::DELAY_MAX_MS
        )
    } else {
        return None;
    };
    Some(format!(
        "topic \"{topic}\" is a retry topic ({}): {reason}",
        keys::RETRY_SOURCE
    ))
}
