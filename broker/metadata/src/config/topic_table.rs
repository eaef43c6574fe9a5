//! Every topic config of Apache Kafka 4.3.1, and ours. Sorted by name.

use super::keys;
use super::validate::{
    backoff, dead_letter_topics, durability, fetch, header_style, on_fault, on_refused, partitioner, policy, produce,
    topic_name_or_empty,
};
use super::{
    Check, ConfigKey,
    ConfigType::{Boolean, Double, Int, List, Long, String},
    Scale,
};

const MAX_LONG: &str = "9223372036854775807";
const WEEK_MS: &str = "604800000";
const INT_MAX: i64 = i32::MAX as i64;

const NOT_TIERED: &str = "there is no tiered storage, a log is on local disk as a whole";
const ONE_REPLICA: &str = "a partition has one replica for now";
const SYNCED_ANYWAY: &str = "corvid.durability says when data is on disk";

const fn key(
    name: &'static str,
    config_type: super::ConfigType,
    default: &'static str,
    doc: &'static str,
) -> ConfigKey {
    ConfigKey::new(name, config_type, default, doc)
}

pub(super) const TABLE: &[ConfigKey] = &[
    key(
        keys::CLEANUP_POLICY,
        List,
        "delete",
        "What happens to old segments: `delete` removes them by time and size. `compact` keeps the \
         newest record of each key, and takes none without. Both: what is compacted goes, too, when it is old.",
    )
    .check(Check::SomeOf(&["compact", "delete"]))
    .defaults_to(&[("log.cleanup.policy", Scale::Same)]),
    key(
        keys::COMPRESSION_GZIP_LEVEL,
        Int,
        "-1",
        "How hard gzip tries, 1 to 9, or -1 for its default, where compression.type is `gzip`.",
    )
    .check(Check::Parses(super::validate::gzip_level))
    .defaults_to(&[("compression.gzip.level", Scale::Same)]),
    key(
        keys::COMPRESSION_LZ4_LEVEL,
        Int,
        "9",
        "How hard lz4 tries, 1 to 17, where compression.type is `lz4`.",
    )
    .check(Check::Within(1, 17))
    .ignored("lz4 has one level here")
    .defaults_to(&[("compression.lz4.level", Scale::Same)]),
    key(
        keys::COMPRESSION_TYPE,
        String,
        "producer",
        "How batches are stored: as the producer compressed them (`producer`), not at all, or by a codec.",
    )
    .check(Check::OneOf(&[
        "uncompressed",
        "zstd",
        "lz4",
        "snappy",
        "gzip",
        "producer",
    ]))
    .defaults_to(&[("compression.type", Scale::Same)]),
    key(
        keys::COMPRESSION_ZSTD_LEVEL,
        Int,
        "3",
        "How hard zstd tries, -131072 to 22, where compression.type is `zstd`.",
    )
    .check(Check::Within(-131_072, 22))
    .defaults_to(&[("compression.zstd.level", Scale::Same)]),
    key(
        keys::DEAD_LETTER_HEADERS,
        String,
        "corvid",
        "The names of a dead letter's headers: Corvid's own, Spring Kafka's, or Kafka Connect's.",
    )
    .check(Check::Parses(header_style)),
    key(
        keys::DEAD_LETTER_OTHERS,
        List,
        "",
        "Other topics that a policy may send dead letters to. They are created when they are missing, as corvid.dead.letter.topic is.",
    )
    .check(Check::Parses(dead_letter_topics)),
    key(
        keys::DEAD_LETTER_RETENTION_MS,
        Long,
        "-2",
        "How long, in milliseconds, dead letters are kept: it becomes retention.ms of the dead-letter topic, the longest if \
         several topics name it. -1: for ever. -2: what the dead-letter topic itself says.",
    )
    .at_least(-2),
    key(
        keys::DEAD_LETTER_TOPIC,
        String,
        "",
        "Where dead letters go. Empty: `<topic>.DLT`.",
    )
    .check(Check::Parses(topic_name_or_empty)),
    key(
        keys::DELAY_MAX_MS,
        Long,
        "0",
        "How far ahead, in milliseconds, a record may ask to be delivered by the headers corvid-deliver-at (ms \
         since the epoch) or corvid-delay-ms. 0: these headers mean nothing here.",
    )
    .check(Check::Within(0, 10 * 366 * 24 * 3_600_000)),
    key(
        keys::DELAY_RELEASE_RATE,
        Int,
        "50000",
        "How many records a second a partition gives back at most, when many that it held are due at once.",
    )
    .check(Check::Within(1, INT_MAX)),
    key(
        keys::DURABILITY,
        String,
        "disk",
        "When acks=all is answered: after the data is on this node's disk (`disk`), or in the memory \
         of all in-sync replicas (`replicas`, as Kafka means it).",
    )
    .check(Check::Parses(durability))
    .defaults_to(&[("corvid.durability", Scale::Same)]),
    key(
        keys::FETCH,
        List,
        "[]",
        "The views through which clients read, in this order: a JSON array of names or objects, which may \
         say for which readers (clients, principals).",
    )
    .check(Check::Parses(fetch)),
    key(
        keys::ON_FAULT,
        String,
        "refuse",
        "What happens to a record on which a plugin fails: `refuse` (a retriable error), `dead- \
         letter`, `pass`, or `policy`.",
    )
    .check(Check::Parses(on_fault)),
    key(
        keys::ON_REFUSED,
        String,
        "refuse",
        "What happens to a record that a plugin refuses: `refuse` (INVALID_RECORD), `dead-letter`, \
         `drop`, or `policy`.",
    )
    .check(Check::Parses(on_refused)),
    key(
        keys::PARTITIONER,
        String,
        "",
        "The plugin that decides to which partition a record goes: its name, or a JSON object with \
         plugin, config, on_refused, on_fault and limits.",
    )
    .check(Check::Parses(partitioner)),
    key(
        keys::POLICY,
        String,
        "",
        "The plugin that decides what becomes of records that other plugins refuse or fail on, where \
         corvid.on.refused or corvid.on.fault says `policy`: its name, or a JSON object with plugin, config, tables and limits.",
    )
    .check(Check::Parses(policy)),
    key(
        keys::PRODUCE,
        List,
        "[]",
        "The validators and transforms that records pass, in this order: a JSON array of names or \
         objects.",
    )
    .check(Check::Parses(produce)),
    key(
        keys::RETRY_ATTEMPTS,
        Int,
        "0",
        "How many times a consumer group handles a record at most, the first time included, before it is a dead \
         letter. Setting it makes `<topic>.<group>.retry` a topic by which records come back. 0: no retries.",
    )
    .check(Check::Within(0, 1000)),
    key(
        keys::RETRY_BACKOFF,
        String,
        "{\"initial\":\"1s\",\"multiplier\":2.0,\"max\":\"1m\"}",
        "How long a record waits before it comes back: a JSON object with initial, multiplier, max and jitter, or \
         with fixed and jitter; or a list such as 200ms,1s,5s.",
    )
    .check(Check::Parses(backoff)),
    key(
        keys::RETRY_GROUP,
        String,
        "",
        "Of a retry topic: the consumer group whose failures it takes. Set by the broker when it creates one.",
    ),
    key(
        keys::RETRY_GROUPS_MAX,
        Int,
        "100",
        "How many retry topics the topic may have for one more to be made when a client names it. 0: none is made but by \
         hand.",
    )
    .check(Check::Within(0, 100_000)),
    key(
        keys::RETRY_POLICY,
        String,
        "",
        "The plugin that decides whether and when a record comes back, in place of corvid.retry.backoff: its name, or \
         a JSON object with plugin, config, tables and limits.",
    )
    .check(Check::Parses(policy)),
    key(
        keys::RETRY_SOURCE,
        String,
        "",
        "Of a retry topic: the topic whose records come back by it, and whose corvid.retry and corvid.dead.letter \
         configs count. Set by the broker when it creates one.",
    )
    .check(Check::Parses(topic_name_or_empty)),
    key(
        keys::DELETE_RETENTION_MS,
        Long,
        "86400000",
        "How long, in milliseconds, a tombstone stays in a compacted log.",
    )
    .at_least(0)
    .defaults_to(&[("log.cleaner.delete.retention.ms", Scale::Same)]),
    key(
        "file.delete.delay.ms",
        Long,
        "60000",
        "How long, in milliseconds, a deleted segment's file stays on disk.",
    )
    .at_least(0)
    .ignored("a segment's file goes as soon as its last reader is done")
    .defaults_to(&[("log.segment.delete.delay.ms", Scale::Same)]),
    key("flush.messages", Long, MAX_LONG, "Sync to disk after so many records.")
        .at_least(1)
        .ignored(SYNCED_ANYWAY)
        .defaults_to(&[("log.flush.interval.messages", Scale::Same)]),
    key("flush.ms", Long, MAX_LONG, "Sync to disk after so many milliseconds.")
        .at_least(0)
        .ignored(SYNCED_ANYWAY)
        .defaults_to(&[("log.flush.interval.ms", Scale::Same)]),
    key(
        "follower.replication.throttled.replicas",
        List,
        "",
        "Replicas whose fetching is throttled, as partition:broker, or `*`.",
    )
    .check(Check::Parses(super::validate::throttled_replicas))
    .ignored(ONE_REPLICA),
    key(
        keys::INDEX_INTERVAL_BYTES,
        Int,
        "4096",
        "How many bytes of log lie between two entries of the offset index.",
    )
    .check(Check::Within(0, INT_MAX))
    .defaults_to(&[("log.index.interval.bytes", Scale::Same)]),
    key(
        keys::INTERNAL_SEGMENT_BYTES,
        Int,
        "",
        "Segments smaller than segment.bytes allows. For tests.",
    )
    .null()
    .check(Check::Within(1024, INT_MAX))
    .internal(),
    key(
        "leader.replication.throttled.replicas",
        List,
        "",
        "Replicas whose serving is throttled, as partition:broker, or `*`.",
    )
    .check(Check::Parses(super::validate::throttled_replicas))
    .ignored(ONE_REPLICA),
    key(
        "local.retention.bytes",
        Long,
        "-2",
        "How many bytes of a tiered log stay local; -2 means retention.bytes.",
    )
    .at_least(-2)
    .ignored(NOT_TIERED)
    .defaults_to(&[("log.local.retention.bytes", Scale::Same)]),
    key(
        "local.retention.ms",
        Long,
        "-2",
        "How long a tiered log stays local, in milliseconds; -2 means retention.ms.",
    )
    .at_least(-2)
    .ignored(NOT_TIERED)
    .defaults_to(&[("log.local.retention.ms", Scale::Same)]),
    key(
        keys::MAX_COMPACTION_LAG_MS,
        Long,
        MAX_LONG,
        "The longest time, in milliseconds, that a record of a compacted log stays uncompacted.",
    )
    .at_least(1)
    .defaults_to(&[("log.cleaner.max.compaction.lag.ms", Scale::Same)]),
    key(
        keys::MAX_MESSAGE_BYTES,
        Int,
        "1048588",
        "The largest batch that is accepted, in bytes, as the producer compressed it.",
    )
    .check(Check::Within(0, INT_MAX))
    .defaults_to(&[("message.max.bytes", Scale::Same)]),
    key(
        keys::TIMESTAMP_AFTER_MAX_MS,
        Long,
        "3600000",
        "How far, in milliseconds, a record's timestamp may lie in the future. Only for CreateTime.",
    )
    .at_least(0)
    .defaults_to(&[("log.message.timestamp.after.max.ms", Scale::Same)]),
    key(
        keys::TIMESTAMP_BEFORE_MAX_MS,
        Long,
        MAX_LONG,
        "How far, in milliseconds, a record's timestamp may lie in the past. Only for CreateTime.",
    )
    .at_least(0)
    .defaults_to(&[("log.message.timestamp.before.max.ms", Scale::Same)]),
    key(
        keys::TIMESTAMP_TYPE,
        String,
        "CreateTime",
        "Whether a record's timestamp is the producer's (CreateTime) or the time of the append \
         (LogAppendTime).",
    )
    .check(Check::OneOf(&["CreateTime", "LogAppendTime"]))
    .defaults_to(&[("log.message.timestamp.type", Scale::Same)]),
    key(
        keys::MIN_CLEANABLE_DIRTY_RATIO,
        Double,
        "0.5",
        "The share of a compacted log that must be uncompacted before the compactor looks at it.",
    )
    .check(Check::Fraction(0.0, 1.0))
    .defaults_to(&[("log.cleaner.min.cleanable.ratio", Scale::Same)]),
    key(
        keys::MIN_COMPACTION_LAG_MS,
        Long,
        "0",
        "The shortest time, in milliseconds, that a record of a compacted log stays uncompacted.",
    )
    .at_least(0)
    .defaults_to(&[("log.cleaner.min.compaction.lag.ms", Scale::Same)]),
    key(
        keys::MIN_INSYNC_REPLICAS,
        Int,
        "1",
        "How many replicas, the leader among them, must be in sync for a produce with acks=all.",
    )
    .check(Check::Within(1, INT_MAX))
    .defaults_to(&[("min.insync.replicas", Scale::Same)]),
    key(
        "preallocate",
        Boolean,
        "false",
        "Whether a new segment's file is preallocated.",
    )
    .ignored("segments are always preallocated, in steps that grow")
    .defaults_to(&[("log.preallocate", Scale::Same)]),
    key(
        "remote.log.copy.disable",
        Boolean,
        "false",
        "Whether a tiered log is no longer copied to the remote tier.",
    )
    .refused(NOT_TIERED),
    key(
        "remote.log.delete.on.disable",
        Boolean,
        "false",
        "Whether the remote tier is deleted when tiering is switched off.",
    )
    .refused(NOT_TIERED),
    key(
        keys::REMOTE_STORAGE_ENABLE,
        Boolean,
        "false",
        "Whether the log is tiered.",
    )
    .refused(NOT_TIERED),
    key(
        keys::RETENTION_BYTES,
        Long,
        "-1",
        "How many bytes a partition may grow to before its oldest segments are deleted; -1 for no limit.",
    )
    .at_least(-1)
    .defaults_to(&[("log.retention.bytes", Scale::Same)]),
    key(
        keys::RETENTION_MS,
        Long,
        WEEK_MS,
        "How long, in milliseconds, records are kept at least; -1 for ever.",
    )
    .at_least(-1)
    .defaults_to(&[
        ("log.retention.ms", Scale::Same),
        ("log.retention.minutes", Scale::Minutes),
        ("log.retention.hours", Scale::Hours),
    ]),
    key(
        keys::SEGMENT_BYTES,
        Int,
        "1073741824",
        "The size in bytes at which a new segment is begun. Retention works by whole segments.",
    )
    .check(Check::Within(1 << 20, INT_MAX))
    .defaults_to(&[("log.segment.bytes", Scale::Same)]),
    key(
        "segment.index.bytes",
        Int,
        "10485760",
        "The size in bytes for which a segment's index is laid out.",
    )
    .check(Check::Within(4, INT_MAX))
    .ignored("indexes grow as they need to")
    .defaults_to(&[("log.index.size.max.bytes", Scale::Same)]),
    key(
        "segment.jitter.ms",
        Long,
        "0",
        "By how many milliseconds at most a roll by age comes early, at random.",
    )
    .at_least(0)
    .ignored("a roll is cheap, and needs no spreading out")
    .defaults_to(&[
        ("log.roll.jitter.ms", Scale::Same),
        ("log.roll.jitter.hours", Scale::Hours),
    ]),
    key(
        keys::SEGMENT_MS,
        Long,
        WEEK_MS,
        "The age in milliseconds at which a new segment is begun, even if the present one isn't full.",
    )
    .at_least(1)
    .defaults_to(&[("log.roll.ms", Scale::Same), ("log.roll.hours", Scale::Hours)]),
    key(
        "unclean.leader.election.enable",
        Boolean,
        "false",
        "Whether a replica that is not in sync may lead when no other can, at the price of records.",
    )
    .ignored(ONE_REPLICA)
    .defaults_to(&[("unclean.leader.election.enable", Scale::Same)]),
];
