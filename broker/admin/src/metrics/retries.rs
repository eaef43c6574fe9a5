//! What became of the records that consumers produced to their retry topics.

use std::collections::BTreeMap;

use corvid_metadata::Image;
use corvid_metadata::config::keys;
use corvid_metadata::policy::TopicBindings;

use super::family::{Families, label};
use crate::context::Context;

pub(super) fn gather(context: &Context, image: &Image, families: &mut Families) {
    topics(context, image, families);
    let topics = context.topics.all();
    for topic in topics.values().filter(|topic| topic.is_for_retries()) {
        let totals = topic.retry_meter.totals();
        let counters = [
            (
                "corvid_retry_held_records",
                "Records that were held until their next attempt",
                totals.held,
            ),
            (
                "corvid_retry_dead_letters",
                "Records that went to the dead-letter topic, after their last attempt or by a policy",
                totals.dead_letters,
            ),
            (
                "corvid_retry_dropped_records",
                "Records that a policy dropped",
                totals.dropped,
            ),
            (
                "corvid_retry_uncounted_records",
                "Records that came without the header corvid-retry-attempts: first failures, and those of clients that lose \
                 headers",
                totals.uncounted,
            ),
            (
                "corvid_retry_repeated_records",
                "Of those, records that had come without it shortly before: a client loses headers",
                totals.repeated,
            ),
            (
                "corvid_retry_policy_fallbacks",
                "Records of which a policy that failed decided nothing, so that the topic's settings did",
                totals.fallbacks,
            ),
        ];
        for (name, help, value) in counters {
            families.counter(name, help, vec![label("topic", &topic.name)], value);
        }
    }
}

/// How many there are of each topic, and how often a client named one that was not made.
fn topics(context: &Context, image: &Image, families: &mut Families) {
    let mut counts = BTreeMap::<&str, u64>::new();
    for of in image.topics().filter_map(|topic| topic.configs.get(keys::RETRY_SOURCE)) {
        *counts.entry(of).or_default() += 1;
    }
    let bounds = image.topics().filter_map(|topic| {
        let bindings = TopicBindings::from_configs(&topic.name, &topic.configs).ok()?;
        Some((
            &topic.name,
            bindings.retry.filter(|_| bindings.retry_of.is_none())?.groups_max,
        ))
    });
    for (source, limit) in bounds {
        let labels = || vec![label("topic", source)];
        families.gauge(
            "corvid_retry_topics",
            "Retry topics of a topic",
            labels(),
            counts.get(source.as_str()).copied().unwrap_or_default(),
        );
        families.gauge(
            "corvid_retry_topics_max",
            "How many of them are made by being named (groups_max of the retry table)",
            labels(),
            u64::from(limit),
        );
        families.counter(
            "corvid_retry_topics_refused",
            "How often a client named one that was not made, since there were too many",
            labels(),
            context.controller.refused_retry_topics(source),
        );
    }
}
