//! Shadows of policies and views: what a candidate would have decided, and shown, is told; what is decided and shown is not
//! touched by it.

use std::collections::BTreeMap;

use corvid_env::task;
use corvid_wire::client::{Client, ClientOptions, ConsumedRecord, Consumer, ConsumerOptions, Start};
use serde_json::{Value, json};

use super::support::{Came, Node, warm};

const SETTINGS: &str = r#"
[plugins.schema]
builtin = "json-schema-validator"
config  = { schema = { type = "object", required = ["amount"] } }

[plugins.pay]
builtin = "payments-backoff"
config  = { final = ["2"], initial_ms = 150, max_ms = 150 }

[plugins.mask]
builtin = "field-mask"
config  = { mask = ["card"] }

[topics.orders]
partitions = 1
produce    = ["schema"]
on_refused = "policy"
policy     = "pay"

[topics.orders.retry]
attempts = 3
backoff  = { fixed = "1h" }
policy   = "pay"

[topics.people]
partitions = 1
fetch      = [{ plugin = "mask", clients = ["masked-*"] }]

[topics.cards]
partitions = 1
produce    = ["mask"]
"#;

const RETRY: &str = "orders.billing.retry";

fn start(node: Node) -> Node {
    node.file("settings.toml", SETTINGS);
    node.admin(&["apply", "settings.toml"]).json();
    node
}

/// Tries a module beside the active generation of `plugin`, and gives what is warned of.
fn shadow(node: &Node, module: &str, plugin: &str, config: &Value) -> Vec<String> {
    let config = config.to_string();
    let deploy = [
        "plugin", "deploy", module, "--name", plugin, "--config", &config, "--shadow",
    ];
    let deployed = node.admin(&deploy).json();
    assert_eq!(deployed["outcome"], "tried");
    serde_json::from_value(deployed["warnings"].clone()).unwrap()
}

/// What is told of `plugin` once its shadow has been given so many records, which it must all have compared.
fn described(node: &Node, plugin: &str, records: u64) -> Value {
    for _ in 0..2_000 {
        let told = node.admin(&["plugin", "describe", plugin]).json();
        let shadow = &told["candidate"]["shadow"];
        let number = |name: &str| shadow[name].as_u64().unwrap_or_default();
        if number("compared") + number("skipped") >= records {
            assert_eq!((number("compared"), number("skipped")), (records, 0), "{shadow}");
            return told;
        }
    }
    panic!("{records} records were never compared");
}

/// The samples of `what`, as: offset, key, hook, reader, active, candidate.
fn samples(told: &Value, what: &str) -> Vec<Value> {
    let samples = told["candidate"]["shadow"]["samples"].as_array().unwrap().iter();
    let of = samples.filter(|sample| sample["topic"] == what);
    let fields = ["offset", "key", "hook", "reader", "active", "candidate"];
    of.map(|sample| fields.iter().map(|field| sample[*field].clone()).collect())
        .collect()
}

/// Of generation `generation` as it is loaded: the breaker, and the records that it failed on.
fn instance(told: &Value, generation: u64) -> (String, u64) {
    let mut of = told["instances"].as_array().unwrap().iter();
    let instance = of.find(|instance| instance["generation"] == generation).unwrap();
    let faults: BTreeMap<String, u64> = serde_json::from_value(instance["faults"].clone()).unwrap();
    let breaker = instance["breaker"].as_str().unwrap().to_owned();
    (breaker, faults.values().sum())
}

/// Produces a record as a consumer does that has failed on it with this code.
fn fail(node: &Node, partition: &str, code: &str, value: &str) -> Came {
    let code = format!("corvid-retry-code={code}");
    node.kafka(&["produce", RETRY, "-p", partition, "-H", &code], &format!("{value}\n"))
}

/// Key and value of each record, by offset.
type Shown = BTreeMap<i64, (String, String)>;

fn read(node: &Node, client_id: &str, topic: &str) -> Shown {
    let read = async {
        let options = ClientOptions {
            client_id: client_id.to_owned(),
            ..ClientOptions::default()
        };
        let client = Client::connect(&node.kafka, options).await.unwrap();
        let mut consumer = Consumer::new(client, ConsumerOptions::default());
        consumer.assign_topic(topic, Start::Earliest).await.unwrap();
        let mut all = Vec::new();
        while !consumer.is_at_end() {
            all.extend(consumer.poll().await.unwrap());
        }
        all
    };
    let text = |bytes: Option<bytes::Bytes>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
    let shown = |record: ConsumedRecord| (record.offset, (text(record.key), text(record.value)));
    task::run_main(1, read).unwrap().into_iter().map(shown).collect()
}

/// The bug it is for: the candidate's decision is the one that is written. Then the refused records are not letters but an
/// error for their producer, and the declined payment is a letter and not there again.
#[test]
fn a_shadowed_policy_decides_nothing_and_is_compared_wherever_it_is_bound() {
    let node = start(Node::start());
    let config = json!({ "final": ["declined"], "initial_ms": 500 });
    let warned = shadow(&node, "builtin:payments-backoff", "pay", &config);
    assert_eq!(
        warned,
        ["topic orders has no retry topic yet: the shadow has nothing to compare there until a consumer group has one"]
    );
    of_what_is_refused(&node);
    of_what_consumers_fail_on(&node);
    let told = described(&node, "pay", 5);
    let found = &told["candidate"]["shadow"];
    let hooks = json!({ "policy": { "compared": 5, "differing": 4, "skipped": 0 } });
    assert_eq!(found["hooks"], hooks);
    assert_eq!(told["records"], 5, "the active generation was asked once about each");
    let get = format!(
        "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        node.admin
    );
    let scrape = node.http(&get);
    for (series, value) in [("compared", 5), ("differing", 4), ("skipped", 0)] {
        let labels = "plugin=\"pay\",generation=\"2\",hook=\"policy\"";
        let line = format!("corvid_plugin_shadow_{series}_records_total{{{labels}}} {value}");
        assert!(scrape.lines().any(|known| known == line), "no {line} in {scrape}");
    }
    // Promoted, it is what decides.
    node.admin(&["plugin", "promote", "pay"]).json();
    fail(&node, "0", "declined", "fourth").json();
    assert_eq!(node.records("orders.DLT").len(), 3);
}

/// Two of four are refused, and the policy is asked. The first offset is that of the entry with the two.
fn of_what_is_refused(node: &Node) {
    let lines = "a:{\"amount\":1}\nb:{}\nc:{\"amount\":2}\nd:{}\n";
    node.kafka(&["produce", "orders", "-K", ":", "-p", "0"], lines).json();
    assert_eq!(read(node, "any", "orders").keys().collect::<Vec<_>>(), [&1, &3]);
    assert_eq!(node.records("orders.DLT").len(), 2);
    let told = described(node, "pay", 2);
    let decided = ["dead-letter to orders.DLT", "retry after 500ms"];
    let expected =
        [(2, "b"), (4, "d")].map(|(offset, key)| json!([offset, key, "policy", null, decided[0], decided[1]]));
    assert_eq!(samples(&told, "orders"), expected);
}

/// On one record the two differ in what, on one in when, and on one they don't.
fn of_what_consumers_fail_on(node: &Node) {
    for (code, value) in [("declined", "first"), ("timeout", "second"), ("429", "third")] {
        fail(node, "0", code, value).json();
    }
    let came = node.kafka(&["consume", RETRY, "-p", "0", "-f", "-n", "2"], "");
    let back = came
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let back: Vec<Value> = back.map(|record| record["value"].clone()).collect();
    assert_eq!(back, ["first", "second"]);
    assert_eq!(node.records("orders.DLT").len(), 2);
    let told = described(node, "pay", 5);
    let differences = json!({ "dead-letter -> retry": 2, "retry -> dead-letter": 1, "retry -> retry": 1 });
    assert_eq!(told["candidate"]["shadow"]["differences"], differences);
    let expected = [(1, "dead-letter to orders.DLT"), (3, "retry after 500ms")]
        .map(|(offset, candidate)| json!([offset, null, "policy", null, "retry after 150ms", candidate]));
    assert_eq!(samples(&told, RETRY), expected);
}

/// The bug it is for: a canary of a policy decides nowhere, or everywhere.
#[test]
fn a_policy_as_a_canary_decides_for_its_partitions() {
    let node = Node::start();
    node.file("settings.toml", &SETTINGS.replace("partitions = 1", "partitions = 2"));
    node.admin(&["apply", "settings.toml"]).json();
    let config = json!({ "final": ["declined"], "initial_ms": 500 }).to_string();
    let deploy = [
        "plugin",
        "deploy",
        "builtin:payments-backoff",
        "--name",
        "pay",
        "--config",
        &config,
    ];
    let deployed = node.admin(&[&deploy[..], &["--canary", "1"]].concat()).json();
    assert_eq!(deployed["warnings"], json!([]));
    fail(&node, "0", "declined", "by the active one").json();
    fail(&node, "1", "declined", "by the canary").json();
    let letters = node.records("orders.DLT");
    assert_eq!(
        letters.iter().map(|letter| &letter["value"]).collect::<Vec<_>>(),
        ["by the canary"]
    );
    let came = node.kafka(&["consume", RETRY, "-p", "0", "-f", "-n", "1"], "");
    let back: Value = serde_json::from_str(came.out.lines().next().unwrap()).unwrap();
    assert_eq!(back["value"], "by the active one");
}

/// The bug it is for: what the candidate shows is what the reader gets, or what is kept for the next one.
#[test]
fn a_shadowed_view_shows_nothing_and_is_compared_wherever_it_is_bound() {
    let node = start(Node::start());
    let config = json!({ "mask": ["card"], "remove": ["name"], "not_json": "keep" });
    assert_eq!(shadow(&node, "builtin:field-mask", "mask", &config), [] as [String; 0]);
    let lines = "a:{\"card\":\"12\"}\nb:{\"name\":\"Ada\"}\nc:no JSON\n";
    node.kafka(&["produce", "people", "-K", ":", "-p", "0"], lines).json();
    let text = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let [card, name, opaque] = [
        text("a", r#"{"card":"12"}"#),
        text("b", r#"{"name":"Ada"}"#),
        text("c", "no JSON"),
    ];
    let masked = text("a", r#"{"card":"***"}"#);
    let by_active: Shown = [(0, masked.clone()), (1, name.clone())].into();
    // The second time it is kept, and nobody is asked.
    for reader in ["masked-1", "masked-1", "masked-2"] {
        assert_eq!(read(&node, reader, "people"), by_active, "{reader}");
    }
    assert_eq!(
        read(&node, "audit", "people"),
        [(0, card), (1, name), (2, opaque.clone())].into()
    );
    // The same plugin changes what is written elsewhere.
    node.kafka(
        &["produce", "cards", "-K", ":", "-p", "0"],
        "d:{\"name\":\"Bob\",\"card\":\"7\"}\n",
    )
    .json();
    let written = text("d", r#"{"name":"Bob","card":"***"}"#);
    assert_eq!(read(&node, "any", "cards"), [(0, written)].into());
    let told = described(&node, "mask", 7);
    let found = &told["candidate"]["shadow"];
    assert_eq!(
        found["differences"],
        json!({ "accept -> edit": 2, "edit -> edit": 1, "hide -> accept": 2 })
    );
    let hooks = json!({
        "transform": { "compared": 1, "differing": 1, "skipped": 0 },
        "view": { "compared": 6, "differing": 4, "skipped": 0 },
    });
    assert_eq!(found["hooks"], hooks);
    let of = |reader: &str, offset: i64, key: &str, active: &str, candidate: &str| {
        json!([offset, key, "view", reader, active, candidate])
    };
    let expected = [
        of("masked-1", 1, "b", "accept", "edit value = {}"),
        of("masked-2", 1, "b", "accept", "edit value = {}"),
        of("masked-1", 2, "c", "hide", "accept"),
        of("masked-2", 2, "c", "hide", "accept"),
    ];
    assert_eq!(samples(&told, "people"), expected);
    // Promoted, it is what shows.
    node.admin(&["plugin", "promote", "mask"]).json();
    let by_candidate = [(0, masked), (1, text("b", "{}")), (2, opaque)].into();
    assert_eq!(read(&node, "masked-1", "people"), by_candidate);
}

/// Fails on some records: in a policy in two ways, and in a view.
const FAILING: &str = r#"
fn policy(record, failure) {
    if record.value == "boom" { no_such_function(); }
    while record.value == "endless" { }
    retry_after(150);
}
fn view(record, reader) {
    if record.json?.card == "boom" { no_such_function(); }
}
"#;

/// The bug it is for: a candidate that only fails opens the active generation's breaker, or its faults are counted as that one's.
#[test]
fn what_a_candidate_fails_on_is_its_own() {
    let folder = tempfile::tempdir().unwrap();
    warm(folder.path());
    let node = Node::start_in(folder, &[]);
    node.file("settings.toml", SETTINGS.split("[topics.cards]").next().unwrap());
    node.admin(&["apply", "settings.toml"]).json();
    for plugin in ["pay", "mask"] {
        shadow(
            &node,
            "builtin:script",
            plugin,
            &json!({ "script": FAILING, "config": null }),
        );
    }
    fail(&node, "0", "timeout", "endless").json();
    for _ in 0..12 {
        fail(&node, "0", "timeout", "boom").json();
        let line = "k:{\"card\":\"boom\"}\n";
        node.kafka(&["produce", "people", "-K", ":", "-p", "0"], line).json();
    }
    let came = node.kafka(&["consume", RETRY, "-p", "0", "-f", "-n", "13"], "");
    assert_eq!(came.out.lines().count(), 13, "{}", came.err);
    let shown = read(&node, "masked-1", "people");
    assert_eq!(shown.len(), 12);
    assert!(
        shown.values().all(|(_, value)| value == r#"{"card":"***"}"#),
        "{shown:?}"
    );
    for (plugin, records, difference) in [("pay", 13, "retry -> fault"), ("mask", 12, "edit -> fault")] {
        let told = described(&node, plugin, records);
        assert_eq!(
            told["candidate"]["shadow"]["differences"],
            json!({ difference: records })
        );
        assert_eq!(instance(&told, 1), ("closed".to_owned(), 0));
        let (breaker, faults) = instance(&told, 2);
        assert!(
            breaker != "closed" && faults == records,
            "{plugin}: {breaker}, {faults}"
        );
        assert_eq!(told["faults"], 0);
    }
}

/// The bug it is for: a week of zeros, because nothing is asked where the plugin is bound.
#[test]
fn where_a_shadow_sees_nothing_is_said_at_once() {
    let node = Node::start();
    let settings = SETTINGS
        .replace("on_refused = \"policy\"\n", "")
        .replace("fetch      = [{ plugin = \"mask\", clients = [\"masked-*\"] }]\n", "");
    let idle = "[plugins.idle]\nbuiltin = \"payments-backoff\"\n";
    node.file("settings.toml", &format!("{settings}\n{idle}"));
    node.admin(&["apply", "settings.toml"]).json();
    let patient = json!({ "initial_ms": 100 });
    assert_eq!(
        shadow(&node, "builtin:payments-backoff", "idle", &patient),
        ["no topic binds idle yet: the shadow has nothing to compare until one does"]
    );
    assert_eq!(
        shadow(&node, "builtin:payments-backoff", "pay", &patient),
        [
            "topic orders leaves nothing to its policy (no `on_refused` or `on_fault` is \"policy\"): the shadow has nothing to \
             compare there",
            "topic orders has no retry topic yet: the shadow has nothing to compare there until a consumer group has one"
        ]
    );
    assert_eq!(
        shadow(
            &node,
            "builtin:json-schema-validator",
            "mask",
            &json!({ "schema": true })
        ),
        [
            "topic cards binds it as produce, where generation 1 has transform, view and generation 2 has validate: the shadow has \
             nothing to compare there"
        ]
    );
    // A candidate that could not take the active generation's place isn't tried at all.
    let deploy = [
        "plugin",
        "deploy",
        "builtin:field-mask",
        "--name",
        "pay",
        "--config",
        "{\"mask\":[\"a\"]}",
        "--shadow",
        "--replace",
    ];
    let refused = node.admin(&deploy).failed(1);
    assert!(
        refused["error"]
            .as_str()
            .unwrap()
            .contains("bound as policy, which wants a policy"),
        "{refused}"
    );
}
