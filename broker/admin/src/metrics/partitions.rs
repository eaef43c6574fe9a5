//! Every partition that this node leads.

use corvid_metadata::{Image, PartitionImage, TopicImage};
use corvid_replication::Partition;

use super::family::{Families, Labels, label};
use crate::context::Context;

pub(super) fn gather(context: &Context, image: &Image, families: &mut Families) {
    for topic in image.topics() {
        let count = topic.partitions.len();
        families.gauge(
            "kafka_topic_partitions",
            "As kafka_exporter has it: partitions of the topic",
            vec![label("topic", &topic.name)],
            count,
        );
        for partition in context.led(topic) {
            let labels = vec![label("topic", &topic.name), label("partition", partition.id().index)];
            progress(&partition, &labels, families);
            log(&partition, &labels, families);
            if let Some(known) = topic.partition(partition.id().index) {
                replicas(known, &labels, families);
            }
        }
        unavailable(context, topic, families);
    }
}

/// As kafka_exporter has it.
fn replicas(partition: &PartitionImage, labels: &Labels, families: &mut Families) {
    let behind = partition.isr.len() < partition.replicas.len();
    let leader = partition.leader.map_or(-1, |node| node.0);
    families.gauge(
        "kafka_topic_partition_leader",
        "As kafka_exporter has it: the node that leads",
        labels.clone(),
        leader,
    );
    families.gauge(
        "kafka_topic_partition_replicas",
        "As kafka_exporter has it",
        labels.clone(),
        partition.replicas.len(),
    );
    families.gauge(
        "kafka_topic_partition_in_sync_replica",
        "As kafka_exporter has it",
        labels.clone(),
        partition.isr.len(),
    );
    families.gauge(
        "kafka_topic_partition_under_replicated_partition",
        "As kafka_exporter has it",
        labels.clone(),
        behind,
    );
}

/// What clients see, and what waits.
fn progress(partition: &Partition, labels: &Labels, families: &mut Families) {
    let (start, end) = (partition.visible_start().0, partition.visible_end().0);
    families.gauge(
        "kafka_topic_partition_current_offset",
        "As kafka_exporter has it: behind the last record",
        labels.clone(),
        end,
    );
    families.gauge(
        "kafka_topic_partition_oldest_offset",
        "As kafka_exporter has it: the first record",
        labels.clone(),
        start,
    );
    if partition.source().is_some() {
        let waiting = partition.high_watermark().0 - partition.delivered().committed().0;
        families.gauge(
            "corvid_delivery_backlog_offsets",
            "Offsets behind the last that is delivered to its targets",
            labels.clone(),
            waiting.max(0),
        );
        families.gauge(
            "corvid_held",
            "Holds: records, or records that came together, that wait until they are due",
            labels.clone(),
            partition.holding().pending() as i64,
        );
    }
}

fn log(partition: &Partition, labels: &Labels, families: &mut Families) {
    let log = partition.log();
    families.gauge(
        "kafka_log_log_size",
        "As in Kafka: bytes on disk",
        labels.clone(),
        log.size_bytes(),
    );
    families.gauge(
        "kafka_log_log_logstartoffset",
        "As in Kafka",
        labels.clone(),
        log.start().0,
    );
    families.gauge("kafka_log_log_logendoffset", "As in Kafka", labels.clone(), log.end().0);
    families.gauge(
        "corvid_log_unflushed_offsets",
        "Offsets that are written and not yet synced",
        labels.clone(),
        log.end().0 - log.flushed().0,
    );
}

fn unavailable(context: &Context, topic: &TopicImage, families: &mut Families) {
    let failing = context.topics.get(topic.id).is_some_and(|topic| topic.plan.is_err());
    let labels = vec![label("topic", &topic.name)];
    families.gauge(
        "corvid_topic_unavailable",
        "Whether the topic takes no records, since its plugins are not to be had",
        labels,
        failing,
    );
}
