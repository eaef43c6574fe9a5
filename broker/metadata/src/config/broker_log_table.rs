//! The broker configs that give topics their defaults: `log.*` and their kin. They can be changed
//! over the wire, for one node or for all, and count at once. Sorted by name.

use super::validate::{durability, gzip_level};
use super::{
    Check, ConfigKey, ConfigType,
    ConfigType::{Boolean, Double, Int, List, Long, String},
};

const MAX_LONG: &str = "9223372036854775807";
const INT_MAX: i64 = i32::MAX as i64;
const NOT_TIERED: &str = "there is no tiered storage";
const SYNCED_ANYWAY: &str = "corvid.durability says when data is on disk";

const fn key(name: &'static str, config_type: ConfigType, default: &'static str, doc: &'static str) -> ConfigKey {
    ConfigKey::new(name, config_type, default, doc)
}

pub(super) const TABLE: &[ConfigKey] = &[
    key(
        "compression.gzip.level",
        Int,
        "-1",
        "compression.gzip.level of topics that don't say.",
    )
    .check(Check::Parses(gzip_level)),
    key(
        "compression.lz4.level",
        Int,
        "9",
        "compression.lz4.level of topics that don't say.",
    )
    .check(Check::Within(1, 17))
    .ignored("lz4 has one level here"),
    key(
        "compression.type",
        String,
        "producer",
        "compression.type of topics that don't say.",
    )
    .check(Check::OneOf(&[
        "uncompressed",
        "zstd",
        "lz4",
        "snappy",
        "gzip",
        "producer",
    ])),
    key(
        "compression.zstd.level",
        Int,
        "3",
        "compression.zstd.level of topics that don't say.",
    )
    .check(Check::Within(-131_072, 22)),
    key(
        "corvid.durability",
        String,
        "disk",
        "corvid.durability of topics that don't say.",
    )
    .check(Check::Parses(durability)),
    key(
        "log.cleaner.delete.retention.ms",
        Long,
        "86400000",
        "delete.retention.ms of topics that don't say.",
    )
    .at_least(0),
    key(
        "log.cleaner.max.compaction.lag.ms",
        Long,
        MAX_LONG,
        "max.compaction.lag.ms of topics that don't say.",
    )
    .at_least(1),
    key(
        "log.cleaner.min.cleanable.ratio",
        Double,
        "0.5",
        "min.cleanable.dirty.ratio of topics that don't say.",
    )
    .check(Check::Fraction(0.0, 1.0)),
    key(
        "log.cleaner.min.compaction.lag.ms",
        Long,
        "0",
        "min.compaction.lag.ms of topics that don't say.",
    )
    .at_least(0),
    key(
        "log.cleanup.policy",
        List,
        "delete",
        "cleanup.policy of topics that don't say.",
    )
    .check(Check::SomeOf(&["compact", "delete"]))
    .refused(
        "every record of a compacted topic needs a key, so the topics themselves say that they are (cleanup.policy)",
    ),
    key(
        "log.flush.interval.messages",
        Long,
        MAX_LONG,
        "flush.messages of topics that don't say.",
    )
    .at_least(1)
    .ignored(SYNCED_ANYWAY),
    key("log.flush.interval.ms", Long, "", "flush.ms of topics that don't say.")
        .null()
        .at_least(0)
        .ignored(SYNCED_ANYWAY),
    key(
        "log.index.interval.bytes",
        Int,
        "4096",
        "index.interval.bytes of topics that don't say.",
    )
    .check(Check::Within(0, INT_MAX)),
    key(
        "log.index.size.max.bytes",
        Int,
        "10485760",
        "segment.index.bytes of topics that don't say.",
    )
    .check(Check::Within(4, INT_MAX))
    .ignored("indexes grow as they need to"),
    key(
        "log.local.retention.bytes",
        Long,
        "-2",
        "local.retention.bytes of topics that don't say.",
    )
    .at_least(-2)
    .ignored(NOT_TIERED),
    key(
        "log.local.retention.ms",
        Long,
        "-2",
        "local.retention.ms of topics that don't say.",
    )
    .at_least(-2)
    .ignored(NOT_TIERED),
    key(
        "log.message.timestamp.after.max.ms",
        Long,
        "3600000",
        "message.timestamp.after.max.ms of topics that don't say.",
    )
    .at_least(0),
    key(
        "log.message.timestamp.before.max.ms",
        Long,
        MAX_LONG,
        "message.timestamp.before.max.ms of topics that don't say.",
    )
    .at_least(0),
    key(
        "log.message.timestamp.type",
        String,
        "CreateTime",
        "message.timestamp.type of topics that don't say.",
    )
    .check(Check::OneOf(&["CreateTime", "LogAppendTime"])),
    key(
        "log.preallocate",
        Boolean,
        "false",
        "preallocate of topics that don't say.",
    )
    .ignored("segments are always preallocated, in steps that grow"),
    key(
        "log.retention.bytes",
        Long,
        "-1",
        "retention.bytes of topics that don't say: of each partition, not of the node.",
    )
    .at_least(-1),
    key(
        "log.retention.hours",
        Int,
        "168",
        "retention.ms of topics that don't say, in hours, where neither log.retention.ms nor \
         log.retention.minutes is set.",
    )
    .check(Check::Within(-1, INT_MAX)),
    key(
        "log.retention.minutes",
        Int,
        "",
        "retention.ms of topics that don't say, in minutes, where log.retention.ms isn't set.",
    )
    .null()
    .check(Check::Within(-1, INT_MAX)),
    key("log.retention.ms", Long, "", "retention.ms of topics that don't say.")
        .null()
        .at_least(-1),
    key(
        "log.roll.hours",
        Int,
        "168",
        "segment.ms of topics that don't say, in hours, where log.roll.ms isn't set.",
    )
    .check(Check::Within(1, INT_MAX)),
    key(
        "log.roll.jitter.hours",
        Int,
        "0",
        "segment.jitter.ms of topics that don't say, in hours.",
    )
    .check(Check::Within(0, INT_MAX))
    .ignored("a roll is cheap, and needs no spreading out"),
    key(
        "log.roll.jitter.ms",
        Long,
        "",
        "segment.jitter.ms of topics that don't say.",
    )
    .null()
    .at_least(0)
    .ignored("a roll is cheap, and needs no spreading out"),
    key("log.roll.ms", Long, "", "segment.ms of topics that don't say.")
        .null()
        .at_least(1),
    key(
        "log.segment.bytes",
        Int,
        "1073741824",
        "segment.bytes of topics that don't say.",
    )
    .check(Check::Within(1 << 20, INT_MAX)),
    key(
        "log.segment.delete.delay.ms",
        Long,
        "60000",
        "file.delete.delay.ms of topics that don't say.",
    )
    .at_least(0)
    .ignored("a segment's file goes as soon as its last reader is done"),
    key(
        "message.max.bytes",
        Int,
        "1048588",
        "max.message.bytes of topics that don't say.",
    )
    .check(Check::Within(0, INT_MAX)),
    key(
        "min.insync.replicas",
        Int,
        "1",
        "min.insync.replicas of topics that don't say.",
    )
    .check(Check::Within(1, INT_MAX)),
    key(
        "unclean.leader.election.enable",
        Boolean,
        "false",
        "unclean.leader.election.enable of topics that don't say.",
    )
    .ignored("a partition has one replica for now"),
];
