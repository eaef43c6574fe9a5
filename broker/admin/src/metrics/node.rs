//! The node as a whole.

use corvid_metadata::{Image, NodeId};

use super::family::{Families, label};
use crate::context::Context;

pub(super) fn gather(context: &Context, image: &Image, families: &mut Families) {
    ours(context, image, families);
    delivery(context, families);
    as_kafka(context, image, families);
}

fn ours(context: &Context, image: &Image, families: &mut Families) {
    let about = vec![
        label("version", context.version),
        label("node", context.controller.node()),
        label("cluster", image.cluster_id().unwrap_or_default()),
    ];
    families.gauge("corvid_node", "What this node is; always 1", about, 1);
    families.gauge(
        "corvid_connections",
        "Clients that are connected",
        vec![],
        context.figures.connections(),
    );
    families.gauge(
        "corvid_request_memory_bytes",
        "Bytes of requests that are being read or handled",
        vec![],
        context.figures.request_memory_bytes(),
    );
    families.gauge(
        "corvid_metadata_version",
        "Changes of the metadata so far",
        vec![],
        image.version(),
    );
    let directory = context.replicas.directory();
    families.gauge(
        "corvid_disk_failed",
        "Whether a sync has failed, so that nothing is written any more",
        vec![],
        directory.poisoned().is_some(),
    );
    families.gauge(
        "corvid_disk_full",
        "Whether the disk is full, so that records are only read",
        vec![],
        directory.read_only_since().is_some(),
    );
    if let Ok(bytes) = context.replicas.root().available_bytes() {
        families.gauge(
            "corvid_disk_available_bytes",
            "Bytes that can still be written",
            vec![],
            bytes,
        );
    }
}

fn delivery(context: &Context, families: &mut Families) {
    let counters = context.delivery.counters();
    families.counter(
        "corvid_delivery_records",
        "Moved records and dead letters that have arrived",
        vec![],
        counters.records_delivered(),
    );
    families.counter(
        "corvid_delivery_dropped_records",
        "Those whose target was deleted",
        vec![],
        counters.records_dropped(),
    );
    families.counter(
        "corvid_delivery_blocked",
        "How often a target took nothing for a while",
        vec![],
        counters.times_blocked(),
    );
    let held = [
        (
            "corvid_held_released_records",
            "Held records that came back when they were due",
            counters.records_released(),
        ),
        (
            "corvid_held_cancelled",
            "Holds that were cancelled",
            counters.holds_cancelled(),
        ),
        (
            "corvid_held_carried",
            "Holds that were carried to their log's end, so that retention could go on",
            counters.holds_carried(),
        ),
        (
            "corvid_held_damaged",
            "Holds that can't be released, because their bytes are damaged",
            counters.holds_damaged(),
        ),
    ];
    for (name, help, value) in held {
        families.counter(name, help, vec![], value);
    }
}

/// Under the names that the JMX exporter gives Kafka's, and kafka_exporter's own.
fn as_kafka(context: &Context, image: &Image, families: &mut Families) {
    let me: NodeId = context.controller.node();
    let partitions = || image.topics().flat_map(|topic| &topic.partitions);
    let held = partitions()
        .filter(|partition| partition.replicas.contains(&me))
        .count();
    let led = || partitions().filter(|partition| partition.leader == Some(me));
    let behind = led()
        .filter(|partition| partition.isr.len() < partition.replicas.len())
        .count();
    let headless = partitions().filter(|partition| partition.leader.is_none()).count();
    let offline = held.saturating_sub(context.replicas.all().len());
    let brokers = image.brokers().count();
    let gauges = [
        (
            "kafka_server_socketservermetrics_connection_count",
            context.figures.connections(),
        ),
        ("kafka_server_replicamanager_leadercount", led().count()),
        ("kafka_server_replicamanager_partitioncount", held),
        ("kafka_server_replicamanager_underreplicatedpartitions", behind),
        ("kafka_server_replicamanager_offlinereplicacount", offline),
        ("kafka_controller_kafkacontroller_activecontrollercount", 1),
        ("kafka_controller_kafkacontroller_offlinepartitionscount", headless),
        ("kafka_controller_kafkacontroller_globaltopiccount", image.topic_count()),
        (
            "kafka_controller_kafkacontroller_globalpartitioncount",
            partitions().count(),
        ),
        ("kafka_controller_kafkacontroller_activebrokercount", brokers),
        ("kafka_controller_kafkacontroller_fencedbrokercount", 0),
        ("kafka_brokers", brokers),
    ];
    for (name, value) in gauges {
        families.gauge(name, "As dashboards for Kafka know it", vec![], value);
    }
}
