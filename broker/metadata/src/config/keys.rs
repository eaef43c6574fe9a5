//! The names of configs that code speaks of.

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident = $key:literal;)+) => {
        $($(#[$doc])* pub const $name: &str = $key;)+
    };
}

keys! {
    /// Topic: `delete`, `compact`, or both.
    CLEANUP_POLICY = "cleanup.policy";
    /// Topic: how stored batches are compressed.
    COMPRESSION_TYPE = "compression.type";
    /// Topic: how hard gzip tries.
    COMPRESSION_GZIP_LEVEL = "compression.gzip.level";
    /// Topic: how hard lz4 tries.
    COMPRESSION_LZ4_LEVEL = "compression.lz4.level";
    /// Topic: how hard zstd tries.
    COMPRESSION_ZSTD_LEVEL = "compression.zstd.level";
    /// Topic: how much of a compacted log must be new before it is compacted.
    MIN_CLEANABLE_DIRTY_RATIO = "min.cleanable.dirty.ratio";
    /// Topic: how long a tombstone lives in a compacted log.
    DELETE_RETENTION_MS = "delete.retention.ms";
    /// Topic: how long a record of a compacted log stays uncompacted at least.
    MIN_COMPACTION_LAG_MS = "min.compaction.lag.ms";
    /// Topic: how long a record of a compacted log stays uncompacted at most.
    MAX_COMPACTION_LAG_MS = "max.compaction.lag.ms";
    /// Topic: bytes between two entries of the offset index.
    INDEX_INTERVAL_BYTES = "index.interval.bytes";
    /// Topic: segments smaller than `segment.bytes` allows, for tests.
    INTERNAL_SEGMENT_BYTES = "internal.segment.bytes";
    /// Topic: the largest batch.
    MAX_MESSAGE_BYTES = "max.message.bytes";
    /// Topic: how far a timestamp may lie in the future.
    TIMESTAMP_AFTER_MAX_MS = "message.timestamp.after.max.ms";
    /// Topic: how far a timestamp may lie in the past.
    TIMESTAMP_BEFORE_MAX_MS = "message.timestamp.before.max.ms";
    /// Topic: who stamps records.
    TIMESTAMP_TYPE = "message.timestamp.type";
    /// Topic and broker: how many replicas acks=all needs.
    MIN_INSYNC_REPLICAS = "min.insync.replicas";
    /// Topic: retention by size.
    RETENTION_BYTES = "retention.bytes";
    /// Topic: retention by time.
    RETENTION_MS = "retention.ms";
    /// Topic: segments roll at this size.
    SEGMENT_BYTES = "segment.bytes";
    /// Topic: segments roll at this age.
    SEGMENT_MS = "segment.ms";
    /// Topic: tiered storage.
    REMOTE_STORAGE_ENABLE = "remote.storage.enable";

    /// Topic: what an acknowledgement means.
    DURABILITY = "corvid.durability";
    /// Topic: the plugin that decides where records go.
    PARTITIONER = "corvid.partitioner";
    /// Topic: the validators and transforms of a produce.
    PRODUCE = "corvid.produce";
    /// Topic: the views of a fetch.
    FETCH = "corvid.fetch";
    /// Topic: the plugin that decides what becomes of what others refuse or fail on.
    POLICY = "corvid.policy";
    /// Topic: how many times a consumer group handles a record.
    RETRY_ATTEMPTS = "corvid.retry.attempts";
    /// Topic: how long a record waits before it comes back.
    RETRY_BACKOFF = "corvid.retry.backoff";
    /// Topic: the plugin that decides whether and when a record comes back.
    RETRY_POLICY = "corvid.retry.policy";
    /// Topic: how many retry topics are made for it by being named.
    RETRY_GROUPS_MAX = "corvid.retry.groups.max";
    /// Topic: of a retry topic, the topic that it is for.
    RETRY_SOURCE = "corvid.retry.source";
    /// Topic: of a retry topic, the group that it is for.
    RETRY_GROUP = "corvid.retry.group";
    /// Topic: what happens to what a plugin refuses.
    ON_REFUSED = "corvid.on.refused";
    /// Topic: what happens when a plugin fails.
    ON_FAULT = "corvid.on.fault";
    /// Topic: how far ahead a record may ask to be delivered.
    DELAY_MAX_MS = "corvid.delay.max.ms";
    /// Topic: how fast a partition gives back what it held.
    DELAY_RELEASE_RATE = "corvid.delay.release.rate";
    /// Topic: where dead letters go.
    DEAD_LETTER_TOPIC = "corvid.dead.letter.topic";
    /// Topic: where else a policy may send dead letters.
    DEAD_LETTER_OTHERS = "corvid.dead.letter.others";
    /// Topic: how long its dead letters are kept.
    DEAD_LETTER_RETENTION_MS = "corvid.dead.letter.retention.ms";
    /// Topic: how a dead letter's headers are named.
    DEAD_LETTER_HEADERS = "corvid.dead.letter.headers";

    /// Broker: whether a Metadata request creates what it asks for.
    AUTO_CREATE_TOPICS_ENABLE = "auto.create.topics.enable";
    /// Broker: partitions of a topic that doesn't say.
    NUM_PARTITIONS = "num.partitions";
    /// Broker: replicas of a topic that doesn't say.
    DEFAULT_REPLICATION_FACTOR = "default.replication.factor";
    /// Broker: whether DeleteTopics is served.
    DELETE_TOPIC_ENABLE = "delete.topic.enable";
    /// Broker: the largest batch.
    MESSAGE_MAX_BYTES = "message.max.bytes";
    /// Broker: what an acknowledgement means, for topics that don't say.
    BROKER_DURABILITY = "corvid.durability";
    /// Broker: how much of what views have shown is kept.
    VIEW_CACHE_BYTES = "corvid.view.cache.bytes";
    /// Broker: how much memory the tables of plugins may take.
    TABLE_BYTES = "corvid.table.bytes";
    /// Broker: partitions of `__consumer_offsets`.
    OFFSETS_TOPIC_NUM_PARTITIONS = "offsets.topic.num.partitions";
    /// Broker: replicas of `__consumer_offsets`.
    OFFSETS_TOPIC_REPLICATION_FACTOR = "offsets.topic.replication.factor";
    /// Broker: segments of `__consumer_offsets`.
    OFFSETS_TOPIC_SEGMENT_BYTES = "offsets.topic.segment.bytes";
    /// Broker: how long the offsets of an empty group are kept.
    OFFSETS_RETENTION_MINUTES = "offsets.retention.minutes";
    /// Broker: the longest metadata of an offset commit.
    OFFSET_METADATA_MAX_BYTES = "offset.metadata.max.bytes";
    /// Broker: bounds of a member's session timeout.
    GROUP_MIN_SESSION_TIMEOUT_MS = "group.min.session.timeout.ms";
    /// Broker: bounds of a member's session timeout.
    GROUP_MAX_SESSION_TIMEOUT_MS = "group.max.session.timeout.ms";
    /// Broker: the largest group.
    GROUP_MAX_SIZE = "group.max.size";
    /// Broker: how long a new group waits for more members.
    GROUP_INITIAL_REBALANCE_DELAY_MS = "group.initial.rebalance.delay.ms";
}
