//! The broker configs of the coordinators: groups, offsets, transactions, producers. A client may
//! ask for them; they are set in the node's own file. Sorted by name.

use super::{
    Check, ConfigKey, ConfigType,
    ConfigType::{Int, List, Long, Short},
};

const INT_MAX: i64 = i32::MAX as i64;

const fn key(name: &'static str, config_type: ConfigType, default: &'static str, doc: &'static str) -> ConfigKey {
    ConfigKey::new(name, config_type, default, doc).at_start()
}

/// A whole number of 32 bits, at least `least`.
const fn int(name: &'static str, default: &'static str, least: i64, doc: &'static str) -> ConfigKey {
    key(name, Int, default, doc).check(Check::Within(least, INT_MAX))
}

pub(super) const TABLE: &[ConfigKey] = &[
    int(
        "group.consumer.heartbeat.interval.ms",
        "5000",
        1,
        "Milliseconds between heartbeats of members of the new group protocol.",
    ),
    int(
        "group.consumer.session.timeout.ms",
        "45000",
        1,
        "Milliseconds after which a silent member of the new group protocol is out.",
    ),
    key(
        "group.coordinator.rebalance.protocols",
        List,
        "classic",
        "The group protocols that are served.",
    )
    .check(Check::SomeOf(&["classic", "consumer", "share", "streams"])),
    int(
        "group.initial.rebalance.delay.ms",
        "3000",
        0,
        "Milliseconds that a new group waits for more members before its first rebalance.",
    ),
    int(
        "group.max.session.timeout.ms",
        "1800000",
        1,
        "The longest session timeout, in milliseconds, that a member may ask for.",
    ),
    int(
        "group.max.size",
        "2147483647",
        1,
        "The most members that a group may have.",
    ),
    int(
        "group.min.session.timeout.ms",
        "6000",
        1,
        "The shortest session timeout, in milliseconds, that a member may ask for.",
    ),
    int(
        "offset.metadata.max.bytes",
        "4096",
        0,
        "The longest metadata, in bytes, that a committed offset may carry.",
    ),
    int(
        "offsets.commit.timeout.ms",
        "5000",
        1,
        "Milliseconds that an offset commit waits for the replicas.",
    ),
    int(
        "offsets.load.buffer.size",
        "5242880",
        1,
        "Bytes read at once when a coordinator loads its groups.",
    ),
    key(
        "offsets.retention.check.interval.ms",
        Long,
        "600000",
        "Milliseconds between looks for offsets to expire.",
    )
    .at_least(1),
    int(
        "offsets.retention.minutes",
        "10080",
        1,
        "Minutes that the offsets of an empty group are kept.",
    ),
    int(
        "offsets.topic.compression.codec",
        "0",
        0,
        "The codec of __consumer_offsets.",
    ),
    int(
        "offsets.topic.num.partitions",
        "50",
        1,
        "Partitions of __consumer_offsets. Never change it in a cluster that has one.",
    ),
    key(
        "offsets.topic.replication.factor",
        Short,
        "1",
        "Replicas of __consumer_offsets.",
    )
    .check(Check::Within(1, i16::MAX as i64)),
    int(
        "offsets.topic.segment.bytes",
        "104857600",
        1,
        "segment.bytes of __consumer_offsets.",
    ),
    int(
        "producer.id.expiration.ms",
        "86400000",
        1,
        "Milliseconds after which the state of a silent producer id is forgotten.",
    ),
    int(
        "transaction.max.timeout.ms",
        "900000",
        1,
        "The longest timeout, in milliseconds, that a transaction may ask for.",
    ),
    int(
        "transaction.state.log.min.isr",
        "1",
        1,
        "min.insync.replicas of __transaction_state.",
    ),
    int(
        "transaction.state.log.num.partitions",
        "50",
        1,
        "Partitions of __transaction_state.",
    ),
    key(
        "transaction.state.log.replication.factor",
        Short,
        "1",
        "Replicas of __transaction_state.",
    )
    .check(Check::Within(1, i16::MAX as i64)),
    int(
        "transactional.id.expiration.ms",
        "604800000",
        1,
        "Milliseconds after which an unused transactional id is forgotten.",
    ),
];
