//! What became of the records that consumers produced to their retry topics.

use super::family::{Families, label};
use crate::context::Context;

pub(super) fn gather(context: &Context, families: &mut Families) {
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
