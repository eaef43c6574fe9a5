//! Every key of the file that is ours. Those under Kafka's own names (`[broker]`, and `configs` of a topic) stand in
//! `corvid_metadata::config`.

use super::key::{Key, Section};

const fn node(name: &'static str, expects: &'static str, example: &'static str, doc: &'static str) -> Key {
    Key::new(Section::Node, name, expects, example, doc)
}

const fn listeners(name: &'static str, expects: &'static str, example: &'static str, doc: &'static str) -> Key {
    Key::new(Section::Listeners, name, expects, example, doc)
}

const fn admin(name: &'static str, expects: &'static str, example: &'static str, doc: &'static str) -> Key {
    Key::new(Section::Admin, name, expects, example, doc)
}

const fn log(name: &'static str, expects: &'static str, doc: &'static str) -> Key {
    Key::new(Section::Log, name, expects, "", doc)
}

const fn plugin(name: &'static str, expects: &'static str, example: &'static str, doc: &'static str) -> Key {
    Key::new(Section::Plugin, name, expects, example, doc)
}

const fn topic(name: &'static str, expects: &'static str, example: &'static str, doc: &'static str) -> Key {
    Key::new(Section::Topic, name, expects, example, doc)
}

const fn retry(name: &'static str, expects: &'static str, example: &'static str, doc: &'static str) -> Key {
    Key::new(Section::Retry, name, expects, example, doc)
}

const fn delay(name: &'static str, expects: &'static str, example: &'static str, doc: &'static str) -> Key {
    Key::new(Section::Delay, name, expects, example, doc)
}

const fn dead_letter(name: &'static str, expects: &'static str, example: &'static str, doc: &'static str) -> Key {
    Key::new(Section::DeadLetter, name, expects, example, doc)
}

const fn binding(name: &'static str, expects: &'static str, example: &'static str, doc: &'static str) -> Key {
    Key::new(Section::Binding, name, expects, example, doc)
}

const fn limits(name: &'static str, expects: &'static str, doc: &'static str) -> Key {
    Key::new(Section::Limits, name, expects, "", doc)
}

/// What plugins and topics have in common.
const ON_REFUSED: &str = "refuse, dead-letter, drop or policy";
const ON_FAULT: &str = "refuse, dead-letter, pass or policy";

/// The table.
pub(super) const KEYS: &[Key] = &[
    node("id", "a whole number, 0 or more", "", "The node's number in the cluster. It stays with the data.").or("1").kafka("node.id"),
    node("data", "a path", "", "Where everything is kept. A relative path counts from where the node is started.")
        .or("\"corvid-data\"")
        .kafka("log.dirs"),
    node("rack", "a text", "\"eu-1a\"", "Where the node stands, told to clients and, in a cluster, used to spread replicas.").kafka("broker.rack"),
    node("threads", "a whole number, 1 to 1024", "4", "Threads that serve connections and run plugins. Default: as many as there are cores.")
        .kafka("num.network.threads"),
    listeners("kafka", "HOST:PORT", "", "Where Kafka clients connect. Port 0 takes a free one.").or("\"127.0.0.1:9092\"").kafka("listeners"),
    listeners("advertise", "HOST:PORT", "\"broker.example.com:9092\"", "Where clients are told to connect. Default: what `kafka` says.")
        .kafka("advertised.listeners"),
    listeners("insecure", "true or false", "", "Has to be true for a listener that other machines can reach: there is no authentication yet.").or("false"),
    admin("listen", "HOST:PORT", "", "Where the command line, metrics and health checks are served, by HTTP.").or("\"127.0.0.1:9099\""),
    admin("token", "a text of 16 characters or more", "\"a-long-random-text\"", "What callers must send as a bearer token. Needed for a listener that other machines can reach. /health and /ready are open."),
    admin("hosts", "an array of names", "", "Names, besides localhost and addresses, under which browsers and tools may reach the listener.").or("[]"),
    log("format", "readable or json", "How the node's own log is written, to standard error.").or("\"readable\""),
    log("level", "error, warn, info, debug or trace, also by module: info,corvid_api=debug", "How much of it.").or("\"info\""),
    plugin("file", "a path", "\"plugins/by_region.wasm\"", "The module: a path, counted from this file's folder, or \"builtin:NAME\"."),
    plugin("builtin", "a name", "\"field-partitioner\"", "Instead of `file`: a plugin that the binary carries; `corvid plugin list` shows them."),
    plugin("digest", "sha256:HEX", "\"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"", "Instead of `file`: a module that the node has already."),
    plugin("script", "a text", "\"fn partition(record) { KEEP }\"", "Instead of `file`: a script in Rhai, which defines hooks (plugins/script/README.md)."),
    plugin("script_file", "a path", "\"scripts/by_region.rhai\"", "Instead of `script`: a file with the script, counted from this file's folder."),
    plugin("config", "a table", "{ field = \"region\" }", "What the plugin is configured with; it sees JSON."),
    plugin("limits", "a table", "{ deadline = \"20ms\", memory = \"16MiB\" }", "What a call may take."),
    topic("partitions", "a whole number, 1 to 10000", "6", "How many partitions it has at least; they never shrink. Default: num.partitions of [broker]."),
    topic("partitioner", "a plugin's name, or a binding", "\"by-region\"", "The plugin that decides where records go.").kafka("corvid.partitioner"),
    topic("produce", "an array of plugins' names or bindings", "[\"order-schema\"]", "Validators and transforms, in the order in which they run, before the partitioner.")
        .kafka("corvid.produce"),
    topic("fetch", "an array of plugins' names or bindings", "[{ plugin = \"mask-card\", clients = [\"reporting-*\"] }]", "Views, in the order in which they run: what clients see of the records, which stay as they are. What a view fails on is not shown (a retriable error), unless its own on_fault is \"pass\".")
        .kafka("corvid.fetch"),
    topic("policy", "a plugin's name, or a binding", "\"payments-backoff\"", "The plugin that decides what becomes of records that others refuse or fail on, where `on_refused` or `on_fault` is `policy`.")
        .kafka("corvid.policy"),
    topic("on_refused", ON_REFUSED, "", "What happens to a record that a plugin refuses: the batch is refused with INVALID_RECORD, or the record goes to the dead-letter topic, or is dropped, or the policy decides.")
        .or("\"refuse\"")
        .kafka("corvid.on.refused"),
    topic("on_fault", ON_FAULT, "", "What happens to a record on which a plugin fails: a retriable error, or the dead-letter topic, or it goes on unchanged, marked by a header, or the policy decides.")
        .or("\"refuse\"")
        .kafka("corvid.on.fault"),
    topic("durability", "disk or replicas", "\"disk\"", "What an acknowledgement of acks=all means: on the disks of the in-sync replicas, or in their memory, as Kafka has it. Default: corvid.durability of [broker].")
        .kafka("corvid.durability"),
    topic("dead_letter", "a table", "{ topic = \"orders.DLT\", headers = \"corvid\" }", "Where dead letters go."),
    topic("retry", "a table", "{ attempts = 5, backoff = { fixed = \"1s\" } }", "Whether records come back that a consumer fails on."),
    topic("delay", "a table", "{ max = \"30d\" }", "Whether records may ask to be delivered later."),
    topic("configs", "a table", "{ \"retention.ms\" = 604800000 }", "Any other config of a topic, under Kafka's name."),
    dead_letter("topic", "a topic's name", "\"orders.DLT\"", "The dead-letter topic; it is created when it is missing. Default: the topic's name with `.DLT` behind it.")
        .kafka("corvid.dead.letter.topic"),
    dead_letter("others", "an array of topics' names", "[\"orders.fraud\"]", "Other topics that a policy may send letters to; they are created when they are missing.")
        .kafka("corvid.dead.letter.others"),
    dead_letter("headers", "corvid, spring or connect", "", "How the headers that say why are named.").or("\"corvid\"").kafka("corvid.dead.letter.headers"),
    dead_letter("retention", "a duration: 12h, 30d", "\"30d\"", "How long letters are kept: it becomes retention.ms of the dead-letter topic, the longest if several topics name it. Default: what the dead-letter topic itself says.")
        .kafka("corvid.dead.letter.retention.ms"),
    retry("attempts", "a whole number, 1 to 1000", "", "How many times a group handles a record at most, the first time included; then it is a dead letter.").or("3").kafka("corvid.retry.attempts"),
    retry("backoff", "a table, or an array of durations", "", "How long a record waits before it comes back: { initial, multiplier, max, jitter }, each time `multiplier` times longer up to `max`; or { fixed, jitter }; or one time after the other, the last one again and again. `jitter` is the fraction by which it may become longer, at random.")
        .or("{ initial = \"1s\", multiplier = 2.0, max = \"1m\", jitter = 0.0 }")
        .kafka("corvid.retry.backoff"),
    retry("groups_max", "a whole number, 0 to 100000", "", "How many retry topics (one for each group) there may be for one more to be made when a client names it; beyond it they are made by hand. Whoever reaches the listener can name one.")
        .or("100")
        .kafka("corvid.retry.groups.max"),
    retry("policy", "a plugin's name, or a binding", "\"payments-backoff\"", "The plugin that decides whether and when a record comes back. Where it says nothing, or fails, `backoff` counts; `attempts` always does.")
        .kafka("corvid.retry.policy"),
    delay("max", "a duration: 12h, 30d", "\"30d\"", "How far ahead a record may ask to be delivered, by the headers corvid-deliver-at (ms since the epoch) or corvid-delay-ms. Default: these headers mean nothing.")
        .kafka("corvid.delay.max.ms"),
    delay("release_rate", "a whole number, 1 or more", "", "How many records a second a partition gives back at most, when many that it held are due at once.")
        .or("50000")
        .kafka("corvid.delay.release.rate"),
    binding("plugin", "a plugin's name", "\"mask-card\"", "The plugin."),
    binding("script", "a text", "\"fn validate(record) { record.json != () }\"", "Instead of `plugin`: a script, right here."),
    binding("script_file", "a path", "\"scripts/orders.rhai\"", "Instead of `script`: a file with the script, counted from this file's folder."),
    binding("config", "a table", "{ field = \"card\" }", "In place of the plugin's own."),
    binding("tables", "a table of topics", "{ limits = \"user-limits\" }", "The compacted topics that the plugin may look things up in, by the names that it knows them by. Not in fetch, and not for a partitioner."),
    binding("on_refused", ON_REFUSED, "\"drop\"", "In place of the topic's."),
    binding("on_fault", ON_FAULT, "\"pass\"", "In place of the topic's."),
    binding("clients", "an array of patterns", "[\"reporting-*\", \"!reporting-admin\"]", "In fetch: for clients of these ids alone, or for all but those with a ! before."),
    binding("principals", "an array of patterns", "[\"User:*\"]", "In fetch: the same by principal; without authentication, that is User:ANONYMOUS."),
    binding("limits", "a table", "{ deadline = \"5ms\" }", "Over the plugin's own."),
    limits("deadline", "a duration: 20ms, 1s", "The CPU time that a call may take, 10s at most.").or("\"20ms\""),
    limits("memory", "a size: 16MiB", "The memory that an instance may have, 1GiB at most.").or("\"16MiB\""),
];
