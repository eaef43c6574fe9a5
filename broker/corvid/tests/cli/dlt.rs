//! Dead letters: what is told of them, and how they go out again, each once.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::{Came, Node, corvid};

/// Orders want an amount, which is what every letter here lacks; or not, after the fix.
fn policy(required: &str) -> String {
    format!(
        "[plugins.amounts]\nbuiltin = \"json-schema-validator\"\nconfig = {{ schema = {{ required = [\"{required}\"] }} }}\n\
         [topics.orders]\npartitions = 2\nproduce = [\"amounts\"]\non_refused = \"dead-letter\"\n\
         [topics.audit]\npartitions = 1\n"
    )
}

fn apply(node: &Node, required: &str) {
    node.file("orders.toml", &policy(required));
    node.admin(&["apply", "orders.toml"]).json();
}

/// A node with so many dead letters of `orders`, in the order of their keys, half of them in each partition.
fn with_letters(count: usize) -> Node {
    let node = Node::start_in(tempfile::tempdir().unwrap(), &["--data", "data"]);
    apply(&node, "amount");
    for partition in 0..2 {
        let orders: String = (0..count / 2)
            .map(|n| format!("{partition}-{n}:{{\"id\":{n}}}\n"))
            .collect();
        let partition = partition.to_string();
        node.kafka(
            &["produce", "orders", "-p", &partition, "-K", ":", "-H", "origin=here"],
            &orders,
        )
        .json();
    }
    node
}

fn dlt(node: &Node, arguments: &[&str]) -> Came {
    let arguments = [&["dlt"], arguments].concat();
    let wants_kafka = arguments[1] != "redrive";
    let kafka: &[&str] = if wants_kafka { &["--kafka", &node.kafka] } else { &[] };
    corvid(
        node.folder.path(),
        &[&arguments[..], &["--admin", &node.admin], kafka].concat(),
        "",
    )
}

fn header<'a>(record: &'a Value, name: &str) -> Option<&'a str> {
    let headers = record["headers"].as_array().unwrap();
    headers.iter().find(|header| header[0] == name)?[1].as_str()
}

/// How often each key is in the topic.
fn keys(node: &Node, topic: &str) -> BTreeMap<String, usize> {
    let mut keys = BTreeMap::new();
    for record in node.records(topic) {
        *keys.entry(record["key"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    keys
}

fn once(count: usize) -> BTreeMap<String, usize> {
    let keys = (0..2).flat_map(|partition| (0..count / 2).map(move |n| (format!("{partition}-{n}"), 1)));
    keys.collect()
}

#[test]
fn letters_go_to_where_they_were_sent_once_the_cause_is_gone() {
    let node = with_letters(10);
    // What would be refused again stays, and nothing is written.
    let refused = dlt(&node, &["redrive", "orders"]).json();
    assert_eq!(
        (&refused["redriven"], &refused["stay"][0]["letters"]),
        (&json!({}), &json!(10))
    );
    assert!(
        refused["stay"][0]["reason"].as_str().unwrap().contains("amounts"),
        "{refused}"
    );
    apply(&node, "id");
    let dry = dlt(&node, &["redrive", "orders", "--dry-run"]).json();
    assert_eq!(
        (&dry["redriven"], node.records("orders").len()),
        (&json!({ "orders": 10 }), 0)
    );
    let done = dlt(&node, &["redrive", "orders", "--partition", "1", "--key", "1-3"]).json();
    assert_eq!(
        (&done["redriven"], &done["others"]),
        (&json!({ "orders": 1 }), &json!(4))
    );
    let done = dlt(&node, &["redrive", "orders.DLT"]).json();
    assert_eq!(
        (&done["redriven"], &done["already"]),
        (&json!({ "orders": 9 }), &json!(1))
    );
    let again = dlt(&node, &["redrive", "orders"]).json();
    assert_eq!((&again["redriven"], &again["already"]), (&json!({}), &json!(10)));
    assert_eq!(keys(&node, "orders"), once(10));
    for record in node.records("orders") {
        let key = record["key"].as_str().unwrap();
        assert_eq!(record["partition"].to_string(), key[..1], "{record}");
        assert_eq!(header(&record, "origin"), Some("here"));
        let from = header(&record, "corvid-redriven-from").unwrap();
        assert!(from.starts_with(&format!("orders.DLT/{}/", &key[..1])), "{record}");
        assert_eq!(record["headers"].as_array().unwrap().len(), 2, "{record}");
    }
    let letters = dlt(&node, &["show", "orders"]).json();
    assert!(
        letters
            .as_array()
            .unwrap()
            .iter()
            .all(|letter| letter["redriven"] == true),
        "{letters}"
    );
}

#[test]
fn what_is_there_is_listed_with_its_reasons() {
    let node = with_letters(4);
    let listed = dlt(&node, &["list"]).json();
    let topic = &listed[0];
    assert_eq!(
        (
            &topic["topic"],
            &topic["sources"],
            &topic["letters"],
            &topic["redriven"]
        ),
        (&json!("orders.DLT"), &json!(["orders"]), &json!(4), &json!(0))
    );
    assert_eq!(topic["reasons"][0]["letters"], 4);
    let shown = dlt(
        &node,
        &[
            "show",
            "orders",
            "--partition",
            "1",
            "--reason",
            "AMOUNT",
            "--limit",
            "1",
        ],
    )
    .json();
    assert_eq!((shown.as_array().unwrap().len(), &shown[0]["key"]), (1, &json!("1-1")));
    assert_eq!(
        (&shown[0]["attempts"], &shown[0]["stage"]),
        (&json!(1), &json!("validator"))
    );
    assert_eq!(dlt(&node, &["show", "orders", "--plugin", "other"]).json(), json!([]));
    dlt(&node, &["show", "orders", "--partition", "7"]).failed(4);
    dlt(&node, &["redrive", "orders", "--partition", "7"]).failed(4);
}

/// Spring's and Connect's letters, which their consumers have written.
#[test]
fn letters_of_others_go_to_another_topic_or_back() {
    let node = with_letters(2);
    node.file("more.toml", "[topics.\"audit-dlt\"]\npartitions = 3\n");
    node.admin(&["apply", "more.toml"]).json();
    let send = |headers: &[&str], key: &str| {
        let headers: Vec<&str> = headers.iter().flat_map(|header| ["-H", *header]).collect();
        let arguments = [&["produce", "audit-dlt", "-p", "2", "-K", ":"][..], &headers].concat();
        node.kafka(&arguments, &format!("{key}:value\n")).json();
    };
    send(
        &["kafka_dlt-original-topic=audit", "kafka_dlt-exception-message=no"],
        "spring",
    );
    send(
        &["__connect.errors.topic=audit", "__connect.errors.partition=0"],
        "connect",
    );
    send(&["mine=1"], "nobody's");
    // The bug: whoever may write letters writes into the broker's own topics, or in circles.
    send(&["corvid-dlt-topic=__consumer_offsets"], "hostile");
    send(&["corvid-dlt-topic=audit-dlt"], "circle");
    send(&["corvid-dlt-topic=../../etc"], "none");
    let done = dlt(&node, &["redrive", "audit-dlt"]).json();
    assert_eq!(done["redriven"], json!({ "audit": 2 }), "{done}");
    assert_eq!(done["stay"].as_array().unwrap().len(), 4, "{done}");
    for record in node.records("audit") {
        assert_eq!(record["headers"].as_array().unwrap().len(), 1, "{record}");
    }
    for to in ["audit-dlt", "__consumer_offsets", "nowhere"] {
        let refused = dlt(&node, &["redrive", "audit-dlt", "--to", to]).failed(1);
        assert!(refused["error"].as_str().unwrap().contains(to), "{refused}");
    }
    let done = dlt(&node, &["redrive", "audit-dlt", "--to", "audit"]).json();
    assert_eq!(
        (&done["redriven"], &done["already"]),
        (&json!({ "audit": 4 }), &json!(2))
    );
    assert_eq!(node.records("audit").len(), 6);
}

/// The bugs: the node or the command dies, and a letter goes out again with the next redrive, or never.
#[test]
fn a_redrive_that_is_interrupted_sends_each_letter_once() {
    let node = with_letters(60);
    apply(&node, "id");
    let faults = [
        "redrive.before_append",
        "redrive.after_append",
        "link.before_append",
        "link.after_append",
    ];
    let mut folder = node.stop();
    for fault in faults {
        let mut node = restarted(folder, &format!("{fault}=kill@2"));
        // It takes five letters at a time.
        let died = dlt(&node, &["redrive", "orders", "--rate", "50/s"]);
        assert_ne!(died.code, 0, "{fault}: {}", died.out);
        assert!(!node.ended().success());
        folder = node.folder();
    }
    let node = restarted(folder, "");
    let mut command = Command::new(env!("CARGO_BIN_EXE_corvid"))
        .args(["dlt", "redrive", "orders", "--rate", "50/s", "--admin", &node.admin])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let before = node.records("orders").len();
    while node.records("orders").len() == before {}
    command.kill().unwrap();
    command.wait().unwrap();
    let done = dlt(&node, &["redrive", "orders"]).json();
    assert_eq!(
        done["redriven"]["orders"].as_u64().unwrap() + done["already"].as_u64().unwrap(),
        60,
        "{done}"
    );
    assert_eq!(keys(&node, "orders"), once(60));
    let again = dlt(&node, &["redrive", "orders"]).json();
    assert_eq!((&again["redriven"], &again["already"]), (&json!({}), &json!(60)));
}

fn restarted(folder: TempDir, fault: &str) -> Node {
    Node::start_to_fail(folder, &["--data", "data"], fault)
}

/// The bugs: letters are gone with the broker's default of a week, or a topic that others name, too, keeps them for the shortest.
#[test]
fn letters_are_kept_as_long_as_their_source_says() {
    let node = Node::start_in(tempfile::tempdir().unwrap(), &["--data", "data"]);
    let retention = |topic: &str| {
        let described = node.admin(&["topic", "describe", topic, "--all"]).json();
        let configs = described["configs"].as_array().unwrap();
        let config = configs.iter().find(|config| config["name"] == "retention.ms").unwrap();
        config["value"].as_str().unwrap().to_owned()
    };
    let apply = |retention: &str| {
        let text = format!(
            "{}[topics.orders.dead_letter]\nretention = \"{retention}\"\n",
            policy("amount")
        );
        node.file("orders.toml", &text);
        node.admin(&["apply", "orders.toml"]).json();
    };
    apply("30d");
    let letters = node.admin(&["topic", "describe", "orders.DLT"]).json();
    assert_eq!(
        (&letters["partitions"], retention("orders.DLT")),
        (&json!(2), "2592000000".to_owned())
    );
    assert_eq!(retention("orders"), "604800000");
    apply("10d");
    assert_eq!(retention("orders.DLT"), "864000000");
    node.file(
        "audit.toml",
        "[topics.audit.dead_letter]\ntopic = \"orders.DLT\"\nretention = \"20d\"\n",
    );
    node.admin(&["apply", "audit.toml"]).json();
    assert_eq!(retention("orders.DLT"), "1728000000");
    node.file(
        "audit.toml",
        "[topics.audit.dead_letter]\ntopic = \"__consumer_offsets\"\n",
    );
    let refused = node.admin(&["apply", "audit.toml"]).failed(2);
    assert!(refused["error"].as_str().unwrap().contains("broker's own"), "{refused}");
}
