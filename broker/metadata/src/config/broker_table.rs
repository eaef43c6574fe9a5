//! The broker configs that are about the node itself. A client may ask for them; they are set in
//! the node's own file. Sorted by name.

use super::{
    Check, ConfigKey, ConfigType,
    ConfigType::{Boolean, Int, List, Long, Password, String},
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
    key(
        "advertised.listeners",
        List,
        "",
        "The addresses that clients are told to connect to.",
    )
    .null(),
    key(
        "auto.create.topics.enable",
        Boolean,
        "true",
        "Whether a Metadata request for an unknown topic creates it.",
    ),
    key(
        "auto.leader.rebalance.enable",
        Boolean,
        "true",
        "Whether preferred leaders get their partitions back by themselves.",
    ),
    int(
        "background.threads",
        "10",
        1,
        "Kafka's background threads. Corvid has none to count.",
    ),
    int(
        "broker.heartbeat.interval.ms",
        "2000",
        1,
        "Milliseconds between a broker's heartbeats to the controller.",
    ),
    int("broker.id", "-1", -1, "The node's number; see node.id."),
    key(
        "broker.rack",
        String,
        "",
        "Where the node stands, for spreading replicas.",
    )
    .null(),
    int(
        "broker.session.timeout.ms",
        "9000",
        1,
        "Milliseconds after which a silent broker is fenced.",
    ),
    key(
        "connections.max.idle.ms",
        Long,
        "600000",
        "Milliseconds after which an idle connection is closed.",
    )
    .at_least(-1),
    key(
        "controlled.shutdown.enable",
        Boolean,
        "true",
        "Whether a node hands its partitions over before it stops.",
    ),
    key(
        "controller.listener.names",
        List,
        "CONTROLLER",
        "The listeners of the metadata quorum.",
    ),
    key(
        "controller.quorum.voters",
        List,
        "",
        "The voters of the metadata quorum, as id@host:port.",
    ),
    key(
        "corvid.table.bytes",
        Long,
        "134217728",
        "How many bytes of memory the tables that plugins look things up in may take, all together. A topic whose tables don't \
         fit takes no records.",
    )
    .at_least(0),
    key(
        "corvid.view.cache.bytes",
        Long,
        "33554432",
        "How many bytes of what views have shown are kept, to be shown again; 0 for none.",
    )
    .at_least(0),
    int(
        "default.replication.factor",
        "1",
        1,
        "Replicas of a topic that doesn't say.",
    ),
    key("delete.topic.enable", Boolean, "true", "Whether topics can be deleted."),
    int(
        "fetch.max.bytes",
        "57671680",
        1024,
        "The largest answer to a fetch, in bytes.",
    ),
    key(
        "inter.broker.listener.name",
        String,
        "",
        "The listener on which brokers talk to each other.",
    )
    .null(),
    key(
        "listener.security.protocol.map",
        String,
        "PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL",
        "Listener → security protocol.",
    ),
    key(
        "listeners",
        List,
        "PLAINTEXT://127.0.0.1:9092",
        "The addresses that the node listens on.",
    ),
    key(
        "log.cleaner.backoff.ms",
        Long,
        "15000",
        "Milliseconds that the compactor waits when there is nothing to do.",
    )
    .at_least(0),
    key("log.cleaner.enable", Boolean, "true", "Whether the compactor runs."),
    int("log.cleaner.threads", "1", 0, "Threads of the compactor."),
    key("log.dir", List, "corvid-data", "The node's directory of data."),
    key("log.dirs", List, "", "The node's directories of data.").null(),
    int(
        "log.flush.offset.checkpoint.interval.ms",
        "60000",
        0,
        "Milliseconds between checkpoints of the flushed positions.",
    ),
    key(
        "log.flush.scheduler.interval.ms",
        Long,
        "9223372036854775807",
        "Milliseconds between looks for logs to sync.",
    ),
    int(
        "log.flush.start.offset.checkpoint.interval.ms",
        "60000",
        0,
        "Milliseconds between checkpoints of the log starts.",
    ),
    key(
        "log.retention.check.interval.ms",
        Long,
        "300000",
        "Milliseconds between looks for segments to delete.",
    )
    .at_least(1),
    int("max.connections", "2147483647", 0, "The most connections of a node."),
    int(
        "max.connections.per.ip",
        "2147483647",
        0,
        "The most connections from one address.",
    ),
    int(
        "max.incremental.fetch.session.cache.slots",
        "1000",
        0,
        "The most fetch sessions of a node.",
    ),
    int(
        "max.request.partition.size.limit",
        "2000",
        1,
        "The most partitions in one answer to DescribeTopicPartitions.",
    ),
    key(
        "metadata.log.dir",
        String,
        "",
        "Where the metadata quorum keeps its log.",
    )
    .null(),
    key(
        "metric.reporters",
        List,
        "",
        "Kafka's metric reporters. Corvid's metrics are at /metrics of the admin listener.",
    ),
    int("node.id", "1", 0, "The node's number in the cluster."),
    int(
        "num.io.threads",
        "8",
        1,
        "Kafka's request threads. Corvid serves a request on the thread that read it.",
    ),
    int("num.network.threads", "3", 1, "The threads that serve connections."),
    int("num.partitions", "1", 1, "Partitions of a topic that doesn't say."),
    int(
        "num.recovery.threads.per.data.dir",
        "2",
        1,
        "Threads that recover logs at start.",
    ),
    int("num.replica.fetchers", "1", 1, "Fetchers from each other broker."),
    key("process.roles", List, "broker,controller", "What the node does.")
        .check(Check::SomeOf(&["broker", "controller"])),
    key(
        "queued.max.request.bytes",
        Long,
        "-1",
        "Bytes of requests in memory before the node stops reading.",
    ),
    int(
        "queued.max.requests",
        "500",
        1,
        "Kafka's queue of requests. Corvid's limit is in bytes.",
    ),
    key(
        "remote.log.storage.system.enable",
        Boolean,
        "false",
        "Whether there is tiered storage.",
    ),
    int(
        "replica.fetch.max.bytes",
        "1048576",
        0,
        "Bytes that a follower asks for, of each partition.",
    ),
    int("replica.fetch.min.bytes", "1", 0, "Bytes that a follower waits for."),
    int(
        "replica.fetch.response.max.bytes",
        "10485760",
        0,
        "The largest answer to a follower, in bytes.",
    ),
    int(
        "replica.fetch.wait.max.ms",
        "500",
        0,
        "Milliseconds that a follower's fetch waits.",
    ),
    key(
        "replica.lag.time.max.ms",
        Long,
        "30000",
        "Milliseconds after which a follower that lags leaves the in-sync set.",
    )
    .at_least(1),
    key(
        "replica.selector.class",
        String,
        "",
        "Which replica a consumer is sent to.",
    )
    .null(),
    int(
        "request.timeout.ms",
        "30000",
        1,
        "Milliseconds that a request to another broker may take.",
    ),
    key(
        "sasl.enabled.mechanisms",
        List,
        "",
        "The SASL mechanisms that are served.",
    ),
    key(
        "security.inter.broker.protocol",
        String,
        "PLAINTEXT",
        "The security protocol between brokers.",
    ),
    key(
        "socket.connection.setup.timeout.ms",
        Long,
        "10000",
        "Milliseconds that a connection to another broker may take.",
    ),
    int(
        "socket.listen.backlog.size",
        "50",
        1,
        "Connections that wait to be accepted.",
    ),
    int(
        "socket.receive.buffer.bytes",
        "-1",
        -1,
        "SO_RCVBUF of a connection; -1 leaves it to the system.",
    ),
    int(
        "socket.request.max.bytes",
        "104857600",
        1,
        "The largest request, in bytes.",
    ),
    int(
        "socket.send.buffer.bytes",
        "-1",
        -1,
        "SO_SNDBUF of a connection; -1 leaves it to the system.",
    ),
    key(
        "ssl.client.auth",
        String,
        "none",
        "Whether clients must show a certificate.",
    )
    .check(Check::OneOf(&["required", "requested", "none"])),
    key("ssl.keystore.password", Password, "", "The password of the key store.").null(),
    int(
        "telemetry.max.bytes",
        "1048576",
        1,
        "The largest push of client metrics, in bytes.",
    ),
];
