//! Requests by API, and what clients send to and fetch from each topic; under the names that the JMX exporter gives Kafka's.

use corvid_metadata::{Image, TopicImage};
use corvid_replication::TrafficTotals;

use super::family::{Families, label};
use crate::context::Context;

pub(super) fn gather(context: &Context, image: &Image, families: &mut Families) {
    for (api, count) in context.figures.requests() {
        families.counter(
            "kafka_network_requestmetrics_requests",
            "As in Kafka: requests that have come in",
            vec![label("request", api)],
            count,
        );
    }
    for times in context.figures.request_times() {
        families.histogram(
            "kafka_network_requestmetrics_totaltimems",
            "As in Kafka: milliseconds from the request's last byte to its answer's, waiting included",
            vec![label("request", times.api)],
            times.buckets,
            times.sum_ms,
        );
    }
    // Nobody but the broker writes to its own topics.
    for topic in image.topics().filter(|topic| !topic.is_internal()) {
        let partitions = context.led(topic);
        let totals = partitions.iter().map(|partition| partition.traffic().totals()).sum();
        of_topic(topic, totals, families);
    }
}

fn of_topic(topic: &TopicImage, totals: TrafficTotals, families: &mut Families) {
    let counters = [
        (
            "kafka_server_brokertopicmetrics_messagesin",
            "Records that clients have sent, before plugins have seen them",
            totals.messages_in,
        ),
        (
            "kafka_server_brokertopicmetrics_bytesin",
            "Bytes of the batches that clients have sent",
            totals.bytes_in,
        ),
        (
            "kafka_server_brokertopicmetrics_bytesout",
            "Bytes of the batches that clients have fetched",
            totals.bytes_out,
        ),
        (
            "kafka_server_brokertopicmetrics_failedproducerequests",
            "Batches that were answered with an error, by partition",
            totals.failed_produces,
        ),
        (
            "kafka_server_brokertopicmetrics_failedfetchrequests",
            "Fetches that were answered with an error, by partition",
            totals.failed_fetches,
        ),
    ];
    for (name, help, value) in counters {
        families.counter(name, help, vec![label("topic", &topic.name)], value);
    }
}
